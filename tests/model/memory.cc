// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The two memory models. They are reset once per execution, so they keep
// their vectors.

#include "memory.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "chimaera/base/check.h"

namespace chi::model {
namespace {

bool Acquires(std::memory_order order) {
  return order == std::memory_order_acquire ||
         order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}

bool Releases(std::memory_order order) {
  return order == std::memory_order_release ||
         order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}

class TsoMemory final : public Memory {
 public:
  void Reset(u32 num_threads) override {
    num_threads_ = num_threads;
    cells_.clear();
    for (auto& buffer : buffers_) buffer.clear();
  }
  Cell AddCell(u64 initial) override {
    CHI_CHECK(cells_.size() < kMaxCells);
    cells_.push_back(initial);
    return static_cast<Cell>(cells_.size() - 1);
  }
  Cell AddPlain(u64 initial) override { return AddCell(initial); }

  u32 LoadWays(u32, Cell, std::memory_order) override { return 1; }
  u64 Load(u32 thread, Cell cell, std::memory_order, u32) override {
    const auto& buffer = buffers_[thread];
    for (auto it = buffer.rbegin(); it != buffer.rend(); ++it) {
      if (it->first == cell) return it->second;
    }
    return cells_[cell];
  }

  bool StoreIsLocal(std::memory_order order) override {
    return order != std::memory_order_seq_cst;
  }
  void Store(u32 thread, Cell cell, std::memory_order order,
             u64 value) override {
    if (StoreIsLocal(order)) {
      buffers_[thread].emplace_back(cell, value);
    } else {
      cells_[cell] = value;
    }
  }

  bool IsDrained(u32 thread) override { return buffers_[thread].empty(); }
  u64 Modify(u32, Cell cell, std::memory_order,
             const std::function<u64(u64)>& change) override {
    const u64 old = cells_[cell];
    cells_[cell] = change(old);
    return old;
  }
  u64 Newest(Cell cell) override { return cells_[cell]; }

  bool PlainIsLocal() override { return false; }
  bool PlainLoad(u32 thread, Cell cell, u64* value) override {
    *value = Load(thread, cell, std::memory_order_relaxed, 0);
    return true;
  }
  bool PlainStore(u32 thread, Cell cell, u64 value) override {
    Store(thread, cell, std::memory_order_relaxed, value);
    return true;
  }

  bool CanFlush(u32 thread) override { return !buffers_[thread].empty(); }
  Cell Flush(u32 thread) override {
    const auto [cell, value] = buffers_[thread].front();
    buffers_[thread].erase(buffers_[thread].begin());
    cells_[cell] = value;
    return cell;
  }

  void End(u32) override {}
  void AddTo(Digest& digest) override {
    for (const u64 value : cells_) digest.Add(value);
    for (u32 t = 0; t < num_threads_; ++t) {
      digest.Add(buffers_[t].size());
      for (const auto& [cell, value] : buffers_[t]) {
        digest.Add(cell);
        digest.Add(value);
      }
    }
  }

 private:
  u32 num_threads_ = 0;
  std::vector<u64> cells_;
  std::array<std::vector<std::pair<Cell, u64>>, kMaxThreads> buffers_;
};

// How many messages of each cell are known. A plain cell is followed by one
// cell per thread that counts its reads, since a write must come after them.
using View = std::array<u8, kMaxCells>;

void Join(View& view, const View& other) {
  for (u32 i = 0; i < kMaxCells; ++i) view[i] = std::max(view[i], other[i]);
}

class CppMemory final : public Memory {
 public:
  void Reset(u32 num_threads) override {
    num_threads_ = num_threads;
    num_cells_ = 0;
    ended_.fill(false);
    seq_cst_.fill(0);
    for (View& view : views_) view.fill(0);
  }
  Cell AddCell(u64 initial) override {
    CHI_CHECK(num_cells_ < kMaxCells);
    auto& history = histories_[num_cells_];
    history.clear();
    history.push_back({initial, View{}});
    return static_cast<Cell>(num_cells_++);
  }
  Cell AddPlain(u64 initial) override {
    const Cell cell = AddCell(initial);
    for (u32 i = 0; i < kMaxThreads; ++i) AddCell(0);
    return cell;
  }

  u32 LoadWays(u32 thread, Cell cell, std::memory_order order) override {
    const u8 oldest = order == std::memory_order_seq_cst
                          ? std::max(views_[thread][cell], seq_cst_[cell])
                          : views_[thread][cell];
    return 1u + Last(cell) - oldest;
  }
  u64 Load(u32 thread, Cell cell, std::memory_order order, u32 way) override {
    const u8 at = static_cast<u8>(Last(cell) - way);
    const Message& message = histories_[cell][at];
    View& view = views_[thread];
    view[cell] = std::max(view[cell], at);
    if (Acquires(order)) Join(view, message.view);
    return message.value;
  }

  bool StoreIsLocal(std::memory_order) override { return false; }
  void Store(u32 thread, Cell cell, std::memory_order order,
             u64 value) override {
    Append(thread, cell, order, value, nullptr);
  }
  bool IsDrained(u32) override { return true; }
  u64 Modify(u32 thread, Cell cell, std::memory_order order,
             const std::function<u64(u64)>& change) override {
    const u64 old = Load(thread, cell, order, 0);
    // Continues the release sequence: passes the old message's view on.
    const View inherited = histories_[cell][Last(cell)].view;
    Append(thread, cell, order, change(old), &inherited);
    return old;
  }
  u64 Newest(Cell cell) override { return histories_[cell].back().value; }

  bool PlainIsLocal() override { return true; }
  bool PlainLoad(u32 thread, Cell cell, u64* value) override {
    if (views_[thread][cell] != Last(cell)) return false;
    *value = Newest(cell);
    const Cell reads = static_cast<Cell>(cell + 1 + thread);
    Append(thread, reads, std::memory_order_relaxed, 0, nullptr);
    return true;
  }
  bool PlainStore(u32 thread, Cell cell, u64 value) override {
    for (u32 i = 0; i <= kMaxThreads; ++i) {
      const Cell each = static_cast<Cell>(cell + i);
      if (views_[thread][each] != Last(each)) return false;
    }
    Append(thread, cell, std::memory_order_relaxed, value, nullptr);
    return true;
  }

  bool CanFlush(u32) override { return false; }
  Cell Flush(u32) override { return 0; }
  void End(u32 thread) override { ended_[thread] = true; }

  // Only what living threads can still read counts, and positions relative to
  // it: so a loop that leaves nothing behind comes back to the same state.
  void AddTo(Digest& digest) override {
    View base;
    base.fill(0);
    for (u32 c = 0; c < num_cells_; ++c) {
      base[c] = Last(static_cast<Cell>(c));
      for (u32 t = 0; t < num_threads_; ++t) {
        if (!ended_[t]) base[c] = std::min(base[c], views_[t][c]);
      }
    }
    for (u32 c = 0; c < num_cells_; ++c) {
      const u8 last = Last(static_cast<Cell>(c));
      digest.Add((u64{last} - base[c]) << 8 | Above(seq_cst_[c], base[c]));
      for (u32 i = base[c]; i <= last; ++i) {
        digest.Add(histories_[c][i].value);
        AddView(digest, histories_[c][i].view, base);
      }
    }
    for (u32 t = 0; t < num_threads_; ++t) {
      if (!ended_[t]) AddView(digest, views_[t], base);
    }
  }

 private:
  struct Message {
    u64 value;
    View view;
  };

  [[nodiscard]] u8 Last(Cell cell) const {
    return static_cast<u8>(histories_[cell].size() - 1);
  }
  static u64 Above(u8 value, u8 base) {
    return value > base ? value - base : 0;
  }

  void AddView(Digest& digest, const View& view, const View& base) const {
    for (u32 c = 0; c < num_cells_; c += 8) {
      u64 word = 0;
      for (u32 i = c; i < c + 8; ++i)
        word = word << 8 | Above(view[i], base[i]);
      digest.Add(word);
    }
  }

  void Append(u32 thread, Cell cell, std::memory_order order, u64 value,
              const View* inherited) {
    auto& history = histories_[cell];
    CHI_CHECK(history.size() < 255, "too many writes in one execution");
    const u8 at = static_cast<u8>(history.size());
    View& view = views_[thread];
    view[cell] = at;
    Message message{value, View{}};
    if (Releases(order)) message.view = view;
    message.view[cell] = at;
    if (inherited != nullptr) Join(message.view, *inherited);
    if (order == std::memory_order_seq_cst) seq_cst_[cell] = at;
    history.push_back(message);
  }

  u32 num_threads_ = 0;
  u32 num_cells_ = 0;
  std::array<bool, kMaxThreads> ended_{};
  std::array<std::vector<Message>, kMaxCells> histories_;
  std::array<View, kMaxThreads> views_{};
  View seq_cst_{};  // the last seq_cst write of each cell
};

}  // namespace

std::unique_ptr<Memory> Memory::Make(Model model) {
  if (model == Model::kTso) return std::make_unique<TsoMemory>();
  return std::make_unique<CppMemory>();
}

}  // namespace chi::model

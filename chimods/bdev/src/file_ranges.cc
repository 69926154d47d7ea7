// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Many ranges in one go: as many transfers at a time as the gate has passes.
// With checksums whole pages go straight to and from the caller's memory; pages
// of which only a part is meant go by way of a copy.

#include <algorithm>
#include <cstring>
#include <memory>

#include "file_store.h"
#include "format/crc32c.h"
#include "page_buffer.h"

namespace chimaera::bdev {

using chi::Status;
using chi::u32;
using chi::u64;

/// What is to be transferred, page by page.
class FileStore::PagePlan {
 public:
  struct Run {
    u64 page = 0;
    u64 count = 0;
    char* data = nullptr;  // null: one page, of which parts are meant
    std::size_t first_part = 0;
    std::size_t num_parts = 0;
  };

  explicit PagePlan(const std::vector<Piece>& sorted) {
    for (const Piece& piece : sorted) Add(piece);
  }

  const std::vector<Run>& runs() const { return runs_; }
  std::vector<RangeLock::Range> Pages() const {
    std::vector<RangeLock::Range> pages;
    for (const Run& run : runs_) {
      pages.push_back({run.page, run.page + run.count});
    }
    return pages;
  }
  void CopyOut(const Run& run, const char* page) const {
    for (u64 i = run.first_part; i < run.first_part + run.num_parts; ++i) {
      std::memcpy(parts_[i].data, page + parts_[i].begin, parts_[i].size);
    }
  }
  void CopyIn(const Run& run, char* page) const {
    for (u64 i = run.first_part; i < run.first_part + run.num_parts; ++i) {
      std::memcpy(page + parts_[i].begin, parts_[i].data, parts_[i].size);
    }
  }

 private:
  struct Part {
    u64 begin = 0;  // within the page
    u64 size = 0;
    char* data = nullptr;
  };

  void Add(const Piece& piece) {
    u64 at = piece.offset;
    char* data = piece.data;
    const u64 end = piece.offset + piece.length;
    while (at < end) {
      const u64 begin = at % kPageSize;
      u64 size = std::min(kPageSize - begin, end - at);
      if (size == kPageSize) {
        const u64 count = (end - at) / kPageSize;
        size = count * kPageSize;
        runs_.push_back({at / kPageSize, count, data, 0, 0});
      } else {
        AddPart(at / kPageSize, {begin, size, data});
      }
      at += size;
      data += size;
    }
  }

  void AddPart(u64 page, const Part& part) {
    const bool same = !runs_.empty() && runs_.back().page == page &&
                      runs_.back().data == nullptr;
    if (!same) runs_.push_back({page, 1, nullptr, parts_.size(), 0});
    ++runs_.back().num_parts;
    parts_.push_back(part);
  }

  std::vector<Run> runs_;
  std::vector<Part> parts_;  // those of a run in a row
};

// Some runs of a plan and their copies of pages.
class FileStore::Chunk {
 public:
  Chunk(const PagePlan& plan, u64 first, u64 count, u64 data_at) {
    const auto begin = plan.runs().begin() + static_cast<std::ptrdiff_t>(first);
    runs_.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
    const auto num_copies =
        std::count_if(runs_.begin(), runs_.end(),
                      [](const auto& run) { return run.data == nullptr; });
    copies_ = std::make_unique<PageBuffer>(static_cast<u64>(num_copies));
    char* copy = copies_->get();
    for (const PagePlan::Run& run : runs_) {
      const bool in_copy = run.data == nullptr;
      pieces_.push_back({data_at + run.page * kPageSize,
                         in_copy ? copy : run.data, run.count * kPageSize, 0,
                         Status()});
      if (in_copy) copy += kPageSize;
    }
  }

  std::size_t size() const { return runs_.size(); }
  const PagePlan::Run& run(std::size_t i) const { return runs_[i]; }
  IoPiece& piece(std::size_t i) { return pieces_[i]; }
  std::vector<IoPiece>& pieces() { return pieces_; }

 private:
  std::vector<PagePlan::Run> runs_;
  std::unique_ptr<PageBuffer> copies_;
  std::vector<IoPiece> pieces_;  // as runs_
};

namespace {

// Calls each(first, count) for `total` things, at most `at_once` at a time,
// until it fails.
template <class Each>
PiecesOutcome InTurns(u64 total, u64 at_once, const Each& each) {
  PiecesOutcome outcome;
  for (u64 first = 0; first < total && outcome.status.ok(); first += at_once) {
    outcome = each(first, std::min(at_once, total - first));
  }
  return outcome;
}

}  // namespace

Status FileStore::CheckPieces(const std::vector<Piece>& pieces) const {
  for (const Piece& piece : pieces) {
    CHI_RETURN_IF_ERROR(CheckRange(piece.offset, piece.length));
  }
  return Status();
}

// Without checksums: bytes are bytes.
PiecesOutcome FileStore::TransferBytes(bool is_read,
                                       const std::vector<Piece>& pieces) {
  const RequestGate::Passes passes(gate_, pieces.size());
  return InTurns(pieces.size(), passes.count(), [&](u64 first, u64 count) {
    std::vector<IoPiece> chunk;
    for (u64 i = first; i < first + count; ++i) {
      const Piece& piece = pieces[i];
      chunk.push_back(
          {data_at_ + piece.offset, piece.data, piece.length, 0, Status()});
    }
    if (is_read) {
      io_->ReadAll(chunk.data(), chunk.size());
    } else {
      io_->WriteAll(chunk.data(), chunk.size());
    }
    for (const IoPiece& each : chunk) {
      if (!each.status.ok()) {
        return PiecesOutcome{each.status, each.offset + each.done - data_at_};
      }
    }
    return PiecesOutcome();
  });
}

PiecesOutcome FileStore::ReadPieces(const std::vector<Piece>& pieces) {
  if (const Status status = CheckPieces(pieces); !status.ok()) return {status};
  if (pieces.empty()) return {};
  if (checksums_ == nullptr) return TransferBytes(true, pieces);
  if (pieces[0].checksums != nullptr) return ReadForComparing(pieces);
  const PagePlan plan(pieces);
  const RequestGate::Passes passes(gate_, plan.runs().size());
  // One run is verified while more of it comes. What is wrong, if it is, is
  // found again below.
  if (plan.runs().size() == 1 && plan.runs()[0].data != nullptr) {
    const PagePlan::Run& run = plan.runs()[0];
    if (ReadPages(run.page, run.data, run.count).ok()) return {};
  }
  return InTurns(plan.runs().size(), passes.count(), [&](u64 first, u64 count) {
    Chunk chunk(plan, first, count, data_at_);
    return ReadChunk(plan, chunk);
  });
}

// Who asked compares, and if that fails asks again for pages compared here.
PiecesOutcome FileStore::ReadForComparing(const std::vector<Piece>& pieces) {
  PiecesOutcome outcome = TransferBytes(true, pieces);
  if (!outcome.status.ok()) return outcome;
  for (const Piece& piece : pieces) {
    const std::atomic<u32>* const known = &checksums_[piece.offset / kPageSize];
    for (u64 i = 0; i < piece.length / kPageSize; ++i) {
      // acquire: as in FirstBadPage.
      piece.checksums[i] = known[i].load(std::memory_order_acquire);
    }
  }
  return outcome;
}

PiecesOutcome FileStore::ReadChunk(const PagePlan& plan, Chunk& chunk) {
  io_->ReadAll(chunk.pieces().data(), chunk.size());
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    const PagePlan::Run& run = chunk.run(i);
    IoPiece& piece = chunk.piece(i);
    u64 at = run.page * kPageSize + piece.done;
    if (piece.status.ok()) {
      const u64 bad = FirstBadPage(run.page, piece.data, run.count);
      at = (run.page + bad) * kPageSize;
      // Perhaps it was being written.
      if (bad != run.count) {
        const RangeLock::Guard alone(writers_, run.page, run.page + run.count);
        piece.status = ReadPagesAlone(run.page, piece.data, run.count);
      }
    }
    if (!piece.status.ok()) return {piece.status, at};
    plan.CopyOut(run, piece.data);
  }
  return {};
}

PiecesOutcome FileStore::WritePieces(const std::vector<Piece>& pieces) {
  if (const Status status = CheckPieces(pieces); !status.ok()) return {status};
  if (const Status status = metadata_->failure(); !status.ok()) return {status};
  if (pieces.empty()) return {};
  if (checksums_ == nullptr) return TransferBytes(false, pieces);
  const PagePlan plan(pieces);
  const std::vector<RangeLock::Range> pages = plan.Pages();
  const RequestGate::Passes passes(gate_, plan.runs().size());
  const RangeLock::Guard alone(writers_, pages);
  return InTurns(plan.runs().size(), passes.count(), [&](u64 first, u64 count) {
    Chunk chunk(plan, first, count, data_at_);
    PiecesOutcome outcome = CompletePages(plan, chunk);
    if (outcome.status.ok()) outcome = WriteChunk(chunk);
    return outcome;
  });
}

// Reads the pages of which only parts are written, and puts the parts there.
PiecesOutcome FileStore::CompletePages(const PagePlan& plan, Chunk& chunk) {
  std::vector<IoPiece> reads;
  std::vector<u64> pages;
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    if (chunk.run(i).data != nullptr) continue;
    reads.push_back(chunk.piece(i));
    pages.push_back(chunk.run(i).page);
  }
  if (reads.empty()) return {};
  io_->ReadAll(reads.data(), reads.size());
  for (std::size_t i = 0; i < reads.size(); ++i) {
    const u64 at = pages[i] * kPageSize;
    if (!reads[i].status.ok()) return {reads[i].status, at};
    if (FirstBadPage(pages[i], reads[i].data, 1) == 0) {
      return {BadPage(pages[i]), at};
    }
  }
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    if (chunk.run(i).data == nullptr) {
      plan.CopyIn(chunk.run(i), chunk.piece(i).data);
    }
  }
  return {};
}

PiecesOutcome FileStore::WriteChunk(Chunk& chunk) {
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    const PagePlan::Run& run = chunk.run(i);
    ForgetChecksums(run.page, run.count);
  }
  io_->WriteAll(chunk.pieces().data(), chunk.size());
  PiecesOutcome outcome;
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    const PagePlan::Run& run = chunk.run(i);
    const IoPiece& piece = chunk.piece(i);
    if (piece.status.ok()) {
      KeepChecksums(run.page, piece.data, run.count);
    } else if (outcome.status.ok()) {
      outcome = {piece.status, run.page * kPageSize + piece.done};
    }
  }
  return outcome;
}

}  // namespace chimaera::bdev

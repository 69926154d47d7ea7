// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A table from the ids of runtime-wide segments to values, read without a lock.
// The id is a number that a client may have made up, so every one of the 65,536
// is a legal question. Rows appear in chunks, so that the usual dozen of
// segments costs one chunk.

#ifndef CHIMAERA_IPC_ID_TABLE_H_
#define CHIMAERA_IPC_ID_TABLE_H_

#include <array>
#include <atomic>
#include <memory>

#include "chimaera/base/check.h"
#include "chimaera/base/types.h"
#include "chimaera/shm/offset_ptr.h"

namespace chi {

/// Where one segment lies. `size` 0 says that there is none: readers look at
/// it first (acquire), writers store it last (release), so whoever sees the
/// size sees its base.
struct SegmentRow {
  std::atomic<char*> base{nullptr};
  std::atomic<u64> size{0};

  void Publish(char* new_base, u64 new_size) {
    base.store(new_base, std::memory_order_relaxed);
    size.store(new_size, std::memory_order_release);
  }
  void Withdraw() { size.store(0, std::memory_order_release); }

  /// The `length` bytes at `offset`, or nullptr if they are not all inside. The
  /// comparison cannot overflow, whatever the numbers.
  [[nodiscard]] char* Locate(u64 offset, u64 length) const {
    const u64 bytes = size.load(std::memory_order_acquire);
    if (length > bytes || offset > bytes - length || bytes == 0) {
      return nullptr;
    }
    return base.load(std::memory_order_relaxed) + offset;
  }
};

/// Readers: any thread. Writers: one at a time, the owner locks.
class IdTable {
 public:
  IdTable() = default;
  IdTable(const IdTable&) = delete;
  IdTable& operator=(const IdTable&) = delete;
  ~IdTable() {
    for (auto& chunk : chunks_) delete chunk.load(std::memory_order_relaxed);
  }

  /// nullptr if nothing was ever published near `id`, or `id` is none of a
  /// runtime-wide segment.
  [[nodiscard]] const SegmentRow* Find(u16 id) const {
    if (!InRange(id)) return nullptr;
    // Acquire: pairs with the release in Row, so that a chunk is seen filled.
    const Chunk* chunk = chunks_[ChunkOf(id)].load(std::memory_order_acquire);
    return chunk == nullptr ? nullptr : &(*chunk)[id % kRowsPerChunk];
  }

  /// The row to write, made if missing. REQUIRES: a runtime-wide id.
  [[nodiscard]] SegmentRow& Row(u16 id) {
    CHI_CHECK(InRange(id), "segment id {}", id);
    std::atomic<Chunk*>& slot = chunks_[ChunkOf(id)];
    if (slot.load(std::memory_order_relaxed) == nullptr) {
      slot.store(std::make_unique<Chunk>().release(),
                 std::memory_order_release);
    }
    return (*slot.load(std::memory_order_relaxed))[id % kRowsPerChunk];
  }

 private:
  static constexpr u32 kRowsPerChunk = 256;
  static constexpr u32 kNumChunks =
      (0x10000 - kFirstRuntimeSegment) / kRowsPerChunk;
  using Chunk = std::array<SegmentRow, kRowsPerChunk>;

  static bool InRange(u16 id) {
    return id >= kFirstRuntimeSegment && id <= kLastRuntimeSegment;
  }
  static u32 ChunkOf(u16 id) {
    return (u32{id} - kFirstRuntimeSegment) / kRowsPerChunk;
  }

  std::array<std::atomic<Chunk*>, kNumChunks> chunks_{};
};

}  // namespace chi

#endif  // CHIMAERA_IPC_ID_TABLE_H_

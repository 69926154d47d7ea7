// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Hands out ranges of a space of bytes that it never touches: the space may be
// a shared segment, a device or nothing at all. All records lie in private
// memory, so whoever writes to the space cannot damage them.
//
// Method: two-level segregated fit (Masmano, Ripoll, Crespo and Real, "TLSF: a
// new dynamic memory allocator for real-time systems", ECRTS 2004), over
// offsets instead of pointers. Free extents are kept in lists by size class:
// the power of two, then 32 equal steps within it. Two bit maps find the first
// class that is large enough, so Allocate and Free take constant time however
// many extents there are (the record pool grows by doubling, now and then).
//
// Thread safety: none; the caller locks.
//
// Invariants:
//   1. The extents, free and used, tile [0, size()) in order of offset.
//   2. No two neighbours are both free.
//   3. Every free extent is in the list of its class, every used one in the
//      hash table under its offset; a record is in exactly one of the two.

#ifndef CHIMAERA_BASE_EXTENT_ALLOCATOR_H_
#define CHIMAERA_BASE_EXTENT_ALLOCATOR_H_

#include <array>
#include <cstddef>
#include <vector>

#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"

namespace chi {

/// `size` bytes that begin at `offset`.
struct Extent {
  u64 offset = 0;
  u64 size = 0;

  friend bool operator==(const Extent& a, const Extent& b) {
    return a.offset == b.offset && a.size == b.size;
  }
};

struct ExtentStats {
  u64 free_bytes = 0;
  u64 used_bytes = 0;       ///< As handed out, rounding included.
  u64 largest_free = 0;     ///< Bytes of the largest free extent.
  u64 num_allocations = 0;  ///< Extents in use now.

  /// 0 if all free bytes lie in one piece or none is free; towards 1 as they
  /// scatter.
  [[nodiscard]] f64 fragmentation() const {
    return free_bytes == 0 ? 0.0
                           : 1.0 - static_cast<f64>(largest_free) /
                                       static_cast<f64>(free_bytes);
  }
};

class ExtentAllocator {
 public:
  /// Largest space that can be managed, in bytes.
  static constexpr u64 kMaxSize = u64{1} << 62;

  /// Manages [0, size). Offsets and sizes of extents are multiples of
  /// `alignment`; a remainder of `size` below it stays unused.
  /// REQUIRES: size <= kMaxSize, alignment a power of two. Throws
  /// std::bad_alloc.
  ExtentAllocator(u64 size, u64 alignment);
  ExtentAllocator(const ExtentAllocator&) = delete;
  ExtentAllocator& operator=(const ExtentAllocator&) = delete;

  /// Takes `size` bytes, rounded up to alignment(). The offset is a multiple of
  /// `alignment` too, a power of two; 0 asks for nothing beyond alignment().
  /// Returns kBadRequest for size 0 or another alignment, kNoSpace if nothing
  /// fits, kNoMemory if the records cannot grow. To stay constant in time, it
  /// looks at no more than kMaxProbes extents that are not surely large enough:
  /// a very crowded space may refuse although something below 33/32 of (size +
  /// alignment) bytes would have fitted.
  Result<Extent> Allocate(u64 size, u64 alignment = 0);

  /// Like Allocate, but takes less if it must: the whole of (nearly) the
  /// largest free extent. Returns kNoSpace only if not one byte is free.
  Result<Extent> AllocateUpTo(u64 size);

  /// Takes `total` bytes, rounded up to alignment(), in one extent if possible,
  /// else in as few large ones as it can, all or nothing. Returns kNoSpace,
  /// having taken nothing, if that needs more than `max_extents`.
  Result<std::vector<Extent>> AllocateExtents(u64 total,
                                              std::size_t max_extents);

  /// Takes exactly these bytes, `size` rounded up: what was in use in an
  /// earlier life. Returns kBadRequest if they are not aligned or not all
  /// inside, kAlreadyExists if one is in use. Time is linear in the extents
  /// behind `offset`: take the lower ones first.
  Status Reserve(u64 offset, u64 size);

  /// Gives back the extent that begins at `offset` and joins it to free
  /// neighbours. Returns kBadRequest, naming the offset, if no extent in use
  /// begins there: it was freed before or never handed out.
  Status Free(u64 offset);

  /// The extent in use that begins at `offset`; kNotFound if there is none.
  [[nodiscard]] Result<Extent> Find(u64 offset) const;

  /// Appends space, so that size() becomes `new_size` rounded down. Returns
  /// kBadRequest if that is less than size() or more than kMaxSize.
  Status Grow(u64 new_size);

  [[nodiscard]] u64 size() const { return size_; }
  [[nodiscard]] u64 alignment() const { return alignment_; }
  [[nodiscard]] u64 free_bytes() const { return size_ - used_bytes_; }
  [[nodiscard]] u64 used_bytes() const { return used_bytes_; }
  [[nodiscard]] u64 num_allocations() const { return num_allocations_; }

  /// Exact; time grows with the number of free extents in the top size class.
  [[nodiscard]] ExtentStats Stats() const;

  /// CHI_CHECKs the invariants above, in time linear in the extents.
  void TEST_CheckInvariants() const;

  static constexpr u32 kMaxProbes = 64;

 private:
  using Index = u32;  // of a record; kNone means none
  static constexpr Index kNone = ~Index{0};
  static constexpr u32 kStepBits = 5;
  static constexpr u32 kNumSteps = 1u << kStepBits;
  // Sizes below kNumSteps grains share row 0; then one row per power of two.
  static constexpr u32 kNumRows = 64 - kStepBits + 1;
  static constexpr u32 kNumClasses = kNumRows * kNumSteps;

  struct Record {
    u64 offset = 0;
    u64 size = 0;
    Index before = kNone;  // neighbours in the space, by offset
    Index after = kNone;
    // Free: neighbours in the list of the class. Used: `next` is the chain of
    // the hash bucket. Spare: `next` is the list of spare records.
    Index previous = kNone;
    Index next = kNone;
    bool free = false;
  };

  [[nodiscard]] u32 ClassOf(u64 size) const;
  [[nodiscard]] u32 ClassThatFits(u64 size) const;
  [[nodiscard]] u32 FirstClassFrom(u32 size_class) const;
  [[nodiscard]] u32 LastClass() const;

  [[nodiscard]] bool FitsAligned(const Record& record, u64 size,
                                 u64 alignment) const;
  [[nodiscard]] Index FindFree(u64 size, u64 alignment) const;
  [[nodiscard]] Index FindLargest(u64 max_probes) const;
  Result<Extent> Take(Index index, u64 size, u64 skipped);

  void PushFree(Index index);
  void UnlinkFree(Index index);

  [[nodiscard]] std::size_t BucketOf(u64 offset) const;
  [[nodiscard]] Index FindUsed(u64 offset) const;
  void PushUsed(Index index);
  void UnlinkUsed(Index index);

  Status ReserveRecords();
  Index NewRecord(u64 offset, u64 size);
  void DropRecord(Index index);
  void SplitAfter(Index index, u64 size);
  void AbsorbAfter(Index index);

  const u64 alignment_;
  const u32 grain_shift_;  // log2(alignment_)
  u64 size_ = 0;
  u64 used_bytes_ = 0;
  u64 num_allocations_ = 0;

  std::vector<Record> records_;
  Index spare_ = kNone;  // head of the unused records
  u64 num_spare_ = 0;
  Index first_ = kNone;  // record at offset 0
  Index last_ = kNone;   // record that ends at size_

  std::vector<Index> buckets_;  // heads by hash of offset; a power of two
  u64 row_map_ = 0;             // bit r: some class of row r is not empty
  std::array<u32, kNumRows> step_map_{};  // bit s: class (r, s) is not empty
  std::array<Index, kNumClasses> heads_;
};

}  // namespace chi

#endif  // CHIMAERA_BASE_EXTENT_ALLOCATOR_H_

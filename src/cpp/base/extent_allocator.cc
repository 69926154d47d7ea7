// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Allocation and freeing: see the header for the method. The record pool, the
// hash table and the size classes are in extent_records.cc.

#include "chimaera/base/extent_allocator.h"

#include <algorithm>
#include <new>

#include "chimaera/base/check.h"
#include "chimaera/base/format.h"

namespace chi {

namespace {

bool IsPowerOfTwo(u64 value) {
  return value != 0 && (value & (value - 1)) == 0;
}

// REQUIRES: value + alignment does not overflow.
u64 RoundUp(u64 value, u64 alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

}  // namespace

ExtentAllocator::ExtentAllocator(u64 size, u64 alignment)
    : alignment_(alignment),
      grain_shift_(static_cast<u32>(__builtin_ctzll(alignment | 1ull << 63))) {
  CHI_CHECK(IsPowerOfTwo(alignment), "alignment {}", alignment);
  CHI_CHECK(size <= kMaxSize, "size {}", size);
  heads_.fill(kNone);
  // A constructor has no other way to say so.
  if (!Grow(size).ok()) throw std::bad_alloc();
}

// Whether an aligned range of `size` bytes lies within a free record.
bool ExtentAllocator::FitsAligned(const Record& record, u64 size,
                                  u64 alignment) const {
  const u64 skipped = RoundUp(record.offset, alignment) - record.offset;
  return skipped <= record.size && size <= record.size - skipped;
}

// First a class in which every extent is large enough whatever its alignment;
// if there is none, a bounded look at the smaller ones that may do.
ExtentAllocator::Index ExtentAllocator::FindFree(u64 size,
                                                 u64 alignment) const {
  const u64 surely_enough = size + (alignment - alignment_);
  const u32 sure = FirstClassFrom(ClassThatFits(surely_enough));
  if (sure < kNumClasses) {
    return heads_[sure];
  }
  u32 probes = 0;
  for (u32 c = FirstClassFrom(ClassOf(size)); c < kNumClasses;
       c = FirstClassFrom(c + 1)) {
    for (Index i = heads_[c]; i != kNone; i = records_[i].next) {
      if (FitsAligned(records_[i], size, alignment)) {
        return i;
      }
      if (++probes == kMaxProbes) {
        return kNone;
      }
    }
  }
  return kNone;
}

// The largest among the first `max_probes` of the top class; kNone if nothing
// is free.
ExtentAllocator::Index ExtentAllocator::FindLargest(u64 max_probes) const {
  if (row_map_ == 0) {
    return kNone;
  }
  Index best = heads_[LastClass()];
  Index i = best;
  for (u64 probes = 0; i != kNone && probes < max_probes; ++probes) {
    if (records_[i].size > records_[best].size) {
      best = i;
    }
    i = records_[i].next;
  }
  return best;
}

// Turns `size` bytes of the free record, behind the first `skipped`, into a
// used one; what lies before and after them stays free.
Result<Extent> ExtentAllocator::Take(Index index, u64 size, u64 skipped) {
  CHI_RETURN_IF_ERROR(ReserveRecords());  // before anything changes
  UnlinkFree(index);
  if (skipped > 0) {
    SplitAfter(index, skipped);
    PushFree(index);
    index = records_[index].after;
  }
  if (records_[index].size > size) {
    SplitAfter(index, size);
    PushFree(records_[index].after);
  }
  PushUsed(index);
  used_bytes_ += size;
  ++num_allocations_;
  return Extent{records_[index].offset, size};
}

Result<Extent> ExtentAllocator::Allocate(u64 size, u64 alignment) {
  if (size == 0) {
    return Status::BadRequest("an extent of 0 bytes");
  }
  if (alignment != 0 && !IsPowerOfTwo(alignment)) {
    return Status::BadRequest(
        Format("alignment {} is not a power of two", alignment));
  }
  // The comparison keeps every later sum below 2^64.
  Index index = kNone;
  const u64 wanted_alignment = std::max(alignment, alignment_);
  if (size <= free_bytes()) {
    size = RoundUp(size, alignment_);
    index = FindFree(size, wanted_alignment);
  }
  if (index == kNone) {
    return Status::NoSpace(
        Format("no free extent of {} bytes (alignment {}): {} of {} bytes free",
               size, wanted_alignment, free_bytes(), size_));
  }
  const u64 offset = records_[index].offset;
  return Take(index, size, RoundUp(offset, wanted_alignment) - offset);
}

Result<Extent> ExtentAllocator::AllocateUpTo(u64 size) {
  if (size == 0) {
    return Status::BadRequest("an extent of 0 bytes");
  }
  const Index largest = FindLargest(kMaxProbes);
  if (largest == kNone) {
    return Status::NoSpace(Format("all {} bytes are in use", size_));
  }
  if (size < records_[largest].size) {
    // A tighter fit keeps the large extent whole.
    const u64 rounded = RoundUp(size, alignment_);
    const Index fit = FindFree(rounded, alignment_);
    return Take(fit != kNone ? fit : largest, rounded, 0);
  }
  return Take(largest, records_[largest].size, 0);
}

Result<std::vector<Extent>> ExtentAllocator::AllocateExtents(
    u64 total, std::size_t max_extents) {
  if (total == 0 || max_extents == 0) {
    return Status::BadRequest(
        Format("{} bytes in at most {} extents", total, max_extents));
  }
  std::vector<Extent> extents;
  Status failure;
  u64 missing = total;
  if (total > free_bytes()) {
    failure = Status::NoSpace(
        Format("{} bytes: {} of {} bytes free", total, free_bytes(), size_));
  }
  while (failure.ok() && missing > 0) {
    if (extents.size() == max_extents) {
      failure = Status::NoSpace(Format(
          "{} bytes do not fit into {} free extents", total, max_extents));
      break;
    }
    Result<Extent> extent = AllocateUpTo(missing);
    if (!extent.ok()) {
      failure = extent.status();
      break;
    }
    try {
      extents.push_back(*extent);
      missing -= std::min(missing, extent->size);
    } catch (const std::bad_alloc&) {
      CHI_CHECK_OK(Free(extent->offset));
      failure = Status::NoMemory("extent allocator: no memory for a list");
    }
  }
  if (failure.ok()) {
    return extents;
  }
  for (const Extent& extent : extents) {
    CHI_CHECK_OK(Free(extent.offset));
  }
  return failure;
}

Status ExtentAllocator::Reserve(u64 offset, u64 size) {
  if (size == 0 || offset % alignment_ != 0 || offset > size_ ||
      size > size_ - offset) {
    return Status::BadRequest(Format("[{}, +{}) of {} bytes (alignment {})",
                                     offset, size, size_, alignment_));
  }
  size = RoundUp(size, alignment_);
  Index index = last_;
  while (records_[index].offset > offset) index = records_[index].before;
  const Record& record = records_[index];
  const u64 skipped = offset - record.offset;
  if (!record.free || record.size - skipped < size) {
    return Status::AlreadyExists(
        Format("[{}, +{}) is in use in part", offset, size));
  }
  return Take(index, size, skipped).status();
}

Status ExtentAllocator::Free(u64 offset) {
  Index index = FindUsed(offset);
  if (index == kNone) {
    return Status::BadRequest(Format(
        "offset {}: no extent in use begins there (freed twice?)", offset));
  }
  UnlinkUsed(index);
  used_bytes_ -= records_[index].size;
  --num_allocations_;
  const Index after = records_[index].after;
  if (after != kNone && records_[after].free) {
    UnlinkFree(after);
    AbsorbAfter(index);
  }
  const Index before = records_[index].before;
  if (before != kNone && records_[before].free) {
    UnlinkFree(before);
    AbsorbAfter(before);
    index = before;
  }
  PushFree(index);
  return Status();
}

Result<Extent> ExtentAllocator::Find(u64 offset) const {
  const Index index = FindUsed(offset);
  if (index == kNone) {
    return Status::NotFound(
        Format("offset {}: no extent in use begins there", offset));
  }
  return Extent{offset, records_[index].size};
}

Status ExtentAllocator::Grow(u64 new_size) {
  if (new_size > kMaxSize || new_size < size_) {
    return Status::BadRequest(
        Format("cannot grow from {} to {} bytes", size_, new_size));
  }
  const u64 added = (new_size & ~(alignment_ - 1)) - size_;
  if (added == 0) {
    return Status();
  }
  CHI_RETURN_IF_ERROR(ReserveRecords());
  if (last_ != kNone && records_[last_].free) {
    UnlinkFree(last_);
    records_[last_].size += added;
  } else {
    const Index index = NewRecord(size_, added);
    records_[index].before = last_;
    (last_ != kNone ? records_[last_].after : first_) = index;
    last_ = index;
  }
  size_ += added;
  PushFree(last_);
  return Status();
}

ExtentStats ExtentAllocator::Stats() const {
  const Index largest = FindLargest(~u64{0});
  ExtentStats stats;
  stats.free_bytes = free_bytes();
  stats.used_bytes = used_bytes_;
  stats.largest_free = largest == kNone ? 0 : records_[largest].size;
  stats.num_allocations = num_allocations_;
  return stats;
}

}  // namespace chi

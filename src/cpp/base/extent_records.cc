// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The bookkeeping under ExtentAllocator: size classes with their bit maps, the
// hash table of extents in use, and the pool of records.

#include <new>
#include <utility>

#include "chimaera/base/check.h"
#include "chimaera/base/extent_allocator.h"

namespace chi {

namespace {

// The number of the highest bit set. REQUIRES: value != 0.
u32 Log2(u64 value) { return 63u - static_cast<u32>(__builtin_clzll(value)); }

}  // namespace

// ---- size classes
// ------------------------------------------------------------

// The class that an extent of `size` bytes belongs to.
u32 ExtentAllocator::ClassOf(u64 size) const {
  const u64 grains = size >> grain_shift_;
  if (grains < kNumSteps) {
    return static_cast<u32>(grains);
  }
  const u32 log2 = Log2(grains);
  const u32 row = log2 - kStepBits + 1;
  const u64 step = (grains >> (log2 - kStepBits)) - kNumSteps;
  return row * kNumSteps + static_cast<u32>(step);
}

// The first class whose extents all hold `size` bytes.
u32 ExtentAllocator::ClassThatFits(u64 size) const {
  const u64 grains = size >> grain_shift_;
  if (grains < kNumSteps) {
    return static_cast<u32>(grains);
  }
  const u64 step_grains = u64{1} << (Log2(grains) - kStepBits);
  return ClassOf((grains + step_grains - 1) << grain_shift_);
}

// The first class from `size_class` on that is not empty; kNumClasses if none.
u32 ExtentAllocator::FirstClassFrom(u32 size_class) const {
  if (size_class >= kNumClasses) {
    return kNumClasses;
  }
  u32 row = size_class / kNumSteps;
  u32 steps = step_map_[row] & (~u32{0} << (size_class % kNumSteps));
  if (steps == 0) {
    const u64 rows = row_map_ & (~u64{0} << row << 1);
    if (rows == 0) {
      return kNumClasses;
    }
    row = static_cast<u32>(__builtin_ctzll(rows));
    steps = step_map_[row];
  }
  return row * kNumSteps + static_cast<u32>(__builtin_ctz(steps));
}

// REQUIRES: something is free.
u32 ExtentAllocator::LastClass() const {
  const u32 row = Log2(row_map_);
  return row * kNumSteps + Log2(step_map_[row]);
}

void ExtentAllocator::PushFree(Index index) {
  Record& record = records_[index];
  const u32 c = ClassOf(record.size);
  record.free = true;
  record.previous = kNone;
  record.next = heads_[c];
  if (record.next != kNone) {
    records_[record.next].previous = index;
  }
  heads_[c] = index;
  step_map_[c / kNumSteps] |= u32{1} << (c % kNumSteps);
  row_map_ |= u64{1} << (c / kNumSteps);
}

void ExtentAllocator::UnlinkFree(Index index) {
  Record& record = records_[index];
  const u32 c = ClassOf(record.size);
  record.free = false;
  if (record.next != kNone) {
    records_[record.next].previous = record.previous;
  }
  if (record.previous != kNone) {
    records_[record.previous].next = record.next;
    return;
  }
  heads_[c] = record.next;
  if (record.next == kNone) {
    u32& steps = step_map_[c / kNumSteps];
    steps &= ~(u32{1} << (c % kNumSteps));
    if (steps == 0) {
      row_map_ &= ~(u64{1} << (c / kNumSteps));
    }
  }
}

// ---- extents in use, by offset
// -----------------------------------------------

std::size_t ExtentAllocator::BucketOf(u64 offset) const {
  // Fibonacci hashing: offsets differ in their middle bits, buckets take the
  // top ones of the product.
  constexpr u64 kGolden = 0x9e3779b97f4a7c15;
  const u64 mixed = (offset >> grain_shift_) * kGolden;
  return static_cast<std::size_t>(mixed >> 32) & (buckets_.size() - 1);
}

ExtentAllocator::Index ExtentAllocator::FindUsed(u64 offset) const {
  if (buckets_.empty()) {
    return kNone;
  }
  Index index = buckets_[BucketOf(offset)];
  while (index != kNone && records_[index].offset != offset) {
    index = records_[index].next;
  }
  return index;
}

void ExtentAllocator::PushUsed(Index index) {
  Index& head = buckets_[BucketOf(records_[index].offset)];
  records_[index].next = head;
  head = index;
}

void ExtentAllocator::UnlinkUsed(Index index) {
  Index* link = &buckets_[BucketOf(records_[index].offset)];
  while (*link != index) {
    link = &records_[*link].next;
  }
  *link = records_[index].next;
}

// ---- records
// -----------------------------------------------------------------

// Makes sure that one allocation, which needs two records at most, cannot fail
// half way. The hash table grows with the pool, so its chains stay short.
Status ExtentAllocator::ReserveRecords() {
  constexpr u64 kNeeded = 2;
  if (num_spare_ >= kNeeded) {
    return Status();
  }
  const std::size_t old_size = records_.size();
  const std::size_t new_size = old_size == 0 ? 64 : old_size * 2;
  if (new_size >= kNone) {
    return Status::NoMemory("extent allocator: 2^31 records are in use");
  }
  std::vector<Index> buckets;
  try {
    buckets.assign(new_size, kNone);
    records_.resize(new_size);
  } catch (const std::bad_alloc&) {
    return Status::NoMemory("extent allocator: no memory for its records");
  }
  buckets_ = std::move(buckets);
  for (Index i = first_; i != kNone; i = records_[i].after) {
    if (!records_[i].free) {
      PushUsed(i);
    }
  }
  for (std::size_t i = new_size; i-- > old_size;) {
    DropRecord(static_cast<Index>(i));
  }
  return Status();
}

// REQUIRES: ReserveRecords succeeded since the last allocation.
ExtentAllocator::Index ExtentAllocator::NewRecord(u64 offset, u64 size) {
  CHI_CHECK(spare_ != kNone);
  const Index index = spare_;
  spare_ = records_[index].next;
  --num_spare_;
  records_[index] = Record();
  records_[index].offset = offset;
  records_[index].size = size;
  return index;
}

void ExtentAllocator::DropRecord(Index index) {
  records_[index] = Record();
  records_[index].next = spare_;
  spare_ = index;
  ++num_spare_;
}

// Cuts the record to `size` bytes; the rest becomes a new record behind it,
// in neither list nor table yet.
void ExtentAllocator::SplitAfter(Index index, u64 size) {
  const Index rest =
      NewRecord(records_[index].offset + size, records_[index].size - size);
  Record& record = records_[index];
  record.size = size;
  records_[rest].before = index;
  records_[rest].after = record.after;
  (record.after != kNone ? records_[record.after].before : last_) = rest;
  record.after = rest;
}

// Joins the record behind `index` to it. REQUIRES: that one is in no list.
void ExtentAllocator::AbsorbAfter(Index index) {
  Record& record = records_[index];
  const Index absorbed = record.after;
  record.size += records_[absorbed].size;
  record.after = records_[absorbed].after;
  (record.after != kNone ? records_[record.after].before : last_) = index;
  DropRecord(absorbed);
}

void ExtentAllocator::TEST_CheckInvariants() const {
  u64 expected_offset = 0;
  u64 used_bytes = 0;
  u64 num_used = 0;
  u64 num_free = 0;
  Index before = kNone;
  for (Index i = first_; i != kNone; i = records_[i].after) {
    const Record& record = records_[i];
    CHI_CHECK(record.offset == expected_offset);
    CHI_CHECK(record.before == before);
    CHI_CHECK(record.size > 0);
    CHI_CHECK(record.size % alignment_ == 0);
    if (record.free) {
      CHI_CHECK(before == kNone || !records_[before].free, "offset {}",
                record.offset);
      ++num_free;
    } else {
      CHI_CHECK(FindUsed(record.offset) == i);
      used_bytes += record.size;
      ++num_used;
    }
    expected_offset += record.size;
    before = i;
  }
  CHI_CHECK(expected_offset == size_);
  CHI_CHECK(last_ == before);
  CHI_CHECK(used_bytes == used_bytes_);
  CHI_CHECK(num_used == num_allocations_);
  CHI_CHECK(num_used + num_free + num_spare_ == records_.size());

  u64 num_listed = 0;
  for (u32 c = FirstClassFrom(0); c < kNumClasses; c = FirstClassFrom(c + 1)) {
    Index previous = kNone;
    for (Index i = heads_[c]; i != kNone; i = records_[i].next) {
      CHI_CHECK(records_[i].free);
      CHI_CHECK(records_[i].previous == previous);
      CHI_CHECK(ClassOf(records_[i].size) == c);
      previous = i;
      ++num_listed;
    }
  }
  CHI_CHECK(num_listed == num_free);
}

}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Extents over own segments, and when another segment is worth asking for.

#include "ipc/client_heap.h"

#include <algorithm>

namespace chi {
namespace {

// A new segment is as large as all before it together, within these bounds:
// preallocating costs about 0.4 ms per MiB.
constexpr u64 kMinGrowth = 4 * kMiB;
constexpr u64 kMaxGrowth = 256 * kMiB;

u64 RoundUp(u64 value, u64 unit) { return (value + unit - 1) / unit * unit; }

}  // namespace

ClientHeap::ClientHeap(ControlClient& control, SegmentKind kind,
                       OwnedSegment first, u64 reserved)
    : control_(control), kind_(kind) {
  parts_.push_back(std::make_unique<Part>(first, reserved));
}

Result<ShmRange> ClientHeap::AllocateIn(Part& part, u64 bytes) {
  Result<Extent> extent = part.extents.Allocate(bytes);
  if (!extent.ok()) return extent.status();
  const u64 offset = part.reserved_bytes + extent->offset;
  return ShmRange{part.segment.base + offset,
                  ShmPtr::At(part.segment.id, offset), extent->size};
}

Result<ShmRange> ClientHeap::Allocate(u64 bytes) {
  MutexLock lock(mu_);
  // The youngest part is the largest and has the most room.
  for (auto part = parts_.rbegin(); part != parts_.rend(); ++part) {
    Result<ShmRange> range = AllocateIn(**part, bytes);
    if (range.ok()) return range;
  }
  CHI_RETURN_IF_ERROR(Grow(bytes));
  return AllocateIn(*parts_.back(), bytes);
}

Status ClientHeap::Grow(u64 least_bytes) {
  u64 total = 0;
  for (const auto& part : parts_) total += part->segment.size;
  if (least_bytes > control_.limits().max_bytes) {
    return Status::NoMemory(Format("{} bytes asked for, the limit is {}",
                                   least_bytes, control_.limits().max_bytes));
  }
  const u64 wanted = std::max(RoundUp(least_bytes, kMiB),
                              std::clamp(total, kMinGrowth, kMaxGrowth));
  Result<OwnedSegment> segment = control_.Grow(kind_, wanted);
  if (!segment.ok() && wanted > least_bytes) {
    segment = control_.Grow(kind_, RoundUp(least_bytes, 4 * kKiB));
  }
  if (!segment.ok()) return segment.status();
  parts_.push_back(std::make_unique<Part>(*segment, 0));
  return Status();
}

Status ClientHeap::Free(ShmPtr pointer) {
  MutexLock lock(mu_);
  for (auto& part : parts_) {
    if (part->segment.id != pointer.segment()) continue;
    if (pointer.offset() < part->reserved_bytes) break;
    return part->extents.Free(pointer.offset() - part->reserved_bytes);
  }
  return Status::BadRequest(Format("nothing was allocated at {}", pointer));
}

bool ClientHeap::Owns(const void* address) const {
  const char* at = static_cast<const char*>(address);
  MutexLock lock(mu_);
  return std::any_of(parts_.begin(), parts_.end(), [at](const auto& part) {
    const OwnedSegment& segment = part->segment;
    return at >= segment.base && at < segment.base + segment.size;
  });
}

u64 ClientHeap::used_bytes() const {
  MutexLock lock(mu_);
  u64 used = 0;
  for (const auto& part : parts_) used += part->extents.Stats().used_bytes;
  return used;
}

u64 ClientHeap::capacity_bytes() const {
  MutexLock lock(mu_);
  u64 total = 0;
  for (const auto& part : parts_) total += part->segment.size;
  return total;
}

}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See runtime_data.h.

#include "chimaera/ipc/runtime_data.h"

#include <algorithm>
#include <utility>

#include "chimaera/base/format.h"
#include "chimaera/base/log.h"

namespace chi {

Result<std::unique_ptr<RuntimeData>> RuntimeData::Create(
    RuntimeSegments& segments, const RuntimeDataOptions& options) {
  std::unique_ptr<RuntimeData> data(new RuntimeData(segments, options));
  const MutexLock lock(data->mu_);
  CHI_RETURN_IF_ERROR(data->AddPart(options.segment_bytes));
  return data;
}

RuntimeData::~RuntimeData() {
  const MutexLock lock(mu_);
  for (const auto& part : parts_) {
    const Status gone = segments_.Unregister(part->id);
    if (!gone.ok()) CHI_LOG(kWarning, "runtime data: {}", gone);
  }
}

u64 RuntimeData::CapacityLocked() const {
  u64 bytes = 0;
  for (const auto& part : parts_) bytes += part->segment.size();
  return bytes;
}

Status RuntimeData::AddPart(u64 least_bytes) {
  const u64 capacity = CapacityLocked();
  const u64 room =
      options_.max_bytes > capacity ? options_.max_bytes - capacity : 0;
  const u64 page_mask = 4 * kKiB - 1;
  const u64 wanted = std::max(options_.segment_bytes, least_bytes);
  // The usual step if the bound allows it, else what is left of it.
  const u64 bytes = std::min(wanted, room) & ~page_mask;
  if (bytes == 0 || bytes < least_bytes) {
    return Status::NoMemory(
        Format("runtime data: {} bytes wanted, {} of at most {} taken",
               least_bytes, capacity, options_.max_bytes));
  }
  CHI_ASSIGN_OR_RETURN(Segment segment,
                       Segment::Create("chimaera-runtime-data", bytes,
                                       SegmentSeal::kReadOnlyForOthers));
  CHI_ASSIGN_OR_RETURN(
      const u16 id,
      segments_.Register(segment.fd(), segment.data(), segment.size(), true));
  parts_.push_back(std::make_unique<Part>(std::move(segment), id));
  return Status::Ok();
}

Result<ShmPtr> RuntimeData::Allocate(u64 bytes) {
  if (bytes == 0) return Status::BadRequest("runtime data: 0 bytes wanted");
  const MutexLock lock(mu_);
  // Before any arithmetic with a number that may be anything.
  if (bytes > options_.max_bytes) {
    return Status::NoMemory(
        Format("runtime data: {} bytes wanted of at most {}", bytes,
               options_.max_bytes));
  }
  for (const auto& part : parts_) {
    const Result<Extent> extent = part->extents.Allocate(bytes);
    if (extent.ok()) return ShmPtr::At(part->id, extent->offset);
  }
  const u64 page = 4 * kKiB;
  CHI_RETURN_IF_ERROR(AddPart((bytes + page - 1) / page * page));
  CHI_ASSIGN_OR_RETURN(const Extent extent,
                       parts_.back()->extents.Allocate(bytes));
  return ShmPtr::At(parts_.back()->id, extent.offset);
}

Status RuntimeData::Free(ShmPtr p) {
  const MutexLock lock(mu_);
  for (const auto& part : parts_) {
    if (part->id == p.segment()) return part->extents.Free(p.offset());
  }
  return Status::BadRequest(Format("runtime data: {} was never given", p));
}

u64 RuntimeData::used_bytes() const {
  const MutexLock lock(mu_);
  u64 bytes = 0;
  for (const auto& part : parts_) bytes += part->extents.used_bytes();
  return bytes;
}

u64 RuntimeData::capacity_bytes() const {
  const MutexLock lock(mu_);
  return CapacityLocked();
}

}  // namespace chi

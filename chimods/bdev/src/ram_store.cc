// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Reads and writes are plain copies; the memory is there and mapped.

#include "ram_store.h"

#include <cstring>
#include <functional>
#include <utility>

#include "chimaera/base/copy_large.h"
#include "chimaera/base/format.h"
#include "chimaera/base/log.h"

namespace chimaera::bdev {

using chi::Result;
using chi::ShmPtr;
using chi::Status;
using chi::u16;
using chi::u64;

namespace {

bool Overlap(const char* a, const char* b, u64 length) {
  const std::less<> before;
  return before(a, b + length) && before(b, a + length);
}

void Copy(void* to, const void* from, u64 length) {
  const bool streams = length >= chi::kLargeCopy &&
                       !Overlap(static_cast<const char*>(to),
                                static_cast<const char*>(from), length);
  if (streams) {
    chi::CopyLarge(to, from, length);
  } else if (length != 0) {
    std::memmove(to, from, length);
  }
}

}  // namespace

Result<std::unique_ptr<RamStore>> RamStore::Create(
    std::string_view debug_name, u64 size, chi::RuntimeSegments& segments) {
  CHI_ASSIGN_OR_RETURN(
      chi::Segment memory,
      chi::Segment::Create(debug_name, size,
                           chi::SegmentSeal::kReadOnlyForOthers));
  CHI_ASSIGN_OR_RETURN(
      const u16 id,
      segments.Register(memory.fd(), memory.data(), memory.size()));
  return std::unique_ptr<RamStore>(
      new RamStore(std::move(memory), id, segments));
}

RamStore::~RamStore() { Retire(); }

inline bool RamStore::Has(u64 offset, u64 length) const {
  return __builtin_expect(length <= size() && offset <= size() - length, 1);
}

Status RamStore::OutOfRange(u64 offset, u64 length) const {
  return Status::BadRequest(
      chi::Format("{} bytes from {} on are not all in a store of {}", length,
                  offset, size()));
}

Status RamStore::Read(u64 offset, void* to, u64 length) {
  if (!Has(offset, length)) return OutOfRange(offset, length);
  Copy(to, memory_.data() + offset, length);
  return Status();
}

Status RamStore::Write(u64 offset, const void* from, u64 length) {
  if (!Has(offset, length)) return OutOfRange(offset, length);
  Copy(memory_.data() + offset, from, length);
  return Status();
}

Result<ShmPtr> RamStore::Locate(u64 offset, u64 length) {
  if (!Has(offset, length)) return OutOfRange(offset, length);
  return ShmPtr::At(id_, offset);
}

void RamStore::Retire() {
  if (std::exchange(retired_, true)) return;
  const Status status = segments_.Unregister(id_);
  if (!status.ok()) CHI_LOG(kError, "RAM device: {}", status);
}

}  // namespace chimaera::bdev

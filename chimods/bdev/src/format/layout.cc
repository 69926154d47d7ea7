// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Sizes of a block file, and its superblocks.

#include "format/layout.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "chimaera/base/check.h"
#include "chimaera/base/format.h"
#include "format/bytes.h"
#include "format/crc32c.h"

namespace chimaera::bdev {

using chi::Format;
using chi::Result;
using chi::Status;
using chi::u32;
using chi::u64;

namespace {

constexpr u64 kCrcAt = 12;  // frozen, as magic (0) and version (8) are

// The field itself counts as zero.
u32 CrcOfSuperblock(const char* bytes) {
  constexpr u32 kZero = 0;
  u32 crc = Crc32c(bytes, kCrcAt);
  crc = Crc32c(&kZero, sizeof(kZero), crc);
  const u64 rest = kCrcAt + sizeof(kZero);
  return Crc32c(bytes + rest, kSuperblockSize - rest, crc);
}

}  // namespace

// ---- geometry ---------------------------------------------------------------

Geometry Geometry::For(u64 data_size) {
  CHI_CHECK(data_size <= kMaxDataSize, "{} bytes", data_size);
  Geometry geometry;
  geometry.data_size = RoundUpToPage(data_size);
  geometry.checkpoint_size =
      RoundUpToPage(chi::kMiB + geometry.data_size / kPageSize * 8);
  geometry.journal_size = RoundUpToPage(geometry.checkpoint_size / 4);
  const u64 beyond = geometry.DataAt() % kDataAlignment;
  if (beyond != 0) {
    geometry.journal_size += (kDataAlignment - beyond) / kNumCopies;
  }
  return geometry;
}

Status Geometry::Check() const {
  const struct {
    const char* name;
    u64 value;
  } sizes[] = {{"checkpoint_size", checkpoint_size},
               {"journal_size", journal_size},
               {"data_size", data_size}};
  for (const auto& size : sizes) {
    if (size.value == 0 || size.value % kPageSize != 0 ||
        size.value > kMaxDataSize) {
      return Status::BadRequest(
          Format("{} of a block file is {}", size.name, size.value));
    }
  }
  return Status();
}

// ---- superblocks ------------------------------------------------------------

std::string EncodeSuperblock(const Superblock& superblock, u32 copy) {
  std::string bytes;
  bytes.reserve(kSuperblockSize);
  ByteWriter out(&bytes);
  out.Put(kBlockFileMagic);
  out.Put(kFormatVersion);
  out.Put(u32{0});  // the CRC
  out.Put(superblock.epoch);
  out.Put(superblock.device_id);
  out.Put(superblock.geometry.checkpoint_size);
  out.Put(superblock.geometry.journal_size);
  out.Put(superblock.geometry.data_size);
  out.Put(superblock.last_seq);
  out.Put(superblock.checkpoint_length);
  out.Put(superblock.checkpoint_crc);
  out.Put(copy);
  bytes.resize(kSuperblockSize, '\0');
  const u32 crc = CrcOfSuperblock(bytes.data());
  std::memcpy(&bytes[kCrcAt], &crc, sizeof(crc));
  return bytes;
}

Result<Superblock> DecodeSuperblock(const char* bytes, u32 copy) {
  ByteReader in(std::string_view(bytes, kSuperblockSize));
  if (in.Get<u64>() != kBlockFileMagic) {
    return Status::NotFound("no magic number");
  }
  const u32 version = in.Get<u32>();
  if (in.Get<u32>() != CrcOfSuperblock(bytes)) {
    return Status::Checksum("the checksum is wrong");
  }
  if (version < kOldestVersion || version > kFormatVersion) {
    return Status::VersionMismatch(
        Format("the file has format {}, this build reads {} to {}", version,
               kOldestVersion, kFormatVersion));
  }
  Superblock superblock;
  superblock.epoch = in.Get<u64>();
  superblock.device_id = in.Get<u64>();
  superblock.geometry.checkpoint_size = in.Get<u64>();
  superblock.geometry.journal_size = in.Get<u64>();
  superblock.geometry.data_size = in.Get<u64>();
  superblock.last_seq = in.Get<u64>();
  superblock.checkpoint_length = in.Get<u64>();
  superblock.checkpoint_crc = in.Get<u32>();
  if (in.Get<u32>() != copy) {
    return Status::Checksum("it is the other copy's");
  }
  const Status sane = superblock.geometry.Check();
  if (!sane.ok()) return Status::Checksum(std::string(sane.message()));
  if (superblock.checkpoint_length > superblock.geometry.checkpoint_size) {
    return Status::Checksum(
        Format("a checkpoint of {} bytes", superblock.checkpoint_length));
  }
  return superblock;
}

}  // namespace chimaera::bdev

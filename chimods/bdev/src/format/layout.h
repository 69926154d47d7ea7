// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Where what lies in a block file, version 1.
// docs/reference/block_file_format.md describes the bytes; this header and it
// change together, and never for files that exist.
//
//   superblock A | superblock B | checkpoint A | checkpoint B
//                                | journal A | journal B | data
//
// All metadata exist twice. A copy is a superblock, the checkpoint it points to
// and a journal; either suffices.

#ifndef CHIMAERA_BDEV_FORMAT_LAYOUT_H_
#define CHIMAERA_BDEV_FORMAT_LAYOUT_H_

#include <string>

#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"

namespace chimaera::bdev {

/// "CHIBLOCK" read as a little-endian number. Frozen, for all versions.
inline constexpr chi::u64 kBlockFileMagic = 0x4B434F4C42494843;
inline constexpr chi::u32 kFormatVersion = 1;
/// Older ones are rewritten when opened; there are none yet.
inline constexpr chi::u32 kOldestVersion = 1;

inline constexpr chi::u32 kNumCopies = 2;
inline constexpr chi::u64 kSuperblockSize = 4096;
/// Bytes that share one data checksum; also the unit of places and areas.
inline constexpr chi::u64 kPageSize = 4096;
/// One sector, so that a power cut tears no two records.
inline constexpr chi::u64 kRecordSize = 512;
/// Where data begin in a new file: the page cache keeps what is aligned so in
/// few large pieces, which are copied faster.
inline constexpr chi::u64 kDataAlignment = 2 * chi::kMiB;
/// Largest `data_size`.
inline constexpr chi::u64 kMaxDataSize = chi::u64{1} << 56;

[[nodiscard]] constexpr chi::u64 RoundUpToPage(chi::u64 bytes) {
  return (bytes + kPageSize - 1) / kPageSize * kPageSize;
}

/// Sizes in bytes, multiples of kPageSize.
struct Geometry {
  chi::u64 checkpoint_size = 0;  ///< Room for one checkpoint.
  chi::u64 journal_size = 0;     ///< Of one journal.
  chi::u64 data_size = 0;

  /// For a device of `data_size` bytes, rounded up: 8 bytes of checkpoint for
  /// each page and 1 MiB more; a journal a quarter as large, which makes the
  /// cost of checkpoints a small part of that of the records between them, or
  /// somewhat larger, so that DataAt() is a multiple of kDataAlignment.
  [[nodiscard]] static Geometry For(chi::u64 data_size);

  [[nodiscard]] chi::u64 SuperblockAt(chi::u32 copy) const {
    return copy * kSuperblockSize;
  }
  [[nodiscard]] chi::u64 CheckpointAt(chi::u32 copy) const {
    return SuperblockAt(kNumCopies) + copy * checkpoint_size;
  }
  [[nodiscard]] chi::u64 JournalAt(chi::u32 copy) const {
    return CheckpointAt(kNumCopies) + copy * journal_size;
  }
  [[nodiscard]] chi::u64 DataAt() const { return JournalAt(kNumCopies); }
  [[nodiscard]] chi::u64 FileSize() const { return DataAt() + data_size; }
  [[nodiscard]] chi::u64 RecordsPerJournal() const {
    return journal_size / kRecordSize;
  }

  /// kBadRequest, naming the number, if no file can look like this.
  [[nodiscard]] chi::Status Check() const;
};

/// One copy's start.
struct Superblock {
  chi::u64 epoch = 0;      ///< Number of the checkpoint, from 1 on.
  chi::u64 device_id = 0;  ///< Random; stands in every record.
  Geometry geometry;
  chi::u64 last_seq = 0;  ///< Last transaction within the checkpoint.
  chi::u64 checkpoint_length = 0;
  chi::u32 checkpoint_crc = 0;
};

/// kSuperblockSize bytes. `copy` stands in them, so that one that was written
/// to the other's place is noticed.
[[nodiscard]] std::string EncodeSuperblock(const Superblock& superblock,
                                           chi::u32 copy);

/// kNotFound without the magic number; kChecksum if damaged, or of the other
/// copy; kVersionMismatch, naming both, if of a version that this build cannot
/// read. `bytes` are kSuperblockSize many.
[[nodiscard]] chi::Result<Superblock> DecodeSuperblock(const char* bytes,
                                                       chi::u32 copy);

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_FORMAT_LAYOUT_H_

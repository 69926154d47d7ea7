// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// From the bytes of a file to its metadata and back: reading is recovery,
// writing is a checkpoint. Nothing here keeps state; the store, creation and
// fsck use it.

#ifndef CHIMAERA_BDEV_FORMAT_RECOVERY_H_
#define CHIMAERA_BDEV_FORMAT_RECOVERY_H_

#include <string>
#include <vector>

#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "format/block_io.h"
#include "format/layout.h"
#include "format/metadata.h"

namespace chimaera::bdev {

/// What a file held.
struct Recovered {
  Superblock superblock;
  chi::u32 copy;  ///< Whose superblock and checkpoint it is.
  Metadata metadata;
  chi::u64 last_seq = 0;      ///< Last transaction, of checkpoint and journal.
  chi::u64 num_replayed = 0;  ///< How many of them were in the journal,
  chi::u64 num_records = 0;   ///< and in how many records.
  /// What was found bad and could be done without, a sentence each.
  std::vector<std::string> damage;
};

enum class RecoveryMode {
  kFast,      ///< Looks at the second copy only where the first is bad.
  kThorough,  ///< Reads and compares everything.
};

/// Reads only. After a crash the metadata are those after some number of whole
/// transactions, at least those that a Sync returned for.
///   kNotFound         no block file: too short, or without magic numbers
///   kVersionMismatch  a copy is of a format that this build cannot read
///   kChecksum         neither copy is whole, or the newest is missing
///   kBadRequest       the file is shorter than it says
///   kIo               both copies of something cannot be read
[[nodiscard]] chi::Result<Recovered> Recover(BlockIo& io, RecoveryMode mode);

/// Makes `metadata` the file's, as epoch `superblock->epoch + 1`, and fills
/// `superblock` with what was written. At every moment one copy is whole, the
/// old one with its journal or the new one: `good_copy`, which is whole now, is
/// written last. After an error the outcome is unknown until the file is
/// recovered.
chi::Status WriteCheckpoint(BlockIo& io, const std::string& metadata,
                            chi::u64 last_seq, chi::u32 good_copy,
                            Superblock* superblock);

/// Turns a file of zeros into an empty device, and syncs it.
chi::Status FormatDevice(BlockIo& io, const Geometry& geometry,
                         chi::u64 device_id);

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_FORMAT_RECOVERY_H_

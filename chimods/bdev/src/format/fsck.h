// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Checks a block file that nobody uses: both copies of everything, and the data
// against their checksums. Changes nothing unless told to.

#ifndef CHIMAERA_BDEV_FORMAT_FSCK_H_
#define CHIMAERA_BDEV_FORMAT_FSCK_H_

#include <string>
#include <vector>

#include "chimaera/base/result.h"
#include "chimaera/base/types.h"
#include "format/block_io.h"
#include "format/metadata.h"

namespace chimaera::bdev {

struct FsckOptions {
  bool read_data = true;  ///< Compare data with their checksums.
  /// Write both copies anew from what was recovered, if one was bad: empties
  /// the journal and forgets leases, as opening the file does. Bad data are
  /// left as they are.
  bool repair = false;
};

/// A page whose bytes are not those once written.
struct BadPage {
  chi::u32 slot = 0;
  chi::u64 page = 0;    ///< Within the block.
  std::string object;   ///< Whose it is; empty if nobody's.
  std::string problem;  ///< Wrong, or could not be read.
};

struct FsckReport {
  chi::u64 epoch = 0;
  chi::u64 last_seq = 0;
  chi::u64 num_replayed = 0;  ///< Transactions in the journal.
  chi::u64 num_objects = 0;
  chi::u64 num_blocks = 0;  ///< Durable ones.
  /// Durable blocks that no object has: lost, unless their owner kept the id.
  std::vector<chi::u32> unnamed_blocks;
  chi::u64 num_leases = 0;  ///< Forgotten at the next opening.
  chi::u64 data_bytes = 0;
  chi::u64 used_bytes = 0;
  /// Metadata that are bad in one copy. A crash leaves one copy unfinished, and
  /// records at the end of one journal only.
  std::vector<std::string> damage;
  chi::u64 num_pages = 0;          ///< Compared with their checksums.
  chi::u64 num_unchecked = 0;      ///< In blocks, without a checksum.
  std::vector<BadPage> bad_pages;  ///< The first kMaxBadPages of them.
  chi::u64 num_bad_pages = 0;
  bool repaired = false;

  static constexpr chi::u64 kMaxBadPages = 100;

  [[nodiscard]] bool clean() const {
    return damage.empty() && num_bad_pages == 0;
  }
};

/// Errors as Recover: then the file is beyond this tool. kIo while repairing.
[[nodiscard]] chi::Result<FsckReport> Fsck(BlockIo& io,
                                           const FsckOptions& options);

/// What a person wants to read, a line each.
[[nodiscard]] std::string Describe(const FsckReport& report);

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_FORMAT_FSCK_H_

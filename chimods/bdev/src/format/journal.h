// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The journal: transactions cut into records of one sector each. Both journals
// of a file hold the same, so a record is lost only if both of its copies are.
//
// A record counts if its checksum is right, and device, epoch, transaction and
// part are the ones expected at its place. So neither what is left of an
// earlier epoch nor a torn record is ever taken, and the first place without a
// record is the end.

#ifndef CHIMAERA_BDEV_FORMAT_JOURNAL_H_
#define CHIMAERA_BDEV_FORMAT_JOURNAL_H_

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "chimaera/base/result.h"
#include "chimaera/base/types.h"
#include "format/block_io.h"
#include "format/layout.h"

namespace chimaera::bdev {

/// What each record of one epoch bears.
struct JournalKey {
  chi::u64 device_id = 0;
  chi::u64 epoch = 0;
};

/// How many records a transaction of `bytes` bytes takes.
[[nodiscard]] chi::u64 NumRecords(chi::u64 bytes);

/// Appends the records of transaction `seq` to `out`.
/// REQUIRES: they are at most kMaxParts.
void AppendRecords(const JournalKey& key, chi::u64 seq,
                   std::string_view operations, std::string* out);

inline constexpr chi::u64 kMaxParts = 65535;

/// Reads one epoch from its beginning.
class JournalReader {
 public:
  /// `io` outlives it. `last_seq` is that of the checkpoint.
  JournalReader(BlockIo& io, const Geometry& geometry, const JournalKey& key,
                chi::u64 last_seq)
      : io_(io), geometry_(geometry), key_(key), seq_(last_seq) {}

  /// Operations of the next transaction, whose number is then seq(); nothing at
  /// the end, or where one begins that is not whole. kIo if neither journal
  /// can be read.
  chi::Result<std::optional<std::string>> Next();

  /// kChecksum if a journal holds records of a later epoch: then the newest
  /// checkpoint is missing. REQUIRES: before Next.
  chi::Status CheckNotNewer();

  [[nodiscard]] chi::u64 seq() const { return seq_; }
  /// Records behind the last whole transaction start here.
  [[nodiscard]] chi::u64 num_records() const { return num_records_; }
  /// Records of which one copy was bad or could not be read.
  [[nodiscard]] chi::u64 num_damaged() const { return num_damaged_; }
  /// Compare both copies of every record, not only where the first is bad.
  void set_thorough() { thorough_ = true; }

 private:
  static constexpr chi::u64 kRecordsPerRead = 8;

  // A window of one journal.
  struct Window {
    std::array<char, kRecordsPerRead * kRecordSize> bytes;
    chi::u64 begin = 0;  // record; the window holds [begin, end)
    chi::u64 end = 0;
    chi::Status status;
  };

  const char* Load(chi::u64 record, chi::u32 copy);
  chi::Result<const char*> Find(chi::u64 record, chi::u64 seq, chi::u32 part);

  BlockIo& io_;
  const Geometry geometry_;
  const JournalKey key_;
  chi::u64 seq_;
  bool thorough_ = false;
  chi::u64 num_records_ = 0;
  chi::u64 num_damaged_ = 0;
  std::array<Window, kNumCopies> windows_;
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_FORMAT_JOURNAL_H_

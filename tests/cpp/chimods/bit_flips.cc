// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Single flipped bits.

#include "chimods/bit_flips.h"

#include <memory>

#include "chimaera/base/check.h"
#include "chimaera/base/format.h"
#include "chimaera/base/random.h"
#include "chimods/block_io_fakes.h"
#include "chimods/metadata_workload.h"
#include "format/metadata_store.h"
#include "format/recovery.h"

namespace chi::test {

using chimaera::bdev::Durability;
using chimaera::bdev::FormatDevice;
using chimaera::bdev::kNumCopies;
using chimaera::bdev::kPageSize;
using chimaera::bdev::kSuperblockSize;
using chimaera::bdev::Metadata;
using chimaera::bdev::MetadataStore;
using chimaera::bdev::Recover;
using chimaera::bdev::Recovered;
using chimaera::bdev::RecoveryMode;

namespace {

constexpr u64 kNumTransactions = 40;
constexpr u64 kInJournal = 6;

}  // namespace

BitFlips::BitFlips(u64 bytes, u64 seed) : geometry_(TinyGeometry()) {
  const u64 pages = bytes / kPageSize / kNumCopies - 1;  // of one copy
  geometry_.journal_size = pages / 3 * kPageSize;
  geometry_.checkpoint_size = pages * kPageSize - geometry_.journal_size;
  CHI_CHECK(MetadataBytes(geometry_) == bytes, "{} bytes", bytes);
  MemoryIo file(std::string(bytes, '\0'), geometry_.FileSize());
  SeededRandom random(seed);
  CHI_CHECK_OK(FormatDevice(file, geometry_, random.Next()));
  ThreadEvents threads;
  std::vector<std::string> damage;
  const auto store = MetadataStore::Open(file, threads, &damage);
  CHI_CHECK_OK(store.status());
  for (u64 i = 0; i < kNumTransactions; ++i) {
    if (i + kInJournal == kNumTransactions)
      CHI_CHECK_OK((*store)->Checkpoint());
    const auto transaction = (*store)->Read(
        [&](const Metadata& now) { return RandomTransaction(now, random); });
    CHI_CHECK_OK((*store)->Commit(transaction, Durability::kSynced));
  }
  bytes_ = file.bytes();
  const Result<Recovered> recovered = Recover(file, RecoveryMode::kThorough);
  CHI_CHECK_OK(recovered.status());
  CHI_CHECK(recovered->damage.empty());
  CHI_CHECK(recovered->num_replayed == kInJournal);
  expected_ = recovered->metadata.Encode();
  last_seq_ = recovered->last_seq;
  for (u32 copy = 0; copy < kNumCopies; ++copy) {
    const u64 superblock = geometry_.SuperblockAt(copy);
    const u64 checkpoint = geometry_.CheckpointAt(copy);
    const u64 journal = geometry_.JournalAt(copy);
    live_.emplace_back(superblock, superblock + kSuperblockSize);
    live_.emplace_back(checkpoint,
                       checkpoint + recovered->superblock.checkpoint_length);
    live_.emplace_back(journal, journal + recovered->num_records *
                                              chimaera::bdev::kRecordSize);
  }
}

bool BitFlips::IsLive(u64 at) const {
  for (const auto& [begin, end] : live_) {
    if (at >= begin && at < end) return true;
  }
  return false;
}

BitFlips::Outcome BitFlips::FlipEvery(u64 step, u64 first) const {
  Outcome outcome;
  MemoryIo file(bytes_, geometry_.FileSize());
  for (u64 bit = first; bit < bytes_.size() * 8; bit += step) {
    const u64 at = bit / 8;
    const bool live = IsLive(at);
    file.bytes()[at] = static_cast<char>(bytes_[at] ^ (1 << bit % 8));
    const Result<Recovered> recovered =
        Recover(file, live ? RecoveryMode::kThorough : RecoveryMode::kFast);
    file.bytes()[at] = bytes_[at];
    ++outcome.num_flips;
    outcome.num_live += live ? 1 : 0;
    if (!recovered.ok()) {
      ++outcome.num_refused;
      continue;
    }
    const bool same = recovered->last_seq == last_seq_ &&
                      recovered->metadata.Encode() == expected_;
    if (same && !(live && recovered->damage.empty())) continue;
    if (outcome.num_silent++ == 0) {
      outcome.first_silent = Format("bit {} of byte {}: {}", bit % 8, at,
                                    same ? "not seen" : "other metadata");
    }
  }
  return outcome;
}

}  // namespace chi::test

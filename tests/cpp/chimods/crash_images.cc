// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Images of crashes.

#include "chimods/crash_images.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "chimaera/base/check.h"
#include "chimaera/base/format.h"
#include "chimods/metadata_workload.h"
#include "format/metadata_store.h"
#include "format/recovery.h"

namespace chi::test {

using chimaera::bdev::Durability;
using chimaera::bdev::FormatDevice;
using chimaera::bdev::kRecordSize;
using chimaera::bdev::Metadata;
using chimaera::bdev::MetadataStore;
using chimaera::bdev::Recover;
using chimaera::bdev::Recovered;
using chimaera::bdev::RecoveryMode;
using chimaera::bdev::Transaction;

namespace {

constexpr u64 kTransactionsPerRun = 24;
// Of the writes between two syncs; the rest is sampled.
constexpr u64 kMaxSubsets = 64;
constexpr u64 kMaxTornSubsets = 3;
constexpr u64 kSectorTears = 8;
// One image of so many may be what the next run begins with.
constexpr u64 kImagesPerRestart = 20000;
// Bytes of a long write that are tried as the place of a tear.
constexpr u64 kMaxByteTears = 64;

}  // namespace

CrashImages::CrashImages(u64 seed)
    : geometry_(TinyGeometry()),
      random_(seed),
      image_(std::string(MetadataBytes(geometry_), '\0'),
             geometry_.FileSize()) {
  MemoryIo fresh(std::string(MetadataBytes(geometry_), '\0'),
                 geometry_.FileSize());
  CHI_CHECK_OK(FormatDevice(fresh, geometry_, random_.Next()));
  next_start_ = fresh.bytes();
}

void CrashImages::Run(u64 count) {
  wanted_ = count;
  while (!Done()) {
    ++num_runs_;
    RecordRun();
    LookAtRun();
  }
}

// ---- a run ------------------------------------------------------------------

void CrashImages::NoteState(u64 seq, const Metadata& metadata) {
  states_[seq].insert(metadata.Encode());
}

// Opens the file and commits to it.
void CrashImages::RecordRun() {
  start_ = next_start_;
  states_.clear();
  MemoryIo file(start_, geometry_.FileSize());
  const Result<Recovered> before = Recover(file, RecoveryMode::kFast);
  CHI_CHECK_OK(before.status());
  NoteState(before->last_seq, before->metadata);

  RecordingIo io(file);
  u64 seq = before->last_seq;
  io.Note(IoEvent::Kind::kSubmit, seq);
  io.Note(IoEvent::Kind::kSynced, seq);
  ThreadEvents threads;
  std::vector<std::string> damage;
  const auto store = MetadataStore::Open(io, threads, &damage);
  CHI_CHECK_OK(store.status());
  (*store)->Read([&](const Metadata& metadata) { NoteState(seq, metadata); });

  for (u64 i = 0; i < kTransactionsPerRun; ++i) {
    const Transaction transaction = (*store)->Read(
        [&](const Metadata& now) { return RandomTransaction(now, random_); });
    ++seq;
    {
      // The state must be known before it can be found in an image.
      Metadata next = (*store)->Read([&](const Metadata& now) {
        Metadata copy(geometry_);
        CHI_CHECK_OK(copy.Replay(now.Encode()));
        return copy;
      });
      CHI_CHECK_OK(next.Replay(transaction.bytes()));
      NoteState(seq, next);
    }
    io.Note(IoEvent::Kind::kSubmit, seq);
    const bool sync = random_.Below(3) != 0;
    CHI_CHECK_OK((*store)->Commit(
        transaction, sync ? Durability::kSynced : Durability::kWritten));
    io.Note(sync ? IoEvent::Kind::kSynced : IoEvent::Kind::kWritten, seq);
    if (random_.Below(16) == 0) {
      CHI_CHECK_OK((*store)->Checkpoint());
      io.Note(IoEvent::Kind::kSynced, seq);
    }
  }
  num_transactions_ += kTransactionsPerRun;
  events_ = io.events();
  next_start_ = file.bytes();
}

// ---- cutting it off ---------------------------------------------------------

void CrashImages::LookAtRun() {
  base_ = start_;
  image_.bytes() = start_;
  Writes pending;
  Bounds power;
  Bounds kill;
  for (const IoEvent& event : events_) {
    if (Done()) return;
    switch (event.kind) {
      case IoEvent::Kind::kSubmit:
        power.at_most = kill.at_most = event.seq;
        continue;
      case IoEvent::Kind::kWritten:
        kill.at_least = event.seq;
        break;
      case IoEvent::Kind::kSynced:
        kill.at_least = power.at_least = event.seq;
        break;
      case IoEvent::Kind::kSync:
        for (const IoEvent* write : pending) {
          base_.replace(write->offset, write->bytes.size(), write->bytes);
        }
        pending.clear();
        image_.bytes() = base_;
        break;
      case IoEvent::Kind::kWrite:
        pending.push_back(&event);
        break;
    }
    LookAfterPowerCut(pending, power);
    if (Done()) return;
    // A kill: everything is there, the last write perhaps not all of it.
    for (const IoEvent* write : pending) Put(*write);
    Check("kill", kill);
    if (event.kind == IoEvent::Kind::kWrite) {
      const std::string half =
          event.bytes.substr(random_.Below(event.bytes.size()));
      image_.bytes().replace(
          event.offset + event.bytes.size() - half.size(), half.size(), base_,
          event.offset + event.bytes.size() - half.size(), half.size());
      Check("kill during a write", kill);
    }
    for (const IoEvent* write : pending) Restore(*write);
  }
}

void CrashImages::LookAfterPowerCut(const Writes& pending,
                                    const Bounds& bounds) {
  const u64 n = pending.size();
  CHI_CHECK(n < 63, "{} writes without a sync", n);
  const u64 num_subsets = u64{1} << n;
  const bool all = num_subsets <= kMaxSubsets;
  for (u64 i = 0; i < std::min(num_subsets, kMaxSubsets) && !Done(); ++i) {
    LookAtSubset(pending, all ? i : random_.Below(num_subsets), bounds);
  }
  for (u64 torn = 0; torn < n && !Done(); ++torn) {
    // Alone, after all others, and in some other company.
    const u64 others = (num_subsets - 1) & ~(u64{1} << torn);
    for (u64 i = 0; i < kMaxTornSubsets && !Done(); ++i) {
      const u64 subset = i == 0 ? 0 : i == 1 ? others : random_.Next() & others;
      LookAtTears(pending, subset, torn, bounds);
      if (others == 0) break;
    }
  }
}

void CrashImages::LookAtSubset(const Writes& pending, u64 subset,
                               const Bounds& bounds) {
  // In either order, should writes overlap.
  const bool backwards = random_.Below(2) == 0;
  const u64 n = pending.size();
  for (u64 i = 0; i < n; ++i) {
    const u64 at = backwards ? n - 1 - i : i;
    if ((subset >> at & 1) != 0) Put(*pending[at]);
  }
  Check("power cut", bounds);
  for (u64 i = 0; i < n; ++i) Restore(*pending[i]);
}

void CrashImages::LookAtTears(const Writes& pending, u64 subset, u64 torn,
                              const Bounds& bounds) {
  for (u64 i = 0; i < pending.size(); ++i) {
    if ((subset >> i & 1) != 0) Put(*pending[i]);
  }
  const IoEvent& write = *pending[torn];
  const std::string before =
      image_.bytes().substr(write.offset, write.bytes.size());
  TearBytes(write, before, bounds);
  TearSectors(write, before, bounds);
  for (const IoEvent* other : pending) Restore(*other);
}

// Only places of which the two sides differ make new images.
void CrashImages::TearBytes(const IoEvent& write, const std::string& before,
                            const Bounds& bounds) {
  const std::string& after = write.bytes;
  u64 first = 0;
  u64 last = after.size();
  while (first < last && after[first] == before[first]) ++first;
  while (last > first && after[last - 1] == before[last - 1]) --last;
  const u64 step = std::max<u64>(1, (last - first) / kMaxByteTears);
  char* const bytes = image_.bytes().data() + write.offset;
  u64 done = 0;
  for (u64 at = first + 1 + random_.Below(step); at < last && !Done();
       at += step) {
    std::copy(after.begin() + static_cast<long>(done),
              after.begin() + static_cast<long>(at), bytes + done);
    done = at;
    Check("tear from the front", bounds);
  }
  std::copy(before.begin(), before.end(), bytes);
  done = after.size();
  for (u64 at = last; at > first + step && !Done();) {
    at -= step;
    std::copy(after.begin() + static_cast<long>(at),
              after.begin() + static_cast<long>(done), bytes + at);
    done = at;
    Check("tear from the back", bounds);
  }
  std::copy(before.begin(), before.end(), bytes);
}

void CrashImages::TearSectors(const IoEvent& write, const std::string& before,
                              const Bounds& bounds) {
  const u64 num_sectors = (write.bytes.size() + kRecordSize - 1) / kRecordSize;
  if (num_sectors < 2) return;
  char* const bytes = image_.bytes().data() + write.offset;
  for (u64 i = 0; i < kSectorTears && !Done(); ++i) {
    const u64 chosen = random_.Next();
    for (u64 sector = 0; sector < num_sectors; ++sector) {
      const u64 at = sector * kRecordSize;
      const u64 length = std::min(kRecordSize, write.bytes.size() - at);
      const std::string& from =
          (chosen >> sector % 64 & 1) != 0 ? write.bytes : before;
      std::copy_n(from.data() + at, length, bytes + at);
    }
    Check("tear by sectors", bounds);
  }
  std::copy(before.begin(), before.end(), bytes);
}

void CrashImages::Put(const IoEvent& write) {
  std::copy(write.bytes.begin(), write.bytes.end(),
            image_.bytes().begin() + static_cast<long>(write.offset));
}

void CrashImages::Restore(const IoEvent& write) {
  std::copy_n(base_.data() + write.offset, write.bytes.size(),
              image_.bytes().data() + write.offset);
}

// ---- the oracle -------------------------------------------------------------

void CrashImages::Check(const char* how, const Bounds& bounds) {
  if (Done()) return;
  ++num_images_;
  if (random_.Below(kImagesPerRestart) == 0) next_start_ = image_.bytes();
  const Result<Recovered> recovered = Recover(image_, RecoveryMode::kFast);
  if (!recovered.ok()) {
    violation_ = Format("{}: {}", how, recovered.status());
    return;
  }
  const u64 seq = recovered->last_seq;
  if (seq < bounds.at_least || seq > bounds.at_most) {
    violation_ = Format("{}: {} transactions, {} promised, {} begun", how, seq,
                        bounds.at_least, bounds.at_most);
    return;
  }
  const auto states = states_.find(seq);
  if (states == states_.end() ||
      states->second.count(recovered->metadata.Encode()) == 0) {
    violation_ = Format("{}: not the metadata after transaction {}", how, seq);
  }
}

}  // namespace chi::test

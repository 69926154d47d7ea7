// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Recovery and checkpoints.

#include "format/recovery.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "chimaera/base/format.h"
#include "format/crc32c.h"
#include "format/journal.h"

namespace chimaera::bdev {

using chi::Format;
using chi::Result;
using chi::Status;
using chi::StatusCode;
using chi::u32;
using chi::u64;

namespace {

constexpr std::array<const char*, kNumCopies> kNames = {"A", "B"};

using Superblocks = std::array<std::optional<Superblock>, kNumCopies>;
using Damage = std::vector<std::string>;

void Note(const char* what, u32 copy, const Status& status, Damage* damage) {
  damage->push_back(Format("{} {}: {}", what, kNames[copy], status.message()));
}

Result<Superblock> ReadSuperblock(BlockIo& io, u32 copy) {
  std::array<char, kSuperblockSize> bytes;
  CHI_RETURN_IF_ERROR(
      io.Read(copy * kSuperblockSize, bytes.data(), bytes.size()));
  return DecodeSuperblock(bytes.data(), copy);
}

// Those that are whole; at least one.
Result<Superblocks> ReadSuperblocks(BlockIo& io, Damage* damage) {
  if (io.size() < kNumCopies * kSuperblockSize) {
    return Status::NotFound(
        Format("this is no block file: it has {} bytes", io.size()));
  }
  Superblocks found;
  u32 num_bare = 0;
  Status last;
  for (u32 copy = 0; copy < kNumCopies; ++copy) {
    Result<Superblock> superblock = ReadSuperblock(io, copy);
    if (superblock.ok()) {
      found[copy] = *superblock;
      continue;
    }
    last = superblock.status();
    if (last.code() == StatusCode::kVersionMismatch) return last;
    num_bare += last.code() == StatusCode::kNotFound ? 1 : 0;
    Note("superblock", copy, last, damage);
  }
  if (found[0].has_value() || found[1].has_value()) return found;
  if (num_bare == kNumCopies) {
    return Status::NotFound("this is no block file: it has no magic number");
  }
  if (last.code() == StatusCode::kIo) return last;
  return Status::Checksum("neither superblock is whole");
}

Result<Metadata> ReadCheckpoint(BlockIo& io, const Superblock& superblock,
                                u32 copy) {
  const Geometry& geometry = superblock.geometry;
  // Before anything is sized by numbers that come from the file.
  if (geometry.FileSize() > io.size()) {
    return Status::BadRequest(Format("the file has {} bytes and should have {}",
                                     io.size(), geometry.FileSize()));
  }
  std::string bytes(superblock.checkpoint_length, '\0');
  CHI_RETURN_IF_ERROR(
      io.Read(geometry.CheckpointAt(copy), bytes.data(), bytes.size()));
  if (Crc32c(bytes.data(), bytes.size()) != superblock.checkpoint_crc) {
    return Status::Checksum("the checksum is wrong");
  }
  Metadata metadata(geometry);
  const Status status = metadata.Replay(bytes);
  if (!status.ok()) return Status::Checksum(std::string(status.message()));
  return metadata;
}

// Copies in the order in which they are to be tried: the newer one first.
std::array<u32, kNumCopies> NewestFirst(const Superblocks& superblocks) {
  const bool b_is_newer = superblocks[1].has_value() &&
                          (!superblocks[0].has_value() ||
                           superblocks[1]->epoch > superblocks[0]->epoch);
  if (b_is_newer) return {1, 0};
  return {0, 1};
}

Status ReplayJournal(BlockIo& io, RecoveryMode mode, Recovered* recovered) {
  const Superblock& superblock = recovered->superblock;
  JournalReader reader(io, superblock.geometry,
                       {superblock.device_id, superblock.epoch},
                       superblock.last_seq);
  if (mode == RecoveryMode::kThorough) reader.set_thorough();
  CHI_RETURN_IF_ERROR(reader.CheckNotNewer());
  while (true) {
    CHI_ASSIGN_OR_RETURN(const std::optional<std::string> operations,
                         reader.Next());
    if (!operations.has_value()) break;
    const Status status = recovered->metadata.Replay(*operations);
    if (!status.ok()) {
      return Status::Checksum(Format("transaction {} makes no sense: {}",
                                     reader.seq(), status.message()));
    }
    ++recovered->num_replayed;
  }
  recovered->last_seq = reader.seq();
  recovered->num_records = reader.num_records();
  if (reader.num_damaged() > 0) {
    recovered->damage.push_back(
        Format("{} records of the journal: one copy is bad or missing",
               reader.num_damaged()));
  }
  return Status();
}

}  // namespace

Result<Recovered> Recover(BlockIo& io, RecoveryMode mode) {
  Damage damage;
  CHI_ASSIGN_OR_RETURN(const Superblocks superblocks,
                       ReadSuperblocks(io, &damage));
  std::optional<Recovered> recovered;
  Status why;
  for (const u32 copy : NewestFirst(superblocks)) {
    const std::optional<Superblock>& superblock = superblocks[copy];
    if (!superblock.has_value()) continue;
    if (recovered.has_value() && mode == RecoveryMode::kFast) break;
    Result<Metadata> metadata = ReadCheckpoint(io, *superblock, copy);
    if (!metadata.ok()) {
      why = metadata.status();
      Note("checkpoint", copy, why, &damage);
    } else if (!recovered.has_value()) {
      recovered.emplace(Recovered{*superblock,
                                  copy,
                                  std::move(*metadata),
                                  superblock->last_seq,
                                  0,
                                  0,
                                  {}});
    } else if (superblock->epoch != recovered->superblock.epoch) {
      damage.push_back(Format("copy {} is of epoch {}, not {}", kNames[copy],
                              superblock->epoch, recovered->superblock.epoch));
    }
  }
  if (!recovered.has_value()) {
    return why.WithContext("no checkpoint can be used");
  }
  recovered->damage = std::move(damage);
  CHI_RETURN_IF_ERROR(ReplayJournal(io, mode, &*recovered));
  return std::move(*recovered);
}

// ---- checkpoints ------------------------------------------------------------

Status WriteCheckpoint(BlockIo& io, const std::string& metadata, u64 last_seq,
                       u32 good_copy, Superblock* superblock) {
  Superblock next = *superblock;
  next.epoch += 1;
  next.last_seq = last_seq;
  next.checkpoint_length = metadata.size();
  next.checkpoint_crc = Crc32c(metadata.data(), metadata.size());
  for (const u32 copy : {1 - good_copy, good_copy}) {
    const std::string bytes = EncodeSuperblock(next, copy);
    CHI_RETURN_IF_ERROR(io.Write(next.geometry.CheckpointAt(copy),
                                 metadata.data(), metadata.size()));
    // A superblock never points to a checkpoint that may be lost.
    CHI_RETURN_IF_ERROR(io.Sync());
    CHI_RETURN_IF_ERROR(
        io.Write(next.geometry.SuperblockAt(copy), bytes.data(), bytes.size()));
    // The other copy, and then the journal, change only once this one is whole.
    CHI_RETURN_IF_ERROR(io.Sync());
  }
  *superblock = next;
  return Status();
}

Status FormatDevice(BlockIo& io, const Geometry& geometry, u64 device_id) {
  CHI_RETURN_IF_ERROR(geometry.Check());
  if (io.size() < geometry.FileSize()) {
    return Status::BadRequest(Format("{} bytes for a device that takes {}",
                                     io.size(), geometry.FileSize()));
  }
  Superblock superblock;
  superblock.device_id = device_id;
  superblock.geometry = geometry;
  return WriteCheckpoint(io, Metadata(geometry).Encode(), 0, 1, &superblock);
}

}  // namespace chimaera::bdev

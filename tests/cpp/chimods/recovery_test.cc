// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Superblocks, checkpoints and journals that are damaged, swapped, old or new.

#include "format/recovery.h"

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "chimods/block_io_fakes.h"
#include "chimods/metadata_workload.h"
#include "format/crc32c.h"
#include "format/journal.h"
#include "format/metadata_store.h"
#include "support/catch.h"

using chi::StatusCode;
using chi::u32;
using chi::u64;
using chi::test::FaultyIo;
using chi::test::MemoryIo;
using chi::test::ThreadEvents;
using chi::test::TinyGeometry;
using namespace chimaera::bdev;  // NOLINT: what is tested

namespace {

// Three objects: "a" in the checkpoint, "b" and "c" in the journal.
MemoryIo Sample() {
  const Geometry geometry = TinyGeometry();
  MemoryIo io(std::string(geometry.DataAt(), '\0'), geometry.FileSize());
  REQUIRE(FormatDevice(io, geometry, 42).ok());
  ThreadEvents threads;
  std::vector<std::string> damage;
  auto store = MetadataStore::Open(io, threads, &damage);
  REQUIRE(store.ok());
  for (const char* name : {"a", "b", "c"}) {
    Transaction t;
    t.CreateObject(name, "", {});
    REQUIRE((*store)->Commit(t, Durability::kSynced).ok());
    if (*name == 'a') REQUIRE((*store)->Checkpoint().ok());
  }
  return io;
}

void Flip(MemoryIo& io, u64 at) {
  io.bytes()[at] = static_cast<char>(io.bytes()[at] ^ 1);
}

u64 NumObjects(MemoryIo& io) {
  const auto recovered = Recover(io, RecoveryMode::kFast);
  INFO(recovered.status());
  REQUIRE(recovered.ok());
  return recovered->metadata.objects().size();
}

StatusCode Refusal(MemoryIo& io) {
  return Recover(io, RecoveryMode::kFast).status().code();
}

// As another version would write it, checksum right.
void SetVersion(MemoryIo& io, u32 copy, u32 version) {
  char* const at = io.bytes().data() + copy * kSuperblockSize;
  std::memcpy(at + 8, &version, 4);
  std::memset(at + 12, 0, 4);
  const u32 crc = Crc32c(at, kSuperblockSize);
  std::memcpy(at + 12, &crc, 4);
}

}  // namespace

TEST_CASE("Recovery: either copy of anything suffices") {
  MemoryIo io = Sample();
  const Geometry geometry = TinyGeometry();
  for (const u32 copy : {0, 1}) {
    MemoryIo damaged(io.bytes(), io.size());
    Flip(damaged, geometry.SuperblockAt(copy) + 40);
    Flip(damaged, geometry.JournalAt(1 - copy) + 100);
    CHECK(NumObjects(damaged) == 3);
    MemoryIo other(io.bytes(), io.size());
    Flip(other, geometry.CheckpointAt(copy));
    Flip(other, geometry.JournalAt(copy) + kRecordSize + 100);
    CHECK(NumObjects(other) == 3);
  }
}

TEST_CASE("Recovery: thorough names what is damaged, an intact file nothing") {
  MemoryIo io = Sample();
  CHECK(Recover(io, RecoveryMode::kThorough)->damage.empty());
  Flip(io, TinyGeometry().SuperblockAt(1) + 40);
  Flip(io, TinyGeometry().JournalAt(1));
  const auto recovered = Recover(io, RecoveryMode::kThorough);
  REQUIRE(recovered.ok());
  REQUIRE(recovered->damage.size() == 2);
  CHECK(recovered->damage[0].find("superblock B") == 0);
  CHECK(recovered->damage[1].find("1 records") == 0);
}

TEST_CASE("Recovery: both copies damaged is an error, never a guess") {
  MemoryIo io = Sample();
  const Geometry geometry = TinyGeometry();
  SECTION("superblocks") {
    Flip(io, geometry.SuperblockAt(0) + 500);
    Flip(io, geometry.SuperblockAt(1) + 500);
  }
  SECTION("checkpoints") {
    Flip(io, geometry.CheckpointAt(0));
    Flip(io, geometry.CheckpointAt(1));
  }
  SECTION("one of each") {
    Flip(io, geometry.SuperblockAt(0) + 500);
    Flip(io, geometry.CheckpointAt(1));
  }
  CHECK(Refusal(io) == StatusCode::kChecksum);
}

TEST_CASE("Recovery: a copy in the other's place is noticed") {
  MemoryIo io = Sample();
  io.bytes().replace(kSuperblockSize, kSuperblockSize, io.bytes(), 0,
                     kSuperblockSize);
  const auto recovered = Recover(io, RecoveryMode::kThorough);
  REQUIRE(recovered.ok());
  CHECK(recovered->damage.size() == 1);
}

// The newest checkpoint is gone and the other copy is older, though the journal
// shows that the newest one was in use: something got lost that was promised.
TEST_CASE("Recovery: an older copy under a newer journal is refused") {
  const MemoryIo old = Sample();
  MemoryIo io = Sample();
  ThreadEvents threads;
  std::vector<std::string> damage;
  auto store = MetadataStore::Open(io, threads, &damage);
  REQUIRE(store.ok());
  Transaction t;
  t.CreateObject("d", "", {});
  REQUIRE((*store)->Commit(t, Durability::kSynced).ok());
  MemoryIo before = Sample();
  const Geometry geometry = TinyGeometry();
  const u64 journal = geometry.JournalAt(0);
  before.bytes().replace(journal, std::string::npos, io.bytes(), journal,
                         std::string::npos);
  CHECK(Refusal(before) == StatusCode::kChecksum);
}

TEST_CASE("Recovery: a hole ends the journal") {
  MemoryIo io = Sample();
  Flip(io, TinyGeometry().JournalAt(0));
  Flip(io, TinyGeometry().JournalAt(1));
  CHECK(NumObjects(io) == 1);
}

TEST_CASE("Recovery: newer and older formats are refused, and not touched") {
  for (const u32 version : {0u, kFormatVersion + 1, 77u}) {
    for (const u32 copy : {0, 1}) {
      MemoryIo io = Sample();
      SetVersion(io, copy, version);
      const std::string bytes = io.bytes();
      ThreadEvents threads;
      std::vector<std::string> damage;
      const auto store = MetadataStore::Open(io, threads, &damage);
      CHECK(store.status().code() == StatusCode::kVersionMismatch);
      CHECK(io.bytes() == bytes);
    }
  }
}

TEST_CASE("Recovery: what is no block file is NotFound") {
  MemoryIo zeros(1 << 20);
  CHECK(Refusal(zeros) == StatusCode::kNotFound);
  MemoryIo text(std::string(1 << 20, 'x'), 1 << 20);
  CHECK(Refusal(text) == StatusCode::kNotFound);
}

TEST_CASE("Recovery: a file that was cut off is refused") {
  MemoryIo io = Sample();
  MemoryIo shorter(io.bytes(), io.size() - 1);
  CHECK(Refusal(shorter) == StatusCode::kBadRequest);
  MemoryIo tiny(io.bytes().substr(0, 100), 100);
  CHECK(Refusal(tiny) == StatusCode::kNotFound);
}

TEST_CASE("Recovery: a copy that cannot be read is done without") {
  const auto how = FaultyIo::How::kRefused;
  u64 n = 0;
  for (bool fired = true; fired; ++n) {
    MemoryIo memory = Sample();
    FaultyIo io(memory);
    io.FailAt(n, how);
    const auto recovered = Recover(io, RecoveryMode::kThorough);
    INFO("read " << n << ": " << recovered.status());
    REQUIRE(recovered.ok());
    CHECK(recovered->metadata.objects().size() == 3);
    CHECK(recovered->damage.empty() == !io.fired());
    fired = io.fired();
  }
  CHECK(n >= 6);
}

TEST_CASE("Journal: records of another device or epoch do not count") {
  const Geometry geometry = TinyGeometry();
  std::string records;
  AppendRecords({42, 7}, 1, "first", &records);
  AppendRecords({42, 7}, 2, std::string(1000, 'x'), &records);
  REQUIRE(records.size() == 4 * kRecordSize);
  MemoryIo io(std::string(geometry.DataAt(), '\0'), geometry.FileSize());
  REQUIRE(io.Write(geometry.JournalAt(1), records.data(), records.size()).ok());
  JournalReader reader(io, geometry, {42, 7}, 0);
  CHECK(**reader.Next() == "first");
  CHECK(**reader.Next() == std::string(1000, 'x'));
  CHECK_FALSE(reader.Next()->has_value());
  CHECK(reader.seq() == 2);
  CHECK(reader.num_damaged() == 4);
  JournalReader other_device(io, geometry, {43, 7}, 0);
  CHECK_FALSE(other_device.Next()->has_value());
  JournalReader other_epoch(io, geometry, {42, 8}, 0);
  CHECK_FALSE(other_epoch.Next()->has_value());
  JournalReader later(io, geometry, {42, 7}, 1);
  CHECK_FALSE(later.Next()->has_value());
}

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// fsck: what it finds, what it mends, what it leaves alone.

#include "format/fsck.h"

#include <memory>
#include <string>
#include <vector>

#include "chimods/block_io_fakes.h"
#include "chimods/metadata_workload.h"
#include "format/crc32c.h"
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

constexpr u64 kBlockSize = 2 * kPageSize + 100;

// Object "a" with checksums of its data, a block of nobody, and a lease.
MemoryIo Sample() {
  const Geometry geometry = TinyGeometry();
  MemoryIo io(geometry.FileSize());
  REQUIRE(FormatDevice(io, geometry, 42).ok());
  ThreadEvents threads;
  std::vector<std::string> damage;
  auto store = MetadataStore::Open(io, threads, &damage);
  REQUIRE(store.ok());
  const std::string data(kBlockSize, 'd');
  REQUIRE(io.Write(geometry.DataAt(), data.data(), data.size()).ok());
  const u32 page = StoredChecksum(Crc32c(data.data(), kPageSize));
  const u32 last = StoredChecksum(Crc32c(data.data(), 100));
  const u32 checksums[] = {page, 0, last};
  Transaction t;
  t.SetGenerationLimit(5);
  t.PutBlock(0, 1, BlockKind::kDurable, 0, kBlockSize);
  t.SetChecksums(0, 0, checksums, 3);
  t.CreateObject("a", "", {0});
  t.PutBlock(1, 1, BlockKind::kDurable, 8 * kPageSize, 10);
  t.PutBlock(2, 1, BlockKind::kLease, 9 * kPageSize, 10);
  REQUIRE((*store)->Commit(t, Durability::kSynced).ok());
  return io;
}

void Flip(MemoryIo& io, u64 at) {
  io.bytes()[at] = static_cast<char>(io.bytes()[at] ^ 1);
}

FsckReport Check(MemoryIo& io, bool repair = false) {
  FsckOptions options;
  options.repair = repair;
  auto report = Fsck(io, options);
  INFO(report.status());
  REQUIRE(report.ok());
  return std::move(*report);
}

}  // namespace

TEST_CASE("Fsck: an intact file is clean, and counted") {
  MemoryIo io = Sample();
  const std::string bytes = io.bytes();
  const FsckReport report = Check(io);
  CHECK(report.clean());
  CHECK(report.num_objects == 1);
  CHECK(report.num_blocks == 2);
  CHECK(report.unnamed_blocks == std::vector<u32>{1});
  CHECK(report.num_leases == 1);
  CHECK(report.num_pages == 2);
  CHECK(report.num_unchecked == 2);
  CHECK(report.used_bytes == 4 * kPageSize);
  CHECK(io.bytes() == bytes);
  CHECK(Describe(report).find("clean\n") != std::string::npos);
}

TEST_CASE("Fsck: a repair of an intact file writes nothing") {
  MemoryIo io = Sample();
  const std::string bytes = io.bytes();
  CHECK_FALSE(Check(io, true).repaired);
  CHECK(io.bytes() == bytes);
}

TEST_CASE("Fsck: damage of one copy is named and mended") {
  MemoryIo io = Sample();
  const Geometry geometry = TinyGeometry();
  Flip(io, geometry.SuperblockAt(0) + 30);
  Flip(io, geometry.CheckpointAt(1));
  // That is one of each, hence fatal; the second is undone.
  Flip(io, geometry.CheckpointAt(1));
  CHECK(Check(io).damage.size() == 1);
  const FsckReport repaired = Check(io, true);
  CHECK(repaired.repaired);
  CHECK(Describe(repaired).find("superblock A") != std::string::npos);
  const FsckReport after = Check(io);
  CHECK(after.clean());
  CHECK(after.num_objects == 1);
  CHECK(after.num_leases == 0);
}

TEST_CASE("Fsck: damage of both copies is left alone") {
  MemoryIo io = Sample();
  Flip(io, 100);
  Flip(io, kSuperblockSize + 100);
  const std::string bytes = io.bytes();
  FsckOptions options;
  options.repair = true;
  CHECK(Fsck(io, options).status().code() == StatusCode::kChecksum);
  CHECK(io.bytes() == bytes);
}

TEST_CASE("Fsck: changed data are found, where there are checksums") {
  MemoryIo io = Sample();
  const u64 data = TinyGeometry().DataAt();
  Flip(io, data + 17);
  Flip(io, data + kPageSize);       // without a checksum
  Flip(io, data + kBlockSize - 1);  // the last byte that counts
  Flip(io, data + kBlockSize);      // behind it
  const FsckReport report = Check(io, true);
  CHECK_FALSE(report.clean());
  CHECK_FALSE(report.repaired);
  REQUIRE(report.num_bad_pages == 2);
  CHECK(report.bad_pages[0].object == "a");
  CHECK(report.bad_pages[0].page == 0);
  CHECK(report.bad_pages[1].page == 2);
}

TEST_CASE("Fsck: data that cannot be read are bad, not fatal") {
  MemoryIo memory = Sample();
  FaultyIo counting(memory);
  FsckOptions options;
  u64 reads = 0;
  counting.SetHook([&] { ++reads; });
  REQUIRE(Fsck(counting, options).ok());
  FaultyIo io(memory);
  io.FailAt(reads - 1, FaultyIo::How::kRefused);
  const auto report = Fsck(io, options);
  REQUIRE(report.ok());
  CHECK(report->num_bad_pages == 2);
  options.read_data = false;
  CHECK(Fsck(io, options)->clean());
}

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The store: group commit, checkpoints, and what is left when I/O fails.

#include "format/metadata_store.h"

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "chimaera/base/fault_point.h"
#include "chimaera/base/random.h"
#include "chimods/block_io_fakes.h"
#include "chimods/metadata_workload.h"
#include "format/recovery.h"
#include "support/catch.h"

using chi::Result;
using chi::SeededRandom;
using chi::Status;
using chi::StatusCode;
using chi::u64;
using chi::test::FaultyIo;
using chi::test::MemoryIo;
using chi::test::MetadataBytes;
using chi::test::RandomTransaction;
using chi::test::ThreadEvents;
using chi::test::TinyGeometry;
using chimaera::bdev::BlockIo;
using chimaera::bdev::Durability;
using chimaera::bdev::FormatDevice;
using chimaera::bdev::Geometry;
using chimaera::bdev::Metadata;
using chimaera::bdev::MetadataStore;
using chimaera::bdev::Recover;
using chimaera::bdev::Recovered;
using chimaera::bdev::RecoveryMode;
using chimaera::bdev::Transaction;

namespace {

using Store = std::unique_ptr<MetadataStore>;

MemoryIo Fresh() {
  return MemoryIo(std::string(MetadataBytes(TinyGeometry()), '\0'),
                  TinyGeometry().FileSize());
}

void Format(BlockIo& io) { REQUIRE(FormatDevice(io, TinyGeometry(), 42).ok()); }

Result<Store> Open(BlockIo& io) {
  static ThreadEvents threads;
  std::vector<std::string> damage;
  return MetadataStore::Open(io, threads, &damage);
}

Transaction Create(const std::string& name, const std::string& attributes) {
  Transaction t;
  t.CreateObject(name, attributes, {});
  return t;
}

std::string Contents(const MetadataStore& store) {
  return store.Read([](const Metadata& now) { return now.Encode(); });
}

}  // namespace

TEST_CASE("MetadataStore: what was committed is there after opening again") {
  MemoryIo io = Fresh();
  Format(io);
  SeededRandom random(7);
  std::string contents;
  for (int round = 0; round < 20; ++round) {
    auto store = Open(io);
    REQUIRE(store.ok());
    if (round > 0) CHECK(Contents(**store) == contents);
    for (int i = 0; i < 10; ++i) {
      const Transaction t = (*store)->Read(
          [&](const Metadata& now) { return RandomTransaction(now, random); });
      REQUIRE((*store)->Commit(t, Durability::kSynced).ok());
    }
    contents = (*store)->Read([](const Metadata& now) {
      Metadata kept(now.geometry());
      REQUIRE(kept.Apply(now.Encode()).ok());
      kept.DropLeases();
      return kept.Encode();
    });
  }
}

TEST_CASE("MetadataStore: a refused transaction changes nothing") {
  MemoryIo io = Fresh();
  Format(io);
  auto store = Open(io);
  REQUIRE((*store)->Commit(Create("a", ""), Durability::kSynced).ok());
  const std::string bytes = io.bytes();
  const Status again = (*store)->Commit(Create("a", ""), Durability::kSynced);
  CHECK(again.code() == StatusCode::kAlreadyExists);
  CHECK(io.bytes() == bytes);
  CHECK((*store)->failure().ok());
  CHECK((*store)->Stats().last_seq == 1);
}

TEST_CASE("MetadataStore: only kSynced syncs") {
  MemoryIo memory = Fresh();
  Format(memory);
  FaultyIo io(memory);
  auto store = Open(io);
  const u64 before = io.num_syncs();
  REQUIRE((*store)->Commit(Create("a", ""), Durability::kWritten).ok());
  CHECK(io.num_syncs() == before);
  REQUIRE((*store)->Commit(Create("b", ""), Durability::kSynced).ok());
  CHECK(io.num_syncs() == before + 1);
  REQUIRE((*store)->Sync().ok());
  CHECK(io.num_syncs() == before + 2);
}

TEST_CASE("MetadataStore: larger than the journal goes by a checkpoint") {
  MemoryIo io = Fresh();
  Format(io);
  auto store = Open(io);
  const std::string large(6000, 'x');  // the journal has 8 records of 472
  REQUIRE((*store)->Commit(Create("a", large), Durability::kWritten).ok());
  CHECK((*store)->Stats().num_checkpoints == 1);
  auto again = Open(io);
  CHECK((*again)->Read([&](const Metadata& now) {
    return now.objects().at("a").attributes == large;
  }));
}

TEST_CASE("MetadataStore: leases end with the store that had them") {
  MemoryIo io = Fresh();
  Format(io);
  auto store = Open(io);
  Transaction t;
  t.SetGenerationLimit(2);
  t.PutBlock(0, 1, chimaera::bdev::BlockKind::kLease, 0, 1);
  REQUIRE((*store)->Commit(t, Durability::kSynced).ok());
  auto again = Open(io);
  CHECK(
      (*again)->Read([](const Metadata& now) { return now.blocks().empty(); }));
  CHECK((*again)->Read(
      [](const Metadata& now) { return now.generation_limit() == 2; }));
}

// The first to come leads alone; its I/O is held until all others are queued,
// so the second batch has all of them, and one sync.
TEST_CASE("MetadataStore: those who wait share one sync") {
  constexpr u64 kFollowers = 6;
  MemoryIo memory = Fresh();
  Format(memory);
  FaultyIo io(memory);
  auto store = Open(io);
  const u64 syncs_before = io.num_syncs();
  std::atomic<bool> held{false};
  std::atomic<bool> release{false};
  io.SetHook([&] {
    held = true;
    while (!release) std::this_thread::yield();
  });
  std::vector<std::thread> threads;
  std::atomic<u64> ok{0};
  const auto commit = [&](u64 i) {
    const Transaction t = Create("object-" + std::to_string(i), "");
    ok += (*store)->Commit(t, Durability::kSynced).ok() ? 1 : 0;
  };
  threads.emplace_back(commit, kFollowers);
  while (!held) std::this_thread::yield();
  for (u64 i = 0; i < kFollowers; ++i) threads.emplace_back(commit, i);
  while ((*store)->Stats().last_seq < kFollowers + 1) {
    std::this_thread::yield();
  }
  release = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(ok == kFollowers + 1);
  CHECK((*store)->Stats().num_batches == 2);
  CHECK(io.num_syncs() == syncs_before + 2);
}

TEST_CASE("MetadataStore: many threads, every commit is there afterwards") {
  constexpr u64 kThreads = 4;
  constexpr u64 kEach = 100;
  Geometry geometry = TinyGeometry();
  geometry.checkpoint_size = 16 * chimaera::bdev::kPageSize;
  MemoryIo io(geometry.FileSize());
  REQUIRE(FormatDevice(io, geometry, 1).ok());
  auto store = Open(io);
  std::atomic<u64> failed{0};
  std::vector<std::thread> threads;
  for (u64 thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (u64 i = 0; i < kEach; ++i) {
        const std::string name =
            std::to_string(thread) + '/' + std::to_string(i);
        const auto durability =
            i % 3 == 0 ? Durability::kWritten : Durability::kSynced;
        failed += (*store)->Commit(Create(name, ""), durability).ok() ? 0 : 1;
        if (i % 20 == 0) failed += (*store)->Checkpoint().ok() ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == 0);
  auto again = Open(io);
  CHECK((*again)->Read([](const Metadata& now) {
    return now.objects().size();
  }) == kThreads * kEach);
}

TEST_CASE("MetadataStore: after a failed sync nothing is believed") {
  MemoryIo memory = Fresh();
  Format(memory);
  FaultyIo io(memory);
  auto store = Open(io);
  REQUIRE((*store)->Commit(Create("a", ""), Durability::kSynced).ok());
  io.FailAt(0, FaultyIo::How::kRefused);
  CHECK((*store)->Sync().code() == StatusCode::kIo);
  // The next sync would succeed: it is not even tried.
  const u64 syncs = io.num_syncs();
  CHECK((*store)->Sync().code() == StatusCode::kIo);
  CHECK((*store)->Commit(Create("b", ""), Durability::kWritten).code() ==
        StatusCode::kIo);
  CHECK((*store)->Checkpoint().code() == StatusCode::kIo);
  CHECK(io.num_syncs() == syncs);
  CHECK((*store)->Read([](const Metadata& now) {
    return now.objects().count("a") == 1 && now.objects().count("b") == 0;
  }));
  auto again = Open(io);
  REQUIRE(again.ok());
  CHECK((*again)->Commit(Create("b", ""), Durability::kSynced).ok());
}

TEST_CASE("MetadataStore: its fault points fail the device") {
  for (const char* name :
       {"bdev.metadata.before_write", "bdev.metadata.before_sync"}) {
    MemoryIo io = Fresh();
    Format(io);
    auto store = Open(io);
    chi::FaultPoints::Arm(name);
    CHECK((*store)->Commit(Create("a", ""), Durability::kSynced).code() ==
          StatusCode::kIo);
    CHECK(chi::FaultPoints::NumFired(name) == 1);
    CHECK_FALSE((*store)->failure().ok());
    chi::FaultPoints::Reset();
  }
}

namespace {

// One run with I/O number `n` failing. Afterwards, through I/O that works,
// recovery gives the metadata after a number of transactions that is at least
// what was promised, and at most what was begun. Returns whether it failed.
bool SweepOnce(u64 n, FaultyIo::How how, u64 seed) {
  INFO("I/O " << n << " fails, way " << static_cast<int>(how) << ", seed "
              << seed);
  MemoryIo memory = Fresh();
  Format(memory);
  FaultyIo io(memory);
  io.FailAt(n, how);
  SeededRandom random(seed);
  std::map<u64, std::string> states;
  u64 promised = 0;
  u64 begun = 0;
  bool failed = false;
  Metadata model(TinyGeometry());
  states[0] = model.Encode();
  const auto store = Open(io);
  failed = !store.ok();
  for (int i = 0; i < 40 && !failed; ++i) {
    Status status;
    if (random.Below(8) == 0) {
      status = (*store)->Checkpoint();
    } else if (random.Below(8) == 0) {
      status = (*store)->Sync();
    } else {
      const Transaction t = RandomTransaction(model, random);
      REQUIRE(model.Apply(t.bytes()).ok());
      states[++begun] = model.Encode();
      status = (*store)->Commit(
          t, random.Below(2) == 0 ? Durability::kWritten : Durability::kSynced);
    }
    failed = !status.ok();
    if (failed) CHECK(status.code() == StatusCode::kIo);
    if (failed) CHECK_FALSE((*store)->failure().ok());
    if (!failed) promised = begun;
  }
  // A read that fails may be made up for by the other copy.
  CHECK((!failed || io.fired()));
  const Result<Recovered> recovered = Recover(memory, RecoveryMode::kThorough);
  REQUIRE(recovered.ok());
  recovered->metadata.TEST_CheckInvariants();
  CHECK(recovered->last_seq >= promised);
  CHECK(recovered->last_seq <= begun);
  CHECK(recovered->metadata.Encode() == states[recovered->last_seq]);
  return io.fired();
}

}  // namespace

TEST_CASE("MetadataStore: any one I/O may fail, in any way") {
  u64 sites = 0;
  for (u64 seed = 1; seed <= 8; ++seed) {
    for (const auto how : {FaultyIo::How::kRefused, FaultyIo::How::kShort,
                           FaultyIo::How::kDone}) {
      u64 n = 0;
      while (SweepOnce(n, how, seed)) ++n;
      sites += n;
    }
  }
  CHECK(sites >= 2000);
}

TEST_CASE("MetadataStore: formatting fails wherever its I/O does") {
  for (const auto how : {FaultyIo::How::kRefused, FaultyIo::How::kShort}) {
    for (u64 n = 0;; ++n) {
      MemoryIo memory = Fresh();
      FaultyIo io(memory);
      io.FailAt(n, how);
      const Status status = FormatDevice(io, TinyGeometry(), 1);
      CHECK(status.ok() == !io.fired());
      if (!io.fired()) break;
    }
  }
}

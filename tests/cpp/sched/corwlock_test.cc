// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// CoRwLock: who enters together, who waits for whom, and that neither readers
// nor writers starve. Numbers of tasks say to which group they belong
// (lock_harness.h); the last digit says what they do.

#include "chimaera/sched/corwlock.h"

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "chimaera/base/random.h"
#include "chimaera/corwlock.h"
#include "sched/lock_harness.h"
#include "support/catch.h"

namespace chi::test {
namespace {

constexpr u64 kRead = 1;
constexpr u64 kWrite = 2;
constexpr u64 kHoldRead = 3;   // reads, and waits at the door
constexpr u64 kHoldWrite = 4;  // writes, and waits at the door
constexpr u64 kUpgrade = 5;    // reads, waits at the door, and writes as well

// What most tests share.
struct Scene {
  explicit Scene(u32 num_workers = 1, const Clock* clock = &SystemClock::Get())
      : fleet(
            num_workers, [this](u64 value) { Act(value); }, clock) {}

  void Act(u64 value) {
    const u64 what = value % 10;
    if (what == kWrite || what == kHoldWrite) {
      const ScopedCoRwWriteLock guard(lock);
      log.Add(value);
      if (what == kHoldWrite) door.Wait();
      return;
    }
    const ScopedCoRwReadLock guard(lock);
    log.Add(value);
    if (what == kHoldRead || what == kUpgrade) door.Wait();
    if (what != kUpgrade) return;
    const ScopedCoRwWriteLock alone(lock);
    log.Add(value);
  }

  CoRwLock lock;
  Door door;
  Log<u64> log;
  Fleet fleet;
};

TEST_CASE("CoRwLock: threads read together and write alone") {
  static CoRwLock lock;
  REQUIRE(lock.TryReadLock());
  std::thread([] {
    CHECK(lock.TryReadLock());
    CHECK_FALSE(lock.TryWriteLock());
    CHECK_FALSE(lock.TryWriteLockFor(1000));
    CHECK(lock.Report().owners.size() == 2);
    lock.ReadUnlock();
  }).join();
  REQUIRE(lock.TryWriteLock());  // the only reader
  std::thread([] { CHECK_FALSE(lock.TryReadLockFor(1000)); }).join();
  lock.ReadUnlock();
  std::thread([] { CHECK_FALSE(lock.TryReadLock()); }).join();
  lock.WriteUnlock();
  CHECK(lock.Report().owners.empty());
}

TEST_CASE("CoRwLock: threads lose no writes") {
  CoRwLock lock;
  u64 plain = 0;
  std::vector<std::thread> threads;
  for (u32 t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (u32 i = 0; i < 1000; ++i) {
        {
          const ScopedCoRwWriteLock guard(lock);
          ++plain;
        }
        const ScopedCoRwReadLock guard(lock);
        CHI_CHECK(plain > i);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(plain == 4000);
}

TEST_CASE("CoRwLock: readers of many groups are inside at once") {
  Scene scene;
  for (u64 group = 1; group <= 50; ++group) {
    scene.fleet.Push(group * 100 + kHoldRead);
  }
  REQUIRE(scene.log.Reaches(50));
  CHECK(scene.lock.Report().owners.size() == 50);
  scene.door.Open();
  REQUIRE(scene.fleet.Ended(50));
  CHECK(scene.lock.Report().owners.empty());
}

TEST_CASE("CoRwLock: readers that come later do not starve a writer") {
  Scene scene;
  scene.fleet.Push(100 + kHoldRead);
  REQUIRE(scene.log.Reaches(1));
  scene.fleet.Push(200 + kWrite);
  REQUIRE(scene.fleet.HasParked(1));
  scene.fleet.Push(300 + kRead);
  REQUIRE(scene.fleet.HasParked(2));
  scene.door.Open();
  REQUIRE(scene.fleet.Ended(3));
  CHECK(scene.log.Get() == std::vector<u64>{103, 202, 301});
}

TEST_CASE("CoRwLock: writers that come later do not starve readers") {
  Scene scene;
  for (u64 value : {100 + kHoldWrite, 200 + kRead, 300 + kRead, 400 + kWrite,
                    500 + kRead}) {
    scene.fleet.Push(value);
  }
  REQUIRE(scene.fleet.HasParked(4));
  scene.door.Open();
  REQUIRE(scene.fleet.Ended(5));
  CHECK(scene.log.Get() == std::vector<u64>{104, 201, 301, 402, 501});
}

TEST_CASE("CoRwLock: a group that reads may read again past a writer") {
  Scene scene(2);
  scene.fleet.Push(100 + kHoldRead);
  REQUIRE(scene.log.Reaches(1));
  scene.fleet.Push(200 + kWrite);
  REQUIRE(scene.fleet.HasParked(1));
  scene.fleet.Push(110 + kRead, 1);
  REQUIRE(scene.fleet.Ended(1));
  scene.door.Open();
  REQUIRE(scene.fleet.Ended(3));
  CHECK(scene.log.Get() == std::vector<u64>{103, 111, 202});
}

TEST_CASE("CoRwLock: a group that reads writes before those who wait") {
  Scene scene;
  scene.fleet.Push(100 + kUpgrade);
  scene.fleet.Push(300 + kHoldRead);
  REQUIRE(scene.log.Reaches(2));
  scene.fleet.Push(200 + kWrite);
  REQUIRE(scene.fleet.HasParked(1));
  scene.door.Open();
  REQUIRE(scene.fleet.Ended(3));
  CHECK(scene.log.Get() == std::vector<u64>{105, 303, 105, 202});
}

TEST_CASE("CoRwLock: a writer that gives up lets the readers behind it in") {
  ManualClock clock(1000);
  CoRwLock lock;
  Door door;
  Log<u64> log;
  Fleet fleet(
      1,
      [&](u64 value) {
        if (value == 200) {
          log.Add(lock.TryWriteLockFor(500) ? 1 : 200);
          return;
        }
        const ScopedCoRwReadLock guard(lock);
        log.Add(value);
        if (value == 100) door.Wait();
      },
      &clock);
  for (u64 value : {100, 200, 300}) fleet.Push(value);
  REQUIRE(fleet.HasParked(2));
  clock.Advance(500);
  REQUIRE(fleet.Ended(2));  // while 100 still reads
  CHECK(log.Get() == std::vector<u64>{100, 200, 300});
  door.Open();
  CHECK(fleet.Ended(3));
}

TEST_CASE("CoRwLock: those whose client is gone leave the queue") {
  CoRwLock lock;
  lock.WriteLock();
  Fleet fleet(2, [&](u64 value) {
    if (value % 200 == 0) {
      const ScopedCoRwReadLock guard(lock);
    } else {
      const ScopedCoRwWriteLock guard(lock);
    }
  });
  for (u64 group = 1; group <= 20; ++group) fleet.Push(group * 100, group % 2);
  REQUIRE(fleet.HasParked(20));
  fleet.DropClient();
  REQUIRE(fleet.Ended(20));
  CHECK(fleet.thrown().size() == 20);
  CHECK(lock.Report().waiting.empty());
  lock.WriteUnlock();
  CHECK(lock.Report().owners.empty());
}

// Whether all that `inside` counts are of `group`.
bool AllOf(u64 inside, u64 group) {
  return inside >> 32 == group * (inside & 0xffffffff);
}

// Tasks of few groups on four workers read and write, with tiny timeouts,
// yields inside and exceptions. What is claimed: a writer's group is alone
// inside, and in the end nobody holds the lock or waits.
TEST_CASE("CoRwLock: random programs keep writers alone") {
  const u64 seed = GENERATE(range(u64{1}, u64{9}));
  CAPTURE(seed);
  CoRwLock lock;
  Claims claims;
  std::atomic<u64> inside{0};   // sum of the groups << 32 | how many
  std::atomic<u64> writers{0};  // the same of writers
  const auto enter = [&](std::atomic<u64>& in, u64 group) {
    const u64 now = in.fetch_add((group << 32) + 1) + (group << 32) + 1;
    return AllOf(now, group);
  };
  const auto act = [&](u64 value) {
    SeededRandom random(seed * 1'000'003 + value);
    const u64 group = value / 100;
    for (u32 i = 0; i < 5; ++i) {
      const bool write = random.Below(3) == 0;
      if (random.Below(3) == 0) {
        const u64 ns = random.Below(20'000);
        if (!(write ? lock.TryWriteLockFor(ns) : lock.TryReadLockFor(ns))) {
          continue;
        }
      } else {
        write ? lock.WriteLock() : lock.ReadLock();
      }
      const bool alone = enter(inside, group);
      if (write) {
        claims.Expect(alone, "others are inside with a writer");
        claims.Expect(enter(writers, group), "two groups write");
      }
      if (random.Below(2) == 0) this_task::Yield();
      if (write) {
        claims.Expect(AllOf(inside.load(), group), "others have come in");
        writers.fetch_sub((group << 32) + 1);
      }
      inside.fetch_sub((group << 32) + 1);
      write ? lock.WriteUnlock() : lock.ReadUnlock();
      if (random.Below(20) == 0) {
        const ScopedCoRwWriteLock guard(lock);
        throw std::runtime_error("drawn");
      }
    }
  };
  Fleet fleet(4, act);
  constexpr u64 kTasks = 200;
  for (u64 i = 0; i < kTasks; ++i) {
    fleet.Push((1 + i % 17) * 100 + i % 100, static_cast<u32>(i % 4));
  }
  REQUIRE(fleet.Ended(kTasks));
  CHECK(claims.Broken() == "");
  CHECK(lock.Report().owners.empty());
  CHECK(lock.Report().waiting.empty());
  CHECK(fleet.HasParked(0));
}

}  // namespace
}  // namespace chi::test

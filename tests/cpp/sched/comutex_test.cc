// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// CoMutex: who waits for whom, in which order, and what becomes of those who
// give up. Numbers of tasks say to which group they belong (lock_harness.h).

#include "chimaera/sched/comutex.h"

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "chimaera/base/random.h"
#include "chimaera/comutex.h"
#include "sched/lock_harness.h"
#include "support/catch.h"

namespace chi::test {
namespace {

// As a module declares one; needs no constructor to run first.
CoMutex static_mutex;

TEST_CASE("CoMutex: a thread takes, tries and gives back") {
  CHECK(static_mutex.Report().owners.empty());
  REQUIRE(static_mutex.TryLock());
  std::thread([] { CHECK_FALSE(static_mutex.TryLock()); }).join();
  // The thread is its own group, which passes.
  static_mutex.Lock();
  CHECK(static_mutex.Report().owners.at(0).writes == 2);
  static_mutex.Unlock();
  static_mutex.Unlock();
  std::thread([] { const ScopedCoMutex lock(static_mutex); }).join();
  CHECK(static_mutex.Report().owners.empty());
}

TEST_CASE("CoMutex: threads exclude each other") {
  CoMutex mutex;
  u64 plain = 0;
  std::vector<std::thread> threads;
  for (u32 t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (u32 i = 0; i < 2000; ++i) {
        const ScopedCoMutex lock(mutex);
        ++plain;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(plain == 8000);
}

TEST_CASE("CoMutex: a thread that waits too long gives up and leaves") {
  CoMutex mutex;
  mutex.Lock();
  std::thread([&] { CHECK_FALSE(mutex.TryLockFor(1000)); }).join();
  CHECK(mutex.Report().waiting.empty());
  mutex.Unlock();
  std::thread([&] {
    CHECK(mutex.TryLockFor(1000));
    mutex.Unlock();
  }).join();
}

TEST_CASE("CoMutex: groups enter in the order in which they came") {
  CoMutex mutex;
  Door door;
  Log<u64> log;
  Fleet fleet(1, [&](u64 value) {
    const ScopedCoMutex lock(mutex);
    log.Add(value);
    if (value == 100) door.Wait();
  });
  for (u64 value : {100, 300, 200, 500, 400}) fleet.Push(value);
  REQUIRE(fleet.HasParked(4));
  door.Open();
  REQUIRE(fleet.Ended(5));
  CHECK(log.Get() == std::vector<u64>{100, 300, 200, 500, 400});
}

TEST_CASE("CoMutex: all that wait of one group enter together") {
  CoMutex mutex;
  Door door;
  std::atomic<u32> second_group{0};
  Fleet fleet(1, [&](u64 value) {
    const ScopedCoMutex lock(mutex);
    if (value == 100) return door.Wait();
    if (value / 100 != 2) return;
    ++second_group;
    while (second_group < 3) this_task::Yield();  // for all of them
  });
  for (u64 value : {100, 201, 300, 202, 203}) fleet.Push(value);
  REQUIRE(fleet.HasParked(4));
  const LockReport report = mutex.Report();
  REQUIRE(report.owners.size() == 1);
  CHECK(report.owners[0].group == GroupOf(100));
  REQUIRE(report.waiting.size() == 4);
  CHECK(report.waiting[2].group == GroupOf(203));
  CHECK(report.waiting[3].group == GroupOf(300));
  door.Open();
  REQUIRE(fleet.Ended(5));
  CHECK(mutex.Report().owners.empty());
}

TEST_CASE("CoMutex: a task passes the lock that its own group holds") {
  CoMutex mutex;
  Door door;
  Log<u64> log;
  Fleet fleet(2, [&](u64 value) {
    const ScopedCoMutex lock(mutex);
    log.Add(value);
    if (value == 101) door.Wait();
    if (value == 102) door.Open();
  });
  fleet.Push(101);
  REQUIRE(log.Reaches(1));
  fleet.Push(200);
  REQUIRE(fleet.HasParked(1));
  fleet.Push(102, 1);  // on another worker, past who waits
  REQUIRE(fleet.Ended(3));
  CHECK(log.Get() == std::vector<u64>{101, 102, 200});
}

TEST_CASE("CoMutex: the scope gives it back when the method throws") {
  CoMutex mutex;
  Fleet fleet(1, [&](u64 value) {
    const ScopedCoMutex lock(mutex);
    this_task::Yield();
    if (value == 100) throw std::runtime_error("broken");
  });
  for (u64 value : {100, 200, 300}) fleet.Push(value);
  REQUIRE(fleet.Ended(3));
  CHECK(fleet.thrown().size() == 1);
  CHECK(mutex.Report().owners.empty());
}

TEST_CASE("CoMutex: a method that waits too long gives up and leaves") {
  ManualClock clock(1000);
  CoMutex mutex;
  Door door;
  std::atomic<int> got{-1};
  Fleet fleet(
      1,
      [&](u64 value) {
        if (value == 200) {
          got = mutex.TryLockFor(500) ? 1 : 0;
        } else {
          const ScopedCoMutex lock(mutex);
          if (value == 100) door.Wait();
        }
      },
      &clock);
  for (u64 value : {100, 200, 300}) fleet.Push(value);
  REQUIRE(fleet.HasParked(2));
  clock.Advance(499);
  CHECK(mutex.Report().waiting.size() == 2);
  clock.Advance(1);
  REQUIRE(WaitUntil([&] { return got == 0; }));
  CHECK(mutex.Report().waiting.size() == 1);
  door.Open();
  CHECK(fleet.Ended(3));
}

TEST_CASE("CoMutex: those whose client is gone leave the queue") {
  CoMutex mutex;
  mutex.Lock();
  Fleet fleet(2, [&](u64) { const ScopedCoMutex lock(mutex); });
  for (u64 group = 1; group <= 20; ++group) fleet.Push(group * 100, group % 2);
  REQUIRE(fleet.HasParked(20));
  fleet.DropClient();
  REQUIRE(fleet.Ended(20));
  CHECK(fleet.thrown().size() == 20);
  CHECK(fleet.thrown()[0].second == StatusCode::kCancelled);
  CHECK(mutex.Report().waiting.empty());
  mutex.Unlock();
  CHECK(mutex.Report().owners.empty());
}

TEST_CASE("CoMutex: a thread and methods of two workers exclude each other") {
  CoMutex mutex;
  u64 plain = 0;
  Fleet fleet(2, [&](u64) {
    for (u32 i = 0; i < 10; ++i) {
      const ScopedCoMutex lock(mutex);
      ++plain;
      if (i % 3 == 0) this_task::Yield();
    }
  });
  for (u64 group = 1; group <= 200; ++group) {
    fleet.Push(group * 100, group % 2);
    const ScopedCoMutex lock(mutex);
    ++plain;
  }
  REQUIRE(fleet.Ended(200));
  const ScopedCoMutex lock(mutex);
  CHECK(plain == 2200);
}

// Tasks of few groups on four workers lock, lock again, yield inside, try with
// tiny timeouts and throw. What is claimed: two groups are never inside at
// once, and in the end nobody holds it or waits.
TEST_CASE("CoMutex: random programs keep groups apart") {
  const u64 seed = GENERATE(range(u64{1}, u64{9}));
  CAPTURE(seed);
  CoMutex mutex;
  Claims claims;
  std::atomic<u64> inside{0};  // group << 32 | how many
  const auto act = [&](u64 value) {
    SeededRandom random(seed * 1'000'003 + value);
    const u64 group = value / 100;
    for (u32 i = 0; i < 5; ++i) {
      if (random.Below(3) == 0) {
        if (!mutex.TryLockFor(random.Below(20'000))) continue;
      } else {
        mutex.Lock();
      }
      const u64 before = inside.fetch_add((group << 32) + 1);
      const u64 others = before & 0xffffffff;
      claims.Expect(others == 0 || before >> 32 == group * others,
                    "two groups are inside");
      if (random.Below(2) == 0) this_task::Yield();
      if (random.Below(4) == 0) {
        const ScopedCoMutex again(mutex);
        this_task::Yield();
      }
      inside.fetch_sub((group << 32) + 1);
      mutex.Unlock();
      if (random.Below(20) == 0) {
        const ScopedCoMutex lock(mutex);
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
  CHECK(mutex.Report().owners.empty());
  CHECK(mutex.Report().waiting.empty());
  CHECK(fleet.HasParked(0));
}

}  // namespace
}  // namespace chi::test

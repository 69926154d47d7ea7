// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One who waits, in a method or on a thread, and one who sets the event.

#include "chimaera/sched/coevent.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "sched/lock_harness.h"
#include "support/catch.h"

namespace chi::test {
namespace {

TEST_CASE("CoEvent: what is set already needs no waiting") {
  CoEvent event;
  event.Set();
  CHECK(event.Wait(0).ok());
  event.WaitForCertain();
  event.Reset();
  CHECK_FALSE(event.IsSet());
  CHECK(event.Wait(1000).code() == StatusCode::kDeadlineExceeded);
}

TEST_CASE("CoEvent: a thread sleeps until another sets it") {
  for (u32 i = 0; i < 200; ++i) {
    u64 result = 0;
    CoEvent event;
    std::thread other([&] {
      result = 42;
      event.Set();
    });
    if (i % 2 == 0) {
      CHECK(event.Wait().ok());
    } else {
      event.WaitForCertain();
    }
    CHECK(result == 42);
    other.join();
  }
}

TEST_CASE("CoEvent: a method is parked until a thread sets it") {
  CoEvent event;
  std::atomic<bool> ok{false};
  Fleet fleet(1, [&](u64) { ok = event.Wait().ok(); });
  fleet.Push(100);
  REQUIRE(fleet.HasParked(1));
  event.Set();
  REQUIRE(fleet.Ended(1));
  CHECK(ok);
}

TEST_CASE("CoEvent: a method gives up at its deadline, and may wait again") {
  ManualClock clock(1000);
  CoEvent event;
  Log<StatusCode> log;
  Fleet fleet(
      1,
      [&](u64) {
        log.Add(event.Wait(500).code());
        log.Add(event.Wait(500).code());
      },
      &clock);
  fleet.Push(100);
  REQUIRE(fleet.HasParked(1));
  clock.Advance(500);
  REQUIRE(log.Reaches(1));
  REQUIRE(fleet.HasParked(1));
  event.Set();
  REQUIRE(fleet.Ended(1));
  CHECK(log.Get() == std::vector<StatusCode>{StatusCode::kDeadlineExceeded,
                                             StatusCode::kOk});
}

TEST_CASE("CoEvent: cancelling ends Wait, but not WaitForCertain") {
  CoEvent first, second;
  Fleet fleet(1, [&](u64 value) {
    if (value == 100) return static_cast<void>(first.Wait());
    second.WaitForCertain();
  });
  fleet.Push(100);
  fleet.Push(200);
  REQUIRE(fleet.HasParked(2));
  fleet.DropClient();
  REQUIRE(fleet.Ended(1));
  CHECK(fleet.thrown().size() == 1);
  REQUIRE(fleet.HasParked(1));
  second.Set();
  CHECK(fleet.Ended(2));
}

// The method's deadline and the thread's Set meet as often as they like to.
TEST_CASE("CoEvent: set at the moment of the deadline") {
  constexpr u64 kRounds = 500;
  std::vector<std::unique_ptr<CoEvent>> events;
  for (u64 i = 0; i <= kRounds; ++i) {
    events.push_back(std::make_unique<CoEvent>());
  }
  std::atomic<u64> waiting{0};
  Fleet fleet(1, [&](u64 value) {
    waiting = value;
    if (events[value]->Wait(value * 100).ok()) return;
    events[value]->WaitForCertain();
  });
  for (u64 i = 1; i <= kRounds; ++i) {
    fleet.Push(i);
    REQUIRE(WaitUntil([&] { return waiting == i; }));
    for (u64 spin = 0; spin < 20 * (i % 50); ++spin) {
      static_cast<void>(waiting.load());
    }
    events[i]->Set();
    REQUIRE(fleet.Ended(i));
  }
}

}  // namespace
}  // namespace chi::test

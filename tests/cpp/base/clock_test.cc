// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Clocks and deadlines. Nothing here depends on how fast the machine is.

#include "chimaera/base/clock.h"

#include <atomic>
#include <thread>

#include "support/catch.h"

namespace chi {
namespace {

TEST_CASE("SystemClock: never goes back") {
  const Clock& clock = SystemClock::Get();
  u64 last = clock.NowNs();
  for (int i = 0; i < 10000; ++i) {
    const u64 now = clock.NowNs();
    REQUIRE(now >= last);
    last = now;
  }
}

TEST_CASE("SystemClock: the coarse time is never ahead of the exact one") {
  const SystemClock& clock = SystemClock::Get();
  for (int i = 0; i < 1000; ++i) {
    const u64 coarse = clock.CoarseNs();
    const u64 exact = clock.NowNs();
    REQUIRE(coarse > 0);
    REQUIRE(coarse <= exact);
  }
}

TEST_CASE("SystemClock: Get gives one instance") {
  CHECK(&SystemClock::Get() == &SystemClock::Get());
}

TEST_CASE("ManualClock: stands still until advanced") {
  ManualClock clock(5);
  CHECK(clock.NowNs() == 5);
  CHECK(clock.NowNs() == 5);
  clock.Advance(0);
  CHECK(clock.NowNs() == 5);
  clock.Advance(kNsPerMs);
  CHECK(clock.NowNs() == 5 + kNsPerMs);
}

TEST_CASE("ManualClock: publishes what was done before Advance") {
  ManualClock clock;
  int payload = 0;
  int seen = -1;
  std::thread reader([&] {
    while (clock.NowNs() == 0) {
      std::this_thread::yield();
    }
    seen = payload;
  });
  payload = 42;
  clock.Advance(1);
  reader.join();
  CHECK(seen == 42);
}

TEST_CASE("DeadlineNs: adds, and never wraps around") {
  CHECK(DeadlineNs(10, 5) == 15);
  CHECK(DeadlineNs(10, 0) == 10);
  CHECK(DeadlineNs(10, kNoDeadlineNs) == kNoDeadlineNs);
  CHECK(DeadlineNs(kNoDeadlineNs, 1) == kNoDeadlineNs);
  CHECK(DeadlineNs(1, kNoDeadlineNs - 1) == kNoDeadlineNs);
  CHECK(DeadlineNs(1, kNoDeadlineNs - 2) == kNoDeadlineNs - 1);
}

}  // namespace
}  // namespace chi

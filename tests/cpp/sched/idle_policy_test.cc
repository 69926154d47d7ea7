// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How long a worker polls, on a clock that the test turns.

#include "sched/idle_policy.h"

#include "support/catch.h"

namespace chi::test {
namespace {

constexpr u64 kFirstNs = 50 * kNsPerUs;
constexpr u64 kMaxNs = 200 * kNsPerUs;

// Polls until the policy says to sleep, a turn every 100 ns; how long it was.
u64 PollUntilSleep(IdlePolicy& policy, ManualClock& clock) {
  const u64 start_ns = clock.NowNs();
  while (policy.KeepSpinning()) {
    clock.Advance(100);
    REQUIRE(clock.NowNs() - start_ns < kNsPerSec);
  }
  return clock.NowNs() - start_ns;
}

// Lets work arrive `gap_ns` after the last, `times` times.
void WorkEvery(IdlePolicy& policy, ManualClock& clock, u64 gap_ns, int times) {
  for (int i = 0; i < times; ++i) {
    const u64 start_ns = clock.NowNs();
    while (clock.NowNs() - start_ns < gap_ns && policy.KeepSpinning()) {
      clock.Advance(100);
    }
    const u64 polled_ns = clock.NowNs() - start_ns;
    if (polled_ns < gap_ns) clock.Advance(gap_ns - polled_ns);
    policy.OnWork();
  }
}

TEST_CASE("IdlePolicy: it polls for first_busy_wait to begin with") {
  ManualClock clock(1);
  IdlePolicy policy(clock, kFirstNs, kMaxNs, true);
  const u64 polled_ns = PollUntilSleep(policy, clock);
  CHECK(polled_ns >= kFirstNs);
  CHECK(polled_ns <= kFirstNs + 20 * kNsPerUs);
}

TEST_CASE("IdlePolicy: on one CPU it never polls") {
  ManualClock clock(1);
  IdlePolicy policy(clock, kFirstNs, kMaxNs, false);
  CHECK_FALSE(policy.KeepSpinning());
  CHECK(policy.budget_ns() == 0);
}

TEST_CASE("IdlePolicy: gaps of 80 us make it poll longer, up to the maximum") {
  ManualClock clock(1);
  IdlePolicy policy(clock, kFirstNs, kMaxNs, true);
  WorkEvery(policy, clock, 80 * kNsPerUs, 200);
  CHECK(policy.budget_ns() > kFirstNs);
  CHECK(policy.budget_ns() <= kMaxNs);
}

TEST_CASE("IdlePolicy: when work comes once a millisecond it does not poll") {
  ManualClock clock(1);
  IdlePolicy policy(clock, kFirstNs, kMaxNs, true);
  WorkEvery(policy, clock, kNsPerMs, 200);
  CHECK(policy.budget_ns() == 0);
}

TEST_CASE("IdlePolicy: it polls again when work comes fast again") {
  ManualClock clock(1);
  IdlePolicy policy(clock, kFirstNs, kMaxNs, true);
  WorkEvery(policy, clock, 10 * kNsPerMs, 200);
  REQUIRE(policy.budget_ns() == 0);
  WorkEvery(policy, clock, 2 * kNsPerUs, 200);
  CHECK(PollUntilSleep(policy, clock) >= kFirstNs);
}

}  // namespace
}  // namespace chi::test

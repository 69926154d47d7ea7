// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The tests' only way to wait for something that another thread or process
// does: look until it is so, or until a deadline so late that only a hang meets
// it.

#ifndef CHIMAERA_TESTS_SUPPORT_WAIT_UNTIL_H_
#define CHIMAERA_TESTS_SUPPORT_WAIT_UNTIL_H_

#include <time.h>

#include "chimaera/base/clock.h"
#include "chimaera/base/types.h"

namespace chi::test {

/// A bound against hangs, not a claim about speed.
inline constexpr u64 kHangNs = 60 * kNsPerSec;

/// True as soon as `condition()` is, false if it is not by the deadline.
template <typename Condition>
[[nodiscard]] bool WaitUntil(Condition condition, u64 timeout_ns = kHangNs) {
  const Clock& clock = SystemClock::Get();
  const u64 deadline_ns = DeadlineNs(clock.NowNs(), timeout_ns);
  while (!condition()) {
    if (clock.NowNs() >= deadline_ns) return condition();
    const timespec pause = {0, 200'000};
    nanosleep(&pause, nullptr);
  }
  return true;
}

}  // namespace chi::test

#endif  // CHIMAERA_TESTS_SUPPORT_WAIT_UNTIL_H_

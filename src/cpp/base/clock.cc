// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// SystemClock on CLOCK_MONOTONIC, which the kernel answers without a call.

#include "chimaera/base/clock.h"

#include <time.h>

#include "chimaera/base/check.h"

namespace chi {

namespace {

u64 Read(clockid_t clock) {
  timespec now{};
  const int error = ::clock_gettime(clock, &now);
  CHI_CHECK(error == 0, "clock_gettime({})", clock);
  return static_cast<u64>(now.tv_sec) * kNsPerSec +
         static_cast<u64>(now.tv_nsec);
}

}  // namespace

u64 SystemClock::NowNs() const { return Read(CLOCK_MONOTONIC); }
u64 SystemClock::CoarseNs() const { return Read(CLOCK_MONOTONIC_COARSE); }

const SystemClock& SystemClock::Get() {
  static const SystemClock clock;
  return clock;
}

u64 UnixNs() { return Read(CLOCK_REALTIME); }

}  // namespace chi

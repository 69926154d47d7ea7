// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// When a periodic task is run, by numbers; outcomes_test.cc in runtime runs
// some.

#include "core/periodic.h"

#include <cmath>
#include <limits>

#include "support/catch.h"

namespace chi::test {
namespace {

TEST_CASE("Period: times are multiples from the first, without drift") {
  constexpr double kThird = 1e9 / 3;
  Period period(kThird, 1000);
  u64 now_ns = 1000;
  for (u64 k = 1; k <= 3'000'000; ++k) {
    REQUIRE(period.Advance(now_ns + 7) == 0);
    now_ns = period.DueNs();
  }
  CHECK(now_ns == 1000 + 1'000'000 * u64{1'000'000'000});
}

TEST_CASE("Period: a time that is now is not missed") {
  Period period(1000, 0);
  CHECK(period.Advance(1000) == 0);
  CHECK(period.DueNs() == 1000);
}

TEST_CASE("Period: what is over is counted, and the next is in the future") {
  Period period(1000, 0);
  CHECK(period.Advance(1001) == 1);
  CHECK(period.DueNs() == 2000);
  CHECK(period.Advance(12'345) == 10);
  CHECK(period.DueNs() == 13'000);
  CHECK(period.Advance(13'000) == 0);
  CHECK(period.DueNs() == 14'000);
}

TEST_CASE("Period: from a microsecond to a year") {
  CHECK(Period::IsValid(1e3));
  CHECK(Period::IsValid(3.2e16));
  CHECK_FALSE(Period::IsValid(999));
  CHECK_FALSE(Period::IsValid(-1));
  CHECK_FALSE(Period::IsValid(4e16));
  CHECK_FALSE(Period::IsValid(std::numeric_limits<double>::quiet_NaN()));
  CHECK_FALSE(Period::IsValid(std::numeric_limits<double>::infinity()));
}

}  // namespace
}  // namespace chi::test

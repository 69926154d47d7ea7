// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The counters of copies, under a clock that copies move on.

#include "chimaera/bdev/copy_meter.h"

#include "support/catch.h"

namespace chimaera::bdev {
namespace {

using chi::ManualClock;
using chi::Status;
using chi::u32;
using chi::u64;

void Copy(CopyMeter& meter, ManualClock& clock, u64 bytes, u64 ns) {
  CHECK(meter
            .Run(bytes,
                 [&] {
                   clock.Advance(ns);
                   return Status();
                 })
            .ok());
}

TEST_CASE("CopyMeter: every copy and its bytes are counted") {
  ManualClock clock;
  CopyMeter meter(clock);
  for (u64 bytes = 0; bytes < 1000; ++bytes) Copy(meter, clock, bytes, 10);
  CHECK(meter.calls() == 1000);
  CHECK(meter.bytes() == 999 * 1000 / 2);
}

TEST_CASE("CopyMeter: small copies count as long as the last timed one") {
  ManualClock clock;
  CopyMeter meter(clock);
  for (u32 i = 0; i < CopyMeter::kPeriod; ++i) Copy(meter, clock, 4096, 10 + i);
  CHECK(meter.ns() == 10 * CopyMeter::kPeriod);
  Copy(meter, clock, 4096, 50);
  CHECK(meter.ns() == 10 * CopyMeter::kPeriod + 50);
}

TEST_CASE("CopyMeter: sizes that differ twofold are timed by themselves") {
  ManualClock clock;
  CopyMeter meter(clock);
  Copy(meter, clock, 512, 10);
  Copy(meter, clock, 4096, 80);
  Copy(meter, clock, 512, 1000);
  CHECK(meter.ns() == 10 + 80 + 10);
}

TEST_CASE("CopyMeter: every large copy is timed") {
  ManualClock clock;
  CopyMeter meter(clock);
  for (u64 i = 1; i <= 4; ++i) {
    Copy(meter, clock, CopyMeter::kMaxSampled + 1, i);
  }
  CHECK(meter.ns() == 1 + 2 + 3 + 4);
}

TEST_CASE("CopyMeter: what fails is not counted") {
  CopyMeter meter;
  for (const u64 bytes : {u64{1}, CopyMeter::kMaxSampled + 1}) {
    const Status ran = meter.Run(bytes, [] { return Status::Io("broken"); });
    CHECK(ran.code() == chi::StatusCode::kIo);
  }
  CHECK(meter.calls() == 0);
  CHECK(meter.bytes() == 0);
}

}  // namespace
}  // namespace chimaera::bdev

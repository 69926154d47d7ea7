// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The counters of copies, under a clock that copies move on.

#include "chimaera/bdev/copy_meter.h"

#include <cmath>

#include "support/catch.h"

namespace chimaera::bdev {
namespace {

using chi::LatencyCounts;
using chi::LatencyHistogram;
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

TEST_CASE("LatencyHistogram: buckets follow each other and are narrow") {
  u64 before = LatencyHistogram::BucketOf(0);
  CHECK(before == 0);
  for (u64 ns = 1; ns < u64{1} << 40; ns += 1 + ns / 100) {
    INFO(ns);
    const u64 bucket = LatencyHistogram::BucketOf(ns);
    CHECK((bucket == before || bucket == before + 1));
    before = bucket;
    const double middle =
        static_cast<double>(LatencyHistogram::MiddleOf(bucket));
    CHECK(std::abs(middle - static_cast<double>(ns)) <=
          static_cast<double>(ns) / 32);
  }
  CHECK(LatencyHistogram::BucketOf(~u64{0}) ==
        LatencyHistogram::BucketOf(u64{1} << 42));
}

TEST_CASE("LatencyHistogram: quantiles are those of what was added") {
  LatencyHistogram histogram;
  CHECK(histogram.Counts().empty());
  CHECK(LatencyHistogram::Quantile({}, 0.5) == 0);
  for (u64 ns = 1; ns <= 100'000; ++ns) histogram.Add(ns);
  CHECK(histogram.total() == 100'000);
  const auto counts = histogram.Counts();
  for (const double part : {0.0001, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    INFO(part);
    const auto found =
        static_cast<double>(LatencyHistogram::Quantile(counts, part));
    CHECK(std::abs(found - part * 1e5) <= part * 1e5 / 16);
  }
  // One slow one in a thousand is seen by p999 and above only.
  LatencyHistogram stalls;
  for (int i = 0; i < 998; ++i) stalls.Add(1000);
  for (int i = 0; i < 2; ++i) stalls.Add(5'000'000'000);
  CHECK(LatencyHistogram::Quantile(stalls.Counts(), 0.99) < 1100);
  CHECK(LatencyHistogram::Quantile(stalls.Counts(), 0.999) > 4'800'000'000);
}

TEST_CASE("LatencyHistogram: a sample stands for as many as it is told") {
  LatencyHistogram histogram;
  histogram.Add(100);
  histogram.Add(3000, 64);
  const LatencyCounts read = histogram.Read();
  CHECK(read.total() == 65);
  CHECK(read.sum_ns == 100 + 64 * 3000);
  CHECK(read.max_ns == 3000);
  CHECK(LatencyHistogram::Quantile(read.counts, 0.5) > 2900);
}

TEST_CASE("LatencyHistogram: every time lies within the bounds of its bucket") {
  for (const u64 ns : {u64{0}, u64{1}, u64{31}, u64{32}, u64{33}, u64{1000},
                       u64{123'456'789}}) {
    const u64 bucket = LatencyHistogram::BucketOf(ns);
    CHECK(LatencyHistogram::FirstOf(bucket) <= ns);
    CHECK(ns < LatencyHistogram::FirstOf(bucket + 1));
  }
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

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How often something took how long. Buckets are 1/16 of a power of two wide,
// so what is read from them is right to within 1/32 (3.2 %); it takes one
// addition to note a time.

#ifndef CHIMAERA_BDEV_LATENCY_HISTOGRAM_H_
#define CHIMAERA_BDEV_LATENCY_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <vector>

#include "chimaera/base/types.h"

namespace chimaera::bdev {

/// Safe from any thread; counts order nothing else: all relaxed.
class LatencyHistogram {
 public:
  void Add(chi::u64 ns) {
    counts_[BucketOf(ns)].fetch_add(1, std::memory_order_relaxed);
  }

  chi::u64 total() const {
    chi::u64 sum = 0;
    for (const auto& count : counts_) {
      sum += count.load(std::memory_order_relaxed);
    }
    return sum;
  }

  /// By bucket, without the zeros at the end.
  std::vector<chi::u64> Counts() const {
    std::vector<chi::u64> counts;
    for (const auto& count : counts_) {
      counts.push_back(count.load(std::memory_order_relaxed));
    }
    while (!counts.empty() && counts.back() == 0) counts.pop_back();
    return counts;
  }

  /// The least number of nanoseconds within which `part`, 0 to 1, of `counts`
  /// were over: the middle of its bucket. 0 if there are none.
  static chi::u64 Quantile(const std::vector<chi::u64>& counts, chi::f64 part) {
    chi::u64 total = 0;
    for (const chi::u64 count : counts) total += count;
    if (total == 0) return 0;
    const auto wanted = std::max<chi::u64>(
        1,
        static_cast<chi::u64>(std::ceil(part * static_cast<chi::f64>(total))));
    chi::u64 seen = 0;
    std::size_t bucket = 0;
    while (bucket + 1 < counts.size() && seen + counts[bucket] < wanted) {
      seen += counts[bucket++];
    }
    return MiddleOf(bucket);
  }

  static constexpr std::size_t BucketOf(chi::u64 ns) {
    if (ns < kSteps) return ns;
    const auto shift = 63 - kBits - static_cast<chi::u32>(__builtin_clzll(ns));
    // The upper bits of ns, from kSteps to 2 * kSteps - 1.
    const std::size_t bucket = shift * kSteps + (ns >> shift);
    return std::min(bucket, kBuckets - 1);
  }
  static constexpr chi::u64 MiddleOf(std::size_t bucket) {
    if (bucket < 2 * kSteps) return bucket;
    const chi::u64 shift = bucket / kSteps - 1;
    const chi::u64 first = (bucket - shift * kSteps) << shift;
    return first + (chi::u64{1} << (shift - 1));
  }

 private:
  static constexpr chi::u32 kBits = 4;
  static constexpr std::size_t kSteps = std::size_t{1} << kBits;
  // Half an hour and more is one bucket.
  static constexpr std::size_t kBuckets = (41 - kBits + 1) * kSteps;

  std::array<std::atomic<chi::u64>, kBuckets> counts_{};
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_LATENCY_HISTOGRAM_H_

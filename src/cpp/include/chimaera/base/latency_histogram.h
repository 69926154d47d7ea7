// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How often something took how long. Buckets are 1/16 of a power of two wide,
// so what is read from them is right to within 1/32 (3.2 %); it takes a few
// additions to note a time. Where only one in so many is timed, each stands for
// as many.

#ifndef CHIMAERA_BASE_LATENCY_HISTOGRAM_H_
#define CHIMAERA_BASE_LATENCY_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "chimaera/base/types.h"

namespace chi {

class JsonWriter;

/// What a histogram holds at a moment.
struct LatencyCounts {
  std::vector<u64> counts;  ///< By bucket, without the zeros at the end.
  u64 sum_ns = 0;
  u64 max_ns = 0;  ///< Of the times that were noted.

  u64 total() const;
  /// See docs/observing.md, "Histograms".
  void Write(JsonWriter& json) const;
};

/// Safe from any thread; counts order nothing else: all relaxed.
class LatencyHistogram {
 public:
  /// `weight` times `ns`.
  void Add(u64 ns, u64 weight = 1) {
    counts_[BucketOf(ns)].fetch_add(weight, std::memory_order_relaxed);
    sum_ns_.fetch_add(ns * weight, std::memory_order_relaxed);
    u64 max_ns = max_ns_.load(std::memory_order_relaxed);
    while (ns > max_ns && !max_ns_.compare_exchange_weak(
                              max_ns, ns, std::memory_order_relaxed)) {
    }
  }

  u64 total() const {
    u64 sum = 0;
    for (const auto& count : counts_) {
      sum += count.load(std::memory_order_relaxed);
    }
    return sum;
  }

  /// By bucket, without the zeros at the end.
  std::vector<u64> Counts() const;
  LatencyCounts Read() const;

  /// The least number of nanoseconds within which `part`, 0 to 1, of `counts`
  /// were over: the middle of its bucket. 0 if there are none.
  static u64 Quantile(const std::vector<u64>& counts, f64 part);

  static constexpr std::size_t BucketOf(u64 ns) {
    if (ns < kSteps) return ns;
    const auto shift = 63 - kBits - static_cast<u32>(__builtin_clzll(ns));
    // The upper bits of ns, from kSteps to 2 * kSteps - 1.
    const std::size_t bucket = shift * kSteps + (ns >> shift);
    return std::min(bucket, kBuckets - 1);
  }
  static constexpr u64 MiddleOf(std::size_t bucket) {
    if (bucket < 2 * kSteps) return bucket;
    return FirstOf(bucket) + (u64{1} << (bucket / kSteps - 2));
  }
  /// The least time that is counted there.
  static constexpr u64 FirstOf(std::size_t bucket) {
    if (bucket < 2 * kSteps) return bucket;
    const u64 shift = bucket / kSteps - 1;
    return (bucket - shift * kSteps) << shift;
  }

 private:
  static constexpr u32 kBits = 4;
  static constexpr std::size_t kSteps = std::size_t{1} << kBits;
  // Half an hour and more is one bucket.
  static constexpr std::size_t kBuckets = (41 - kBits + 1) * kSteps;

  std::array<std::atomic<u64>, kBuckets> counts_{};
  std::atomic<u64> sum_ns_{0};
  std::atomic<u64> max_ns_{0};
};

/// One that takes its 5 KiB when the first time is noted. Safe from any thread.
class LazyLatencyHistogram {
 public:
  LazyLatencyHistogram() = default;
  ~LazyLatencyHistogram() { delete histogram_.load(); }
  LazyLatencyHistogram(const LazyLatencyHistogram&) = delete;
  LazyLatencyHistogram& operator=(const LazyLatencyHistogram&) = delete;

  /// Nothing is noted where there is no memory for it.
  void Add(u64 ns, u64 weight) {
    LatencyHistogram* histogram = histogram_.load(std::memory_order_acquire);
    if (histogram == nullptr) histogram = Make();
    if (histogram != nullptr) histogram->Add(ns, weight);
  }

  LatencyCounts Read() const;

 private:
  LatencyHistogram* Make();

  // Written once, by Make (release); whoever reads it (acquire) finds zeros.
  std::atomic<LatencyHistogram*> histogram_{nullptr};
};

}  // namespace chi

#endif  // CHIMAERA_BASE_LATENCY_HISTOGRAM_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Counts copies, adds up their time, and keeps how often it was how long. Two
// readings of the clock take half as long as a copy of 4 KiB, so of small
// copies only some are timed: in every class of sizes (powers of two) one in
// kPeriod, and the others count as long as the last one that was. The sum is
// right on average, and never falls.

#ifndef CHIMAERA_BDEV_COPY_METER_H_
#define CHIMAERA_BDEV_COPY_METER_H_

#include <chimaera/base/latency_histogram.h>
#include <chimaera/chimaera.h>

#include <array>
#include <atomic>

namespace chimaera::bdev {

/// Safe from any thread. The numbers order nothing else, and each is right for
/// itself only: all relaxed.
class CopyMeter {
 public:
  /// Copies above are all timed.
  static constexpr chi::u64 kMaxSampled = 64 * chi::kKiB - 1;
  /// Odd, so that sizes which alternate are not timed in step with it.
  static constexpr chi::u32 kPeriod = 15;

  explicit CopyMeter(const chi::Clock& clock = chi::SystemClock::Get())
      : clock_(clock) {}
  CopyMeter(const CopyMeter&) = delete;
  CopyMeter& operator=(const CopyMeter&) = delete;

  /// Calls copy(), which moves `bytes` bytes and returns a Status; counts it
  /// unless it fails.
  template <class Copy>
  chi::Status Run(chi::u64 bytes, const Copy& copy) {
    if (bytes > kMaxSampled) return RunTimed(bytes, copy, nullptr);
    SizeClass& size = classes_[ClassOf(bytes)];
    // Lost updates of two threads only shift the turn.
    const chi::u32 left = size.left.load(std::memory_order_relaxed);
    if (left == 0) return RunTimed(bytes, copy, &size);
    size.left.store(left - 1, std::memory_order_relaxed);
    CHI_RETURN_IF_ERROR(copy());
    Count(bytes, size.ns.load(std::memory_order_relaxed));
    return chi::Status();
  }

  chi::u64 calls() const { return latencies_.total(); }
  chi::u64 bytes() const { return bytes_.load(std::memory_order_relaxed); }
  chi::u64 ns() const { return ns_.load(std::memory_order_relaxed); }
  const chi::LatencyHistogram& latencies() const { return latencies_; }

 private:
  struct SizeClass {
    std::atomic<chi::u32> left{0};  // copies before one is timed
    std::atomic<chi::u64> ns{0};    // of the last one that was
  };

  // The number of bits of `bytes`.
  static chi::u32 ClassOf(chi::u64 bytes) {
    return bytes == 0 ? 0 : 64 - static_cast<chi::u32>(__builtin_clzll(bytes));
  }

  template <class Copy>
  chi::Status RunTimed(chi::u64 bytes, const Copy& copy, SizeClass* size) {
    const chi::u64 begin_ns = clock_.NowNs();
    CHI_RETURN_IF_ERROR(copy());
    const chi::u64 ns = clock_.NowNs() - begin_ns;
    if (size != nullptr) {
      size->ns.store(ns, std::memory_order_relaxed);
      size->left.store(kPeriod - 1, std::memory_order_relaxed);
    }
    Count(bytes, ns);
    return chi::Status();
  }

  void Count(chi::u64 bytes, chi::u64 ns) {
    latencies_.Add(ns);
    bytes_.fetch_add(bytes, std::memory_order_relaxed);
    ns_.fetch_add(ns, std::memory_order_relaxed);
  }

  const chi::Clock& clock_;
  std::atomic<chi::u64> bytes_{0};
  std::atomic<chi::u64> ns_{0};
  std::array<SizeClass, 17> classes_;  // ClassOf(kMaxSampled) is 16
  chi::LatencyHistogram latencies_;    // and how many
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_COPY_METER_H_

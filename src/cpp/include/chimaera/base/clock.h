// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Time as an interface, so that tests turn the hands themselves. All deadlines
// and timeouts in Chimaera are measured on a monotonic clock in nanoseconds;
// wall-clock time appears in what people read only.

#ifndef CHIMAERA_BASE_CLOCK_H_
#define CHIMAERA_BASE_CLOCK_H_

#include <atomic>

#include "chimaera/base/types.h"

namespace chi {

inline constexpr u64 kNsPerUs = 1000;
inline constexpr u64 kNsPerMs = 1000 * kNsPerUs;
inline constexpr u64 kNsPerSec = 1000 * kNsPerMs;

/// A deadline that never comes.
inline constexpr u64 kNoDeadlineNs = ~u64{0};

/// `now_ns + timeout_ns`, or kNoDeadlineNs where that would overflow.
[[nodiscard]] constexpr u64 DeadlineNs(u64 now_ns, u64 timeout_ns) {
  return timeout_ns > kNoDeadlineNs - now_ns ? kNoDeadlineNs
                                             : now_ns + timeout_ns;
}

/// Safe from any thread.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  /// Nanoseconds since an arbitrary start. Never goes back.
  [[nodiscard]] virtual u64 NowNs() const = 0;

  /// NowNs of up to a few milliseconds ago, for a fraction of its price.
  [[nodiscard]] virtual u64 CoarseNs() const { return NowNs(); }
};

/// CLOCK_MONOTONIC: one time line for all processes of the machine, which does
/// not advance while it is suspended.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] u64 NowNs() const override;
  [[nodiscard]] u64 CoarseNs() const override;

  /// The one instance; lives until the process ends.
  [[nodiscard]] static const SystemClock& Get();
};

/// Nanoseconds since 1970, as the machine has been told; for people to read.
[[nodiscard]] u64 UnixNs();

/// Stands still until told otherwise. For tests.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(u64 start_ns = 0) : now_ns_(start_ns) {}

  [[nodiscard]] u64 NowNs() const override {
    return now_ns_.load(std::memory_order_acquire);
  }

  /// What the caller did before Advance is visible to whoever reads the new
  /// time (release, with the acquire in NowNs).
  void Advance(u64 delta_ns) {
    now_ns_.fetch_add(delta_ns, std::memory_order_acq_rel);
  }

 private:
  std::atomic<u64> now_ns_;
};

}  // namespace chi

#endif  // CHIMAERA_BASE_CLOCK_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How long an idle worker polls before it sleeps. Waking it costs a client
// tens of microseconds, polling costs a core; so it polls about twice as long
// as work has lately taken to come, and not at all where that would not have
// helped, or where there is no second CPU on which work could arise.

#ifndef CHIMAERA_SCHED_IDLE_POLICY_H_
#define CHIMAERA_SCHED_IDLE_POLICY_H_

#include "chimaera/base/clock.h"
#include "chimaera/base/types.h"

namespace chi {

/// Owned by the worker thread.
class IdlePolicy {
 public:
  /// `spin_allowed` is false on a machine with one usable CPU.
  IdlePolicy(const Clock& clock, u64 first_busy_wait_ns, u64 max_busy_wait_ns,
             bool spin_allowed);

  /// There was work. Hot: no clock unless the worker had been idle a while.
  void OnWork() {
    if (idle_turns_ == 0) return;
    if (idle_turns_ < kTurnsPerLook) {
      OnShortGap();
    } else {
      OnGap(clock_.NowNs() - idle_since_ns_);
    }
    idle_turns_ = 0;
  }

  /// There was none in this turn of the loop. True: poll again.
  bool KeepSpinning() {
    if (!spin_allowed_ || shared_cpu_) return false;
    if (++idle_turns_ % kTurnsPerLook != 0) return true;
    return LookAtClock();
  }

  /// Whether the worker should look around, as seldom as at the clock.
  bool IsTimeToLook() const {
    return idle_turns_ % kTurnsPerLook == kTurnsPerLook - 1 || shared_cpu_;
  }

  /// A client waits on this worker's CPU: polling would keep it from running.
  void SetSharedCpu(bool shared) { shared_cpu_ = shared; }
  bool shared_cpu() const { return shared_cpu_; }

  /// How long it would poll now.
  u64 budget_ns() const { return budget_ns_; }

 private:
  // Turns without reading the clock: about 2 us, a fraction of the shortest
  // budget that makes sense.
  static constexpr u32 kTurnsPerLook = 64;
  // A gap counts for at most this, so that a night does not outweigh a day.
  static constexpr u64 kMaxGapNs = 5 * kNsPerMs;

  void OnShortGap() { mean_gap_ns_ -= mean_gap_ns_ / 8; }
  void OnGap(u64 gap_ns);
  bool LookAtClock();
  void UpdateBudget();

  const Clock& clock_;
  const u64 first_busy_wait_ns_;
  const u64 max_busy_wait_ns_;
  const bool spin_allowed_;
  bool shared_cpu_ = false;
  u32 idle_turns_ = 0;
  u64 idle_since_ns_ = 0;
  u64 mean_gap_ns_ = 0;  // exponentially weighted, 1/8
  u64 budget_ns_;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_IDLE_POLICY_H_

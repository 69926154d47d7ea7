// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Short gaps, which are counted without a clock, pull the mean down; the
// budget is recomputed only when the clock is read anyway.

#include "sched/idle_policy.h"

#include <algorithm>

namespace chi {

IdlePolicy::IdlePolicy(const Clock& clock, u64 first_busy_wait_ns,
                       u64 max_busy_wait_ns, bool spin_allowed)
    : clock_(clock),
      first_busy_wait_ns_(first_busy_wait_ns),
      max_busy_wait_ns_(std::max(first_busy_wait_ns, max_busy_wait_ns)),
      spin_allowed_(spin_allowed),
      budget_ns_(spin_allowed ? first_busy_wait_ns : 0) {}

void IdlePolicy::OnGap(u64 gap_ns) {
  gap_ns = std::min(gap_ns, kMaxGapNs);
  mean_gap_ns_ = mean_gap_ns_ - mean_gap_ns_ / 8 + gap_ns / 8;
  UpdateBudget();
}

bool IdlePolicy::LookAtClock() {
  const u64 now_ns = clock_.NowNs();
  if (idle_turns_ == kTurnsPerLook) {
    idle_since_ns_ = now_ns;
    UpdateBudget();
  }
  return now_ns - idle_since_ns_ < budget_ns_;
}

void IdlePolicy::UpdateBudget() {
  if (mean_gap_ns_ > max_busy_wait_ns_) {
    budget_ns_ = 0;
  } else {
    budget_ns_ =
        std::clamp(2 * mean_gap_ns_, first_busy_wait_ns_, max_busy_wait_ns_);
  }
}

}  // namespace chi

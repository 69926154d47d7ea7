// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A periodic task is one run that does not return: it calls its method, parks
// until the next time, and calls it again. So what ends a parked run, ends it.

#ifndef CHIMAERA_CORE_PERIODIC_H_
#define CHIMAERA_CORE_PERIODIC_H_

#include <functional>

#include "chimaera/base/status.h"
#include "chimaera/ipc/task.h"
#include "chimaera/sched/run_context.h"

namespace chi {

/// Times after the first, on a monotonic clock: the k-th is k periods later,
/// however long the runs take and however short the period is.
class Period {
 public:
  /// REQUIRES: IsValid(period_ns).
  Period(double period_ns, u64 first_ns)
      : period_ns_(period_ns), first_ns_(first_ns) {}

  /// From a microsecond to a year.
  static bool IsValid(double period_ns) {
    return period_ns >= 1e3 && period_ns <= 3.2e16;  // no NaN passes
  }

  /// Goes on to the first time that is not over. Returns how many were.
  u64 Advance(u64 now_ns);
  /// The time it has gone on to.
  u64 DueNs() const { return AtNs(next_); }

 private:
  u64 AtNs(u64 k) const {
    return first_ns_ + static_cast<u64>(static_cast<double>(k) * period_ns_);
  }

  const double period_ns_;
  const u64 first_ns_;
  u64 next_ = 0;
};

/// Calls `once` at every period, beginning now, on a worker, until it fails or
/// the run has to end; with that error. Each call has the task's own time.
Status RunPeriodically(const TaskHeader& header, RunContext& ctx,
                       const std::function<Status()>& once);

}  // namespace chi

#endif  // CHIMAERA_CORE_PERIODIC_H_

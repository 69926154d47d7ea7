// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How the slow paths of the locks wait: parked until granted, or until the
// waiter has left the queue by itself.

#ifndef CHIMAERA_SCHED_LOCK_WAIT_H_
#define CHIMAERA_SCHED_LOCK_WAIT_H_

#include "chimaera/base/clock.h"
#include "chimaera/base/status.h"
#include "chimaera/sched/lock_queue.h"
#include "chimaera/sched/park.h"

namespace chi {

/// A wait's own bound, beside the deadline that the task may have.
class TimedWait {
 public:
  explicit TimedWait(u64 timeout_ns)
      : deadline_ns_(DeadlineNs(ParkClock().NowNs(), timeout_ns)) {}

  u64 deadline_ns() const { return deadline_ns_; }
  /// Whether `status` says that this bound is over, and not the task's.
  bool IsOver(const Status& status) const {
    return status.code() == StatusCode::kDeadlineExceeded &&
           ParkClock().NowNs() >= deadline_ns_;
  }

 private:
  const u64 deadline_ns_;
};

/// Parks a queued `waiter`. kOk: it was granted the lock. Otherwise `leave()`
/// has taken it out of the queue; it returns false when the grant was faster.
template <class Leave>
[[nodiscard]] Status AwaitGrant(LockWaiter& waiter, u64 deadline_ns,
                                Leave leave) {
  Status parked = ParkHere(waiter.run, deadline_ns);
  if (parked.ok() || leave()) return parked;
  // The unpark is on its way. A task that was cancelled meanwhile holds the
  // lock like any other, and ends at its next wait.
  ParkHereForCertain(waiter.run);
  return Status();
}

}  // namespace chi

#endif  // CHIMAERA_SCHED_LOCK_WAIT_H_

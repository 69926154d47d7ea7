// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The mutex is never free while somebody waits: whoever gives it back hands it
// to the next group under the same hold of the spin word.

#include "chimaera/sched/comutex.h"

#include "chimaera/shm/storage.h"
#include "sched/lock_wait.h"

namespace chi {

void CoMutex::LockSlowly(LockGroup group) {
  const Status status = WaitFor(group, kNoDeadlineNs);
  if (!status.ok()) throw StatusError(status);
}

bool CoMutex::TryLockFor(u64 timeout_ns) {
  const LockGroup group = CurrentLockGroup();
  if (Enter(group)) return true;
  const TimedWait timed(timeout_ns);
  const Status status = WaitFor(group, timed.deadline_ns());
  if (status.ok()) return true;
  if (!timed.IsOver(status)) throw StatusError(status);
  return false;
}

Status CoMutex::WaitFor(LockGroup group, u64 deadline_ns) {
  LockWaiter waiter(WaitKind::kMutex, this, group);
  {
    const SpinGuard guard(spin_);
    if (count_ == 0 || owner_ == group) {
      owner_ = group;
      ++count_;
      return Status();
    }
    queue_.Push(waiter);
  }
  return AwaitGrant(waiter, deadline_ns, [&] {
    const SpinGuard guard(spin_);
    if (!waiter.queued) return false;
    queue_.Remove(waiter);
    return true;
  });
}

void CoMutex::HandOver() {
  GrantedWaiters granted;
  owner_ = queue_.front()->group;
  count_ = queue_.front()->num_members;
  queue_.PopFront(&granted);
  spin_.unlock();
  granted.UnparkAll();
}

LockReport CoMutex::Report() const {
  LockReport report;
  const SpinGuard guard(spin_);
  if (count_ > 0) report.owners.push_back({owner_, 0, count_});
  queue_.Report(&report.waiting);
  return report;
}

}  // namespace chi

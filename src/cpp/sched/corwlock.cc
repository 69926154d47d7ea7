// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Whenever the holders or the front of the queue change, whoever changed them
// lets the front enter as far as it may. So nobody waits for a lock that he
// could have, and a lock that is free has no queue.

#include "chimaera/sched/corwlock.h"

#include "chimaera/shm/storage.h"
#include "sched/lock_wait.h"

namespace chi {

// Past those who wait only if the group holds the lock already: they could not
// enter before it has left.
bool CoRwLock::MayEnter(LockGroup group, Mode mode) {
  const bool own = holders_.Find(group) != nullptr;
  if (mode == Mode::kRead) {
    return own || (!holders_.has_writer() && queue_.empty());
  }
  return own ? holders_.size() == 1 : holders_.size() == 0;
}

bool CoRwLock::TryEnter(LockGroup group, Mode mode) {
  const SpinGuard guard(spin_);
  if (!MayEnter(group, mode)) return false;
  holders_.Add(group, mode == Mode::kRead ? 1 : 0,
               mode == Mode::kWrite ? 1 : 0);
  return true;
}

void CoRwLock::Lock(Mode mode) {
  const LockGroup group = CurrentLockGroup();
  if (TryEnter(group, mode)) return;
  const Status status = WaitFor(group, mode, kNoDeadlineNs);
  if (!status.ok()) throw StatusError(status);
}

bool CoRwLock::LockFor(Mode mode, u64 timeout_ns) {
  const LockGroup group = CurrentLockGroup();
  if (TryEnter(group, mode)) return true;
  const TimedWait timed(timeout_ns);
  const Status status = WaitFor(group, mode, timed.deadline_ns());
  if (status.ok()) return true;
  if (!timed.IsOver(status)) throw StatusError(status);
  return false;
}

Status CoRwLock::WaitFor(LockGroup group, Mode mode, u64 deadline_ns) {
  const bool read = mode == Mode::kRead;
  LockWaiter waiter(read ? WaitKind::kReadLock : WaitKind::kWriteLock, this,
                    group);
  {
    const SpinGuard guard(spin_);
    if (MayEnter(group, mode)) {
      holders_.Add(group, read ? 1 : 0, read ? 0 : 1);
      return Status();
    }
    // A reader that wants to write goes first: nobody else could.
    queue_.Push(waiter, holders_.Find(group) != nullptr);
  }
  return AwaitGrant(waiter, deadline_ns, [&] {
    GrantedWaiters granted;
    {
      const SpinGuard guard(spin_);
      if (!waiter.queued) return false;
      queue_.Remove(waiter);
      GrantFront(&granted);  // those behind it may have waited for it only
    }
    granted.UnparkAll();
    return true;
  });
}

void CoRwLock::Unlock(Mode mode) {
  const LockGroup group = CurrentLockGroup();
  GrantedWaiters granted;
  {
    const SpinGuard guard(spin_);
    LockHolders::Counts* counts = holders_.Find(group);
    CHI_CHECK(counts != nullptr, "unlocked by a group that does not hold it");
    u32& held = mode == Mode::kRead ? counts->reads : counts->writes;
    CHI_CHECK(held > 0, "unlocked more often than locked");
    --held;
    holders_.Update(counts);
    if (!queue_.empty()) GrantFront(&granted);
  }
  granted.UnparkAll();
}

void CoRwLock::GrantFront(GrantedWaiters* granted) {
  while (!queue_.empty()) {
    const LockWaiter& next = *queue_.front();
    const bool own = holders_.Find(next.group) != nullptr;
    const bool alone = holders_.size() == (own ? 1 : 0);
    const bool may =
        next.num_exclusive > 0 ? alone : own || !holders_.has_writer();
    if (!may) return;
    holders_.Add(next.group, next.num_members - next.num_exclusive,
                 next.num_exclusive);
    queue_.PopFront(granted);
  }
}

LockReport CoRwLock::Report() const {
  LockReport report;
  const SpinGuard guard(spin_);
  holders_.Report(&report.owners);
  queue_.Report(&report.waiting);
  return report;
}

}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Mutual exclusion for methods: who has to wait parks its fiber, and the worker
// runs other tasks. Held by a group (lock_group.h), not by a thread: a task and
// its subtasks pass together.

#ifndef CHIMAERA_SCHED_COMUTEX_H_
#define CHIMAERA_SCHED_COMUTEX_H_

#include "chimaera/base/check.h"
#include "chimaera/base/thread_annotations.h"
#include "chimaera/base/types.h"
#include "chimaera/sched/lock_group.h"
#include "chimaera/sched/lock_queue.h"
#include "chimaera/sched/spin_word.h"

namespace chi {

/// From methods of every worker, and from threads that run none: these block.
/// A static or an instance member. Groups enter in the order in which the
/// first of each came; then all of the group that wait enter together.
///
/// Unlock as often as locked, in any task of the group. Prefer ScopedCoMutex:
/// it also unlocks when the method throws or is cancelled.
class CHI_LOCKABLE CoMutex {
 public:
  constexpr CoMutex() = default;
  /// REQUIRES: nobody waits.
  ~CoMutex() { CHI_CHECK(queue_.empty()); }
  CoMutex(const CoMutex&) = delete;
  CoMutex& operator=(const CoMutex&) = delete;

  /// Returns when this group holds the mutex. Throws StatusError, and does not
  /// hold it, when the task is cancelled or its deadline comes meanwhile, or
  /// when there is no room to park.
  void Lock() CHI_ACQUIRE() {
    const LockGroup group = CurrentLockGroup();
    if (!Enter(group)) LockSlowly(group);
  }

  /// REQUIRES: this group holds it. Never parks, never throws.
  void Unlock() CHI_RELEASE() {
    spin_.lock();
    CHI_CHECK(count_ > 0, "unlocked more often than locked");
    if (--count_ == 0 && !queue_.empty()) return HandOver();
    spin_.unlock();
  }

  /// Takes it if that needs no waiting.
  [[nodiscard]] bool TryLock() CHI_TRY_ACQUIRE(true) {
    return Enter(CurrentLockGroup());
  }

  /// Lock, for at most `timeout_ns`: false when the time is over.
  [[nodiscard]] bool TryLockFor(u64 timeout_ns) CHI_TRY_ACQUIRE(true);

  LockReport Report() const;

 private:
  // The fast path, and whoever's group holds it already.
  bool Enter(LockGroup group) {
    const SpinGuard guard(spin_);
    if (count_ != 0 && owner_ != group) return false;
    owner_ = group;
    ++count_;
    return true;
  }
  void LockSlowly(LockGroup group);
  Status WaitFor(LockGroup group, u64 deadline_ns);
  // Gives the spin word back.
  void HandOver() CHI_RELEASE(spin_);

  mutable SpinWord spin_;
  u32 count_ CHI_GUARDED_BY(spin_) = 0;  // 0: free, and nobody waits
  LockGroup owner_ CHI_GUARDED_BY(spin_);
  LockQueue queue_ CHI_GUARDED_BY(spin_);
};

/// Holds `mutex` for as long as it lives.
class CHI_SCOPED_LOCKABLE ScopedCoMutex {
 public:
  explicit ScopedCoMutex(CoMutex& mutex) CHI_ACQUIRE(mutex) : mutex_(mutex) {
    mutex_.Lock();
  }
  ScopedCoMutex(const ScopedCoMutex&) = delete;
  ScopedCoMutex& operator=(const ScopedCoMutex&) = delete;
  ~ScopedCoMutex() CHI_RELEASE() { mutex_.Unlock(); }

 private:
  CoMutex& mutex_;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_COMUTEX_H_

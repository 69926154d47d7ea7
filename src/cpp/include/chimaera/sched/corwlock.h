// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Many readers or one writer, for methods: who has to wait parks its fiber, and
// the worker runs other tasks. Held by groups (lock_group.h), not by threads.

#ifndef CHIMAERA_SCHED_CORWLOCK_H_
#define CHIMAERA_SCHED_CORWLOCK_H_

#include "chimaera/base/check.h"
#include "chimaera/base/thread_annotations.h"
#include "chimaera/base/types.h"
#include "chimaera/sched/lock_group.h"
#include "chimaera/sched/lock_holders.h"
#include "chimaera/sched/lock_queue.h"
#include "chimaera/sched/spin_word.h"

namespace chi {

/// From methods of every worker, and from threads that run none: these block.
/// A static or an instance member.
///
/// Groups enter in the order in which the first of each came, readers that
/// follow each other together. A newcomer never overtakes a group that waits,
/// so neither writers nor readers starve. A group that holds the lock in
/// either way gets it again at once for reading, and for writing as soon as no
/// other group holds it; two groups that read and both want to write wait for
/// each other for ever.
///
/// Unlock as often as locked, in the same way, in any task of the group.
class CHI_LOCKABLE CoRwLock {
 public:
  CoRwLock() = default;
  /// REQUIRES: nobody waits.
  ~CoRwLock() { CHI_CHECK(queue_.empty()); }
  CoRwLock(const CoRwLock&) = delete;
  CoRwLock& operator=(const CoRwLock&) = delete;

  /// Returns when this group holds the lock, together with other readers.
  /// Throws like CoMutex::Lock.
  void ReadLock() CHI_ACQUIRE_SHARED() { Lock(Mode::kRead); }
  /// REQUIRES: this group holds it for reading. Never parks, never throws.
  void ReadUnlock() CHI_RELEASE_SHARED() { Unlock(Mode::kRead); }
  /// Takes it if that needs no waiting.
  [[nodiscard]] bool TryReadLock() CHI_TRY_ACQUIRE_SHARED(true) {
    return TryEnter(CurrentLockGroup(), Mode::kRead);
  }
  /// ReadLock, for at most `timeout_ns`: false when the time is over.
  [[nodiscard]] bool TryReadLockFor(u64 timeout_ns)
      CHI_TRY_ACQUIRE_SHARED(true) {
    return LockFor(Mode::kRead, timeout_ns);
  }

  /// The same, alone.
  void WriteLock() CHI_ACQUIRE() { Lock(Mode::kWrite); }
  void WriteUnlock() CHI_RELEASE() { Unlock(Mode::kWrite); }
  [[nodiscard]] bool TryWriteLock() CHI_TRY_ACQUIRE(true) {
    return TryEnter(CurrentLockGroup(), Mode::kWrite);
  }
  [[nodiscard]] bool TryWriteLockFor(u64 timeout_ns) CHI_TRY_ACQUIRE(true) {
    return LockFor(Mode::kWrite, timeout_ns);
  }

  LockReport Report() const;

 private:
  enum class Mode { kRead, kWrite };

  void Lock(Mode mode);
  bool LockFor(Mode mode, u64 timeout_ns);
  void Unlock(Mode mode);
  bool TryEnter(LockGroup group, Mode mode);
  bool MayEnter(LockGroup group, Mode mode) CHI_REQUIRES(spin_);
  Status WaitFor(LockGroup group, Mode mode, u64 deadline_ns);
  void GrantFront(GrantedWaiters* granted) CHI_REQUIRES(spin_);

  mutable SpinWord spin_;
  LockHolders holders_ CHI_GUARDED_BY(spin_);
  LockQueue queue_ CHI_GUARDED_BY(spin_);
};

/// Holds `lock` for reading for as long as it lives.
class CHI_SCOPED_LOCKABLE ScopedCoRwReadLock {
 public:
  explicit ScopedCoRwReadLock(CoRwLock& lock) CHI_ACQUIRE_SHARED(lock)
      : lock_(lock) {
    lock_.ReadLock();
  }
  ScopedCoRwReadLock(const ScopedCoRwReadLock&) = delete;
  ScopedCoRwReadLock& operator=(const ScopedCoRwReadLock&) = delete;
  ~ScopedCoRwReadLock() CHI_RELEASE() { lock_.ReadUnlock(); }

 private:
  CoRwLock& lock_;
};

/// Holds `lock` alone for as long as it lives.
class CHI_SCOPED_LOCKABLE ScopedCoRwWriteLock {
 public:
  explicit ScopedCoRwWriteLock(CoRwLock& lock) CHI_ACQUIRE(lock) : lock_(lock) {
    lock_.WriteLock();
  }
  ScopedCoRwWriteLock(const ScopedCoRwWriteLock&) = delete;
  ScopedCoRwWriteLock& operator=(const ScopedCoRwWriteLock&) = delete;
  ~ScopedCoRwWriteLock() CHI_RELEASE() { lock_.WriteUnlock(); }

 private:
  CoRwLock& lock_;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_CORWLOCK_H_

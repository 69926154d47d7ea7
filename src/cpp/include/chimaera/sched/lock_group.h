// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// For whom a lock is held: a task together with its subtasks. They pass each
// other's locks, or a task that waits for its subtask while it holds a lock
// which the subtask needs would wait for ever.

#ifndef CHIMAERA_SCHED_LOCK_GROUP_H_
#define CHIMAERA_SCHED_LOCK_GROUP_H_

#include <cstddef>
#include <vector>

#include "chimaera/base/types.h"
#include "chimaera/sched/run_context.h"

namespace chi {

struct ParkedRun;

/// The client and TaskId::major_ of a run: the same for a task and all that
/// its method submits. A thread that runs no method is a group of its own.
struct LockGroup {
  u64 client = 0;  ///< kThreadClient for a thread.
  u64 major = 0;

  friend bool operator==(const LockGroup& a, const LockGroup& b) {
    return a.major == b.major && a.client == b.client;
  }
  friend bool operator!=(const LockGroup& a, const LockGroup& b) {
    return !(a == b);
  }
};

/// No session has this id.
inline constexpr u64 kThreadClient = ~u64{0};

namespace internal {
LockGroup ThreadLockGroup();
}  // namespace internal

/// The group on whose behalf the calling thread runs now.
inline LockGroup CurrentLockGroup() {
  const RunContext* run = CurrentRun();
  if (__builtin_expect(run == nullptr, 0)) return internal::ThreadLockGroup();
  return {run->client_id, run->task_id.major_};
}

/// Who holds a lock and who waits for it, at one moment. For reports.
struct LockReport {
  struct Owner {
    LockGroup group;
    u32 reads = 0;   ///< How often it is held shared, by tasks of the group.
    u32 writes = 0;  ///< How often alone.
  };
  struct Waiting {
    LockGroup group;
    bool exclusive = false;
    /// To be compared only, unless its worker stands still.
    const ParkedRun* run = nullptr;
  };
  std::vector<Owner> owners;
  std::vector<Waiting> waiting;  ///< In the order in which groups will enter.
};

}  // namespace chi

template <>
struct std::hash<chi::LockGroup> {
  /// Task numbers of one client are consecutive: all bits are mixed.
  size_t operator()(const chi::LockGroup& group) const noexcept {
    chi::u64 x = group.major + group.client * 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }
};

#endif  // CHIMAERA_SCHED_LOCK_GROUP_H_

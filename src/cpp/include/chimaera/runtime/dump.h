// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What every live task of a runtime waits for, for people who ask why nothing
// goes on: the parked methods, the locks between them, cycles among those, and
// the workers that do not answer.

#ifndef CHIMAERA_RUNTIME_DUMP_H_
#define CHIMAERA_RUNTIME_DUMP_H_

#include <string>
#include <vector>

#include "chimaera/base/types.h"
#include "chimaera/ipc/ids.h"
#include "chimaera/runtime/watchdog.h"
#include "chimaera/sched/lock_group.h"
#include "chimaera/sched/work_orchestrator.h"

namespace chi {

/// A method that has begun and is not over.
struct LiveTask {
  PoolId pool;
  std::string pool_name;
  std::string module;
  std::string method;
  LockGroup group;     ///< Its client (0: the runtime) and TaskId::major_.
  u64 task_minor = 0;  ///< TaskId::minor_.
  u32 worker = 0;
  bool ready = false;  ///< Woken, and about to go on.
  WaitKind kind = WaitKind::kOther;
  u64 object = 0;     ///< Address of what it waits for; 0 if it has none.
  u64 waited_ns = 0;  ///< Exact to a few milliseconds.
};

/// A lock for which somebody waits.
struct LiveLock {
  u64 object = 0;
  WaitKind kind = WaitKind::kMutex;  ///< Or kReadLock, for a CoRwLock.
  LockReport report;
};

struct RuntimeDump {
  std::vector<LiveTask> tasks;
  u64 num_omitted = 0;  ///< Tasks beyond the limit.
  std::vector<LiveLock> locks;
  /// Groups that wait for each other in a ring, each described in one line.
  std::vector<std::string> cycles;
  std::vector<StuckWorker> stuck;
  /// Workers that did not answer in time: a method holds them.
  std::vector<u32> silent_workers;

  /// One object, keys as the fields.
  std::string ToJson() const;
};

/// "Read has waited for io for 5123 ms".
std::string DescribeWait(const LiveTask& task);

/// "mutex", "read_lock" …
const char* WaitKindName(WaitKind kind);

/// Asks all workers, for at most `timeout_ns`. From a method, or a thread that
/// is no worker. Lists no more than `max_tasks`; locks and cycles are those of
/// all tasks.
RuntimeDump TakeDump(WorkOrchestrator& workers, const Watchdog& watchdog,
                     u64 max_tasks, u64 timeout_ns);

}  // namespace chi

#endif  // CHIMAERA_RUNTIME_DUMP_H_

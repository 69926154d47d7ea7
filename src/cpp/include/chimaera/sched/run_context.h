// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a method is told about the run it is in. One per run, in the runtime's
// private memory, on the stack of the fiber that runs the method.

#ifndef CHIMAERA_SCHED_RUN_CONTEXT_H_
#define CHIMAERA_SCHED_RUN_CONTEXT_H_

#include <atomic>

#include "chimaera/base/types.h"
#include "chimaera/ipc/ids.h"
#include "chimaera/ipc/pool_query.h"
#include "chimaera/ipc/task.h"
#include "chimaera/shm/hipc.h"

namespace chi {

class Container;
class Session;
class Storage;
struct MethodRow;
class TracedRun;

enum class ExecMode : u8 {
  kExec = 0,             ///< Do the work.
  kDynamicSchedule = 1,  ///< Only write task->pool_query_, and return.
};

/// What is known about a run before it begins, where somebody asks.
struct RunPlan {
  // For the module to state, in Monitor(kLocalSchedule) or kDynamicSchedule.

  /// What the cost grows with: bytes, items; 0 if it does not.
  u64 size = 0;
  /// How long it will take on a worker, ns; 0: learn it.
  u64 expected_ns = 0;
  /// kHighLatency: to be treated as a long task whatever it costs.
  Priority priority = Priority::kLowLatency;

  // For the runtime: since when it runs, and how long it ran up to then, ns.
  u64 since_ns = 0;
  u64 busy_ns = 0;
  // And what runs, for Worker::Running.
  PoolId pool_id;
  u32 method = 0;
};

// Members that begin as zero lie together: they are cleared for every task.
struct RunContext {
  /// The client the task came from, or for which a method made it; 0 for the
  /// runtime's own. Whether a client sent it, `session` tells.
  u64 client_id = 0;
  /// The runtime's view of the client; null for tasks made inside the runtime.
  Session* session = nullptr;
  TaskId task_id;
  /// The container that runs the task.
  Container* container = nullptr;
  /// Not null in Monitor(kLocalSchedule), under kDynamicSchedule, and in a run
  /// that is measured.
  RunPlan* plan = nullptr;

  /// The method that runs; null before it was found. For reports.
  const MethodRow* method = nullptr;

  ExecMode exec_mode = ExecMode::kExec;
  /// The task waits elsewhere now and has no outcome yet.
  bool handed_over = false;
  /// The method runs on copies of the task, for several containers.
  bool spread = false;
  /// The run is part of a trace; see tracer.h.
  bool traced = false;
  /// In a periodic task: how many times it was not run so far, since the run
  /// before took too long or its worker was busy. Modulo 2^32.
  u32 missed_periods = 0;

  /// Counts the runs of the pool that are parked or were. The worker's, from
  /// the first park to the end of the run; without a value before.
  std::atomic<u64>* held_runs;

  /// Only while `traced`.
  TracedRun* trace;

  /// The `size` bytes that the client calls `pointer`, or null: then they do
  /// not lie wholly in memory of this client (or, for a task made inside the
  /// runtime, in runtime memory). The bytes may change under the method's
  /// eyes if the client misbehaves; read each of them once.
  const char* Resolve(hipc::Pointer pointer, u64 size) const;
  /// The same for bytes that the method will write.
  char* ResolveWritable(hipc::Pointer pointer, u64 size) const;
};

/// The run that is under way on this thread, or null.
RunContext* CurrentRun();

/// The storage under which a method of this worker may touch a task that lies
/// in its client's memory. REQUIRES: on a worker.
Storage& InPlaceStorage();

}  // namespace chi

#endif  // CHIMAERA_SCHED_RUN_CONTEXT_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// "Run this task." Workers know rings, fibers and clocks; what a pool or a
// module is, only the implementation of this interface knows (core).

#ifndef CHIMAERA_SCHED_EXECUTOR_H_
#define CHIMAERA_SCHED_EXECUTOR_H_

#include "chimaera/base/types.h"
#include "chimaera/ipc/task.h"
#include "chimaera/sched/run_context.h"
#include "chimaera/shm/offset_ptr.h"

namespace chi {

class Session;

/// Called by workers, by several at once, on a fiber that may be parked and
/// resumed in between, always by the same worker.
class Executor {
 public:
  virtual ~Executor() = default;

  /// Runs the task that `ctx.session` submitted at `pointer` and writes its
  /// outcome, exactly one, whatever happens. Nothing in that memory is
  /// trusted. Does not throw.
  /// With kCancelBit it is no task, but the wish to cancel the task at the
  /// rest of the pointer: to be handed to Worker::CancelSubmitted.
  virtual void RunSubmitted(ShmPtr pointer, RunContext& ctx) = 0;

  /// Gives a task that RunSubmitted has handed over, and that will not be run
  /// since it is cancelled or too late, its outcome.
  virtual void EndSubmitted(ShmPtr pointer, RunContext& ctx,
                            const Status& end) = 0;

  /// RunSubmitted for a task that was made inside the runtime. It may come once
  /// more, by Worker::InjectTask, if there is no outcome yet.
  virtual void RunInternal(hipc::FullPtr<Task> task, RunContext& ctx) = 0;

  /// The run of `ctx` was ended from outside: `end` is kCancelled or
  /// kDeadlineExceeded. For statistics. Between two tasks, or in the run.
  virtual void CountEnd(const RunContext& ctx, StatusCode end) {
    static_cast<void>(ctx);
    static_cast<void>(end);
  }

  /// The count that keeps alive what the run of `ctx` stands on, for
  /// RunContext::held_runs; null if nothing has to be kept. Asked in a run,
  /// before it first parks.
  virtual std::atomic<u64>* HeldRuns(const RunContext& ctx) {
    static_cast<void>(ctx);
    return nullptr;
  }
};

/// How RunInternal ends: gives the task its outcome, which return_code_ and
/// text hold already, and wakes whoever waits, or frees the task if nobody
/// wants it any more. The task is gone afterwards. On a worker only.
void FinishInternalTask(hipc::FullPtr<Task> task);

}  // namespace chi

#endif  // CHIMAERA_SCHED_EXECUTOR_H_

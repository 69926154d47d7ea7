// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A fiber that waits registers itself in the task and parks. Who finishes the
// task, and the clock, race for the state word; both ends of the race are here.

#include "sched/fiber_waiter.h"

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/ipc/task.h"
#include "chimaera/shm/storage.h"

namespace chi {
namespace {

bool ChangeState(Task& task, TaskState from, TaskState to) {
  u32 expected = static_cast<u32>(from);
  return task.state_.compare_exchange_strong(expected, static_cast<u32>(to),
                                             std::memory_order_acq_rel);
}

}  // namespace

Status FiberWaiter::Wait(Task& task, u64 timeout_ns) {
  if (task.IsComplete()) return Status();
  ParkedRun run;
  task.waiter_ = reinterpret_cast<u64>(static_cast<ParkedRun*>(&run));
  if (!ChangeState(task, TaskState::kPending, TaskState::kAwaited)) {
    return task.IsComplete()
               ? Status()
               : Status::BadRequest("waiting for a task nobody submitted");
  }
  const Status parked =
      worker_.Park(run, DeadlineNs(clock_.NowNs(), timeout_ns));
  if (parked.ok()) return Status();
  if (!ChangeState(task, TaskState::kAwaited, TaskState::kPending)) {
    // It was finished meanwhile, and the wake-up is on its way to `run`.
    worker_.ParkForCertain(run);
    if (parked.code() == StatusCode::kDeadlineExceeded) return Status();
  }
  if (parked.code() == StatusCode::kDeadlineExceeded) {
    return Status::DeadlineExceeded(
        Format("subtask not done after {} ms", timeout_ns / kNsPerMs));
  }
  throw StatusError(parked);
}

void FiberWaiter::Yield() { this_task::Yield(); }

}  // namespace chi

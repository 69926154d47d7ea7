// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A fiber that waits registers itself in the task and parks. Who finishes the
// task, and the clock, race for the state word: see completion.h.

#include "sched/fiber_waiter.h"

#include <exception>

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/ipc/task.h"
#include "chimaera/shm/storage.h"

namespace chi {
namespace {

// Of a wait that ended so, after a park of `run` that ended so.
Status Outcome(ParkedWait end, const ParkedRun& run, const Status& parked,
               u64 timeout_ns) {
  if (end == ParkedWait::kNotSubmitted) {
    return Status::BadRequest("waiting for a task nobody submitted");
  }
  if (parked.ok() || end == ParkedWait::kDone) return Status();
  // A destructor that waits while the stack unwinds must not throw.
  if (run.interrupted() && std::uncaught_exceptions() > 0) return parked;
  if (!run.interrupted() && parked.code() == StatusCode::kDeadlineExceeded) {
    return Status::DeadlineExceeded(
        Format("subtask not done after {} ms", timeout_ns / kNsPerMs));
  }
  throw StatusError(parked);
}

}  // namespace

Status FiberWaiter::Wait(Task& task, u64 timeout_ns) {
  if (task.IsComplete()) return Status();
  ParkedRun run(WaitKind::kTask, &task);
  Status parked;
  const ParkedWait end = WaitParked(
      task, reinterpret_cast<u64>(&run),
      [&] {
        run.since_ns = clock_.NowNs();
        parked = worker_.Park(run, DeadlineNs(run.since_ns, timeout_ns));
        return parked.ok();
      },
      [&] { worker_.ParkForCertain(run); });
  return Outcome(end, run, parked, timeout_ns);
}

Status FiberWaiter::WaitMany(Task* const* tasks, u32 count, u32 wanted,
                             u64 timeout_ns) {
  ManyWaiter many(wanted);
  Status parked;
  const ParkedWait end = WaitParkedMany(
      [tasks](u32 i) -> Task& { return *tasks[i]; }, count, wanted,
      many.arrivals, reinterpret_cast<u64>(&many) | kManyWaiterBit,
      [&] {
        many.run.since_ns = clock_.NowNs();
        parked =
            worker_.Park(many.run, DeadlineNs(many.run.since_ns, timeout_ns));
        return parked.ok();
      },
      [&] { worker_.ParkForCertain(many.run); });
  return Outcome(end, many.run, parked, timeout_ns);
}

void FiberWaiter::Yield() { this_task::Yield(); }

}  // namespace chi

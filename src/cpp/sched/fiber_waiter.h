// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Waiting inside a method: the fiber parks, the worker goes on.

#ifndef CHIMAERA_SCHED_FIBER_WAITER_H_
#define CHIMAERA_SCHED_FIBER_WAITER_H_

#include "chimaera/ipc/wait_many.h"
#include "chimaera/ipc/waiter.h"
#include "chimaera/sched/worker.h"

namespace chi {

/// A fiber parked on several tasks; what their `waiter_` names, with
/// kManyWaiterBit.
struct ManyWaiter {
  explicit ManyWaiter(u32 wanted) : run(WaitKind::kTasks), arrivals(wanted) {}
  ParkedRun run;
  Arrivals<> arrivals;
};
inline constexpr u64 kManyWaiterBit = 1;
static_assert(alignof(ManyWaiter) > kManyWaiterBit);
static_assert(alignof(ParkedRun) > kManyWaiterBit);

/// The waiter of one worker's thread. Waits only for tasks that were made
/// inside the runtime.
class FiberWaiter final : public Waiter {
 public:
  FiberWaiter(Worker& worker, const Clock& clock)
      : worker_(worker), clock_(clock) {}

  /// Throws StatusError(kCancelled) when the runtime stops meanwhile, so that
  /// the method unwinds.
  [[nodiscard]] Status Wait(Task& task, u64 timeout_ns) override;
  [[nodiscard]] Status WaitMany(Task* const* tasks, u32 count, u32 wanted,
                                u64 timeout_ns) override;
  void Yield() override;

 private:
  Worker& worker_;
  const Clock& clock_;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_FIBER_WAITER_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// "Block until this task completes", for whoever asks: a client thread spins
// and then sleeps on a futex (ipc), a method parks its fiber (sched). This
// interface is what keeps tasks ignorant of workers.

#ifndef CHIMAERA_IPC_WAITER_H_
#define CHIMAERA_IPC_WAITER_H_

#include "chimaera/base/status.h"
#include "chimaera/base/types.h"

namespace chi {

struct Task;

/// The bound of a wait that names none.
inline constexpr u64 kDefaultTimeoutNs = 30'000'000'000;

class Waiter {
 public:
  virtual ~Waiter() = default;

  /// Returns kOk when `task` is done, kDeadlineExceeded when it is not after
  /// `timeout_ns`, kRuntimeDied when it never will be (its outcome then says
  /// so too). Runs on the thread that waits.
  [[nodiscard]] virtual Status Wait(Task& task, u64 timeout_ns) = 0;

  /// The same for `wanted` of `count` tasks: 1 or all of them. kBadRequest when
  /// one of them was not submitted, or is named twice.
  [[nodiscard]] virtual Status WaitMany(Task* const* tasks, u32 count,
                                        u32 wanted, u64 timeout_ns) = 0;

  /// Lets others run: a fiber switch in a method, sched_yield elsewhere.
  virtual void Yield() = 0;
};

/// The waiter of this thread; client threads share one that spins and sleeps.
Waiter& CurrentWaiter();

/// Gives this thread another waiter (a worker's), or back the shared one with
/// nullptr. The thread owns nothing.
void SetThreadWaiter(Waiter* waiter);

/// Gives the process another shared waiter; nullptr restores the plain one.
void SetProcessWaiter(Waiter* waiter);

}  // namespace chi

#endif  // CHIMAERA_IPC_WAITER_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Who finishes a task and who waits for it meet at one word, the task's state:
//
//   who finishes                     who waits
//   F1 writes the outcome            W1 kPending -> kAwaited or kParked (CAS)
//   F2 old = exchange(kDone)         W2 sleeps as long as it is not done
//   F3 wakes whom `old` names
//
// Both F2 and W1 read and write in one step, so one of them comes first: either
// F2 finds the waiter and wakes it, or W1 fails and finds the task done. There
// is no second word, hence no order to get wrong.
//
// After F2 a sleeping thread (kAwaited) may look, return and free the task:
// F3 then uses the address of the word, to wake, and reads nothing. A parked
// fiber (kParked) does not leave before it was unparked, and nobody else holds
// a dropped task (kOrphaned): only there F3 reads `waiter_`.
//
// Templates over the word, respectively the task, so that a model checker can
// run this very code (tests/model).

#ifndef CHIMAERA_IPC_COMPLETION_H_
#define CHIMAERA_IPC_COMPLETION_H_

#include <atomic>

#include "chimaera/base/types.h"

namespace chi {

/// Life of a task. Frozen: the word lies in shared memory.
enum class TaskState : u32 {
  kNew = 0,           ///< Made, not yet submitted.
  kPending = 1,       ///< Submitted; nobody sleeps on it.
  kAwaited = 2,       ///< Submitted; a thread sleeps on the word.
  kDone = 3,          ///< Outcome written; no text.
  kDoneWithText = 4,  ///< Outcome written, error text valid.
  kOrphaned = 5,      ///< Made inside the runtime and dropped: freed when done.
  kParked = 6,        ///< Made inside the runtime; a fiber is parked on it.
  kCancelling = 10,   ///< A client's: cancelled, and perhaps awaited.
};

/// True if the outcome may be read (acquire, with the exchange in FinishState).
template <class Word>
[[nodiscard]] bool IsDoneState(const Word& state) {
  const u32 now = state.load(std::memory_order_acquire);
  return now == static_cast<u32>(TaskState::kDone) ||
         now == static_cast<u32>(TaskState::kDoneWithText);
}

/// F2: gives the task its last state and returns the one it had. Release half:
/// the outcome comes before it. Acquire half: what the waiter wrote before W1.
template <class Word>
[[nodiscard]] TaskState FinishState(Word& state, TaskState done) {
  return static_cast<TaskState>(
      state.exchange(static_cast<u32>(done), std::memory_order_acq_rel));
}

/// Whether somebody may sleep on a client's task that was in `old` when it was
/// finished: kAwaited, or kCancelling. One bit, since every task passes here.
/// REQUIRES: `old` is no done state.
[[nodiscard]] constexpr bool IsAwaited(TaskState old) {
  return (static_cast<u32>(old) & static_cast<u32>(TaskState::kAwaited)) != 0;
}

/// A client's mark that it cancels its task. False if the task is done, or was
/// never submitted. Whoever sleeps on the word goes on sleeping.
template <class Word>
[[nodiscard]] bool MarkCancelled(Word& state) {
  constexpr u32 kMark = static_cast<u32>(TaskState::kCancelling);
  u32 now = state.load(std::memory_order_relaxed);
  while (now == static_cast<u32>(TaskState::kPending) ||
         now == static_cast<u32>(TaskState::kAwaited)) {
    if (state.compare_exchange_weak(now, kMark, std::memory_order_acq_rel)) {
      return true;
    }
  }
  return now == kMark;
}

/// W1 and its way back: false if the task was not in `from`.
template <class Word>
[[nodiscard]] bool ChangeState(Word& state, TaskState from, TaskState to) {
  u32 expected = static_cast<u32>(from);
  return state.compare_exchange_strong(expected, static_cast<u32>(to),
                                       std::memory_order_acq_rel);
}

/// Finishes a task made inside the runtime and tells whom it concerns:
/// `wake_thread()` for a sleeping thread, by then perhaps without the task;
/// `unpark(waiter)` for a parked fiber; `destroy(waiter)` for nobody.
template <class TaskT, class WakeThread, class Unpark, class Destroy>
void FinishAndTell(TaskT& task, TaskState done, WakeThread wake_thread,
                   Unpark unpark, Destroy destroy) {
  switch (FinishState(task.state_, done)) {
    case TaskState::kAwaited:
      wake_thread();
      break;
    case TaskState::kParked:
      unpark(task.waiter_);
      break;
    case TaskState::kOrphaned:
      destroy(task.waiter_);
      break;
    default:
      break;
  }
}

/// Drops a task made inside the runtime that nobody waits for any more. True
/// if it is done, so that the caller destroys it; else FinishAndTell hands
/// `destroy` on.
template <class TaskT>
[[nodiscard]] bool DropTask(TaskT& task, u64 destroy) {
  task.waiter_ = destroy;
  const TaskState old = FinishState(task.state_, TaskState::kOrphaned);
  return old == TaskState::kDone || old == TaskState::kDoneWithText;
}

/// How a parked wait ended.
enum class ParkedWait {
  kDone,          ///< The task is done.
  kGaveUp,        ///< It is not, and nobody will unpark the run any more.
  kNotSubmitted,  ///< Nobody will ever finish it.
};

/// W1 and W2 of a fiber. `waiter` is what FinishAndTell hands to its `unpark`;
/// `park()` parks until then, or returns false early, and
/// `park_for_certain()` until then however long it takes.
template <class TaskT, class Park, class ParkForCertain>
[[nodiscard]] ParkedWait WaitParked(TaskT& task, u64 waiter, Park park,
                                    ParkForCertain park_for_certain) {
  task.waiter_ = waiter;
  if (!ChangeState(task.state_, TaskState::kPending, TaskState::kParked)) {
    return IsDoneState(task.state_) ? ParkedWait::kDone
                                    : ParkedWait::kNotSubmitted;
  }
  if (park()) return ParkedWait::kDone;
  if (ChangeState(task.state_, TaskState::kParked, TaskState::kPending)) {
    return ParkedWait::kGaveUp;
  }
  // It was finished meanwhile, and the wake-up is on its way.
  park_for_certain();
  return ParkedWait::kDone;
}

}  // namespace chi

#endif  // CHIMAERA_IPC_COMPLETION_H_

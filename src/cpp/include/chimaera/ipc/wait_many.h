// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One fiber that waits for several tasks: for `wanted` of `count`. Each task
// meets its finisher at its own state word, as in completion.h; the finishers
// meet the fiber at a second word, which counts who has arrived against how
// many are wanted. Exactly one arrival makes the two equal, and only that one
// unparks; the others touch nothing afterwards.
//
// The fiber leaves when nobody will touch its words any more: it takes its
// mark off the tasks that are not done, and where that fails somebody has
// arrived or is about to. It then wants exactly those, and if that does not
// make the counts equal, the last of them does, and unparks it once more.
//
// Templates, so that a model checker can run this very code (tests/model).

#ifndef CHIMAERA_IPC_WAIT_MANY_H_
#define CHIMAERA_IPC_WAIT_MANY_H_

#include "chimaera/base/atomics.h"
#include "chimaera/base/types.h"
#include "chimaera/ipc/completion.h"

namespace chi {

/// How many have arrived (low half) and are wanted (high half).
template <class Atomics = StdAtomics>
class Arrivals {
 public:
  explicit Arrivals(u32 wanted) : word_(u64{wanted} << 32) {}

  /// Each of these is true for the one call that makes the counts equal.
  [[nodiscard]] bool Arrive() { return Add(1); }
  [[nodiscard]] bool WantMore(i64 more) {
    return Add(static_cast<u64>(more) << 32);
  }

 private:
  // acq_rel: whoever makes them equal has seen what all others did before.
  bool Add(u64 change) {
    u64 old = word_.load(std::memory_order_relaxed);
    while (!word_.compare_exchange_weak(old, old + change,
                                        std::memory_order_acq_rel,
                                        std::memory_order_relaxed)) {
    }
    const u64 now = old + change;
    return now >> 32 == (now & 0xffffffff);
  }

  typename Atomics::template Atomic<u64> word_;
};

/// `task(i)` is the i-th task; each only once. `waiter` is what FinishAndTell
/// hands to its `unpark`, which must then call Arrive and, if that is true,
/// unpark. kDone: at least `wanted` are done. REQUIRES: 0 < wanted <= count.
template <class TaskAt, class ArrivalsT, class Park, class ParkForCertain>
[[nodiscard]] ParkedWait WaitParkedMany(TaskAt task, u32 count, u32 wanted,
                                        ArrivalsT& arrivals, u64 waiter,
                                        Park park,
                                        ParkForCertain park_for_certain) {
  bool reached = false;
  bool waitable = true;
  u32 marked = 0;  // tasks that carry the mark, or are done and have arrived
  for (; marked < count && !reached; ++marked) {
    auto& next = task(marked);
    // Another's mark is left alone, and so is this one, named twice.
    if (next.state_.load(std::memory_order_relaxed) ==
        static_cast<u32>(TaskState::kPending)) {
      next.waiter_ = waiter;
      if (ChangeState(next.state_, TaskState::kPending, TaskState::kParked)) {
        continue;
      }
    }
    waitable = IsDoneState(next.state_);
    if (!waitable) break;
    reached = arrivals.Arrive();
  }
  if (!reached && waitable) reached = park();
  u32 owed = marked;
  for (u32 i = 0; i < marked; ++i) {
    if (ChangeState(task(i).state_, TaskState::kParked, TaskState::kPending)) {
      --owed;
    }
  }
  if (!reached && owed >= wanted) {
    park_for_certain();  // enough are done, and the wake-up is on its way
    reached = true;
  }
  if (owed != wanted && !arrivals.WantMore(i64{owed} - i64{wanted})) {
    park_for_certain();
  }
  if (!waitable) return ParkedWait::kNotSubmitted;
  return reached ? ParkedWait::kDone : ParkedWait::kGaveUp;
}

}  // namespace chi

#endif  // CHIMAERA_IPC_WAIT_MANY_H_

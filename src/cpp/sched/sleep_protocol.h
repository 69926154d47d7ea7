// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The order of "announce, look, sleep" against "push, look, wake": the one
// subtle place of an idle worker. Templates, so that a model checker can run
// this very code (tests/model).

#ifndef CHIMAERA_SCHED_SLEEP_PROTOCOL_H_
#define CHIMAERA_SCHED_SLEEP_PROTOCOL_H_

#include <atomic>

#include "chimaera/base/atomics.h"
#include "chimaera/base/types.h"

namespace chi {

/// Says whether a worker sleeps or is about to.
///
///   other thread                 worker
///   push to the inbox            parked_ = 1          (Announce)
///   parked_ read                 inbox looks empty?
///
/// All four are seq_cst: either the worker sees the push, or the other thread
/// sees parked_.
template <class Atomics = StdAtomics>
class WakeFlag {
 public:
  /// Any thread, after it pushed. True for at most one caller per sleep: that
  /// one sends the wake-up.
  [[nodiscard]] bool Take() {
    return parked_.load(std::memory_order_seq_cst) != 0 &&
           parked_.exchange(0, std::memory_order_seq_cst) != 0;
  }

  // ---- the worker ----

  void Announce() { parked_.store(1, std::memory_order_seq_cst); }
  /// relaxed: who still reads 1 only sends a wake-up too many.
  void Cancel() { parked_.store(0, std::memory_order_relaxed); }

 private:
  typename Atomics::template Atomic<u32> parked_{0};
};

/// Calls `sleep` if nothing lies in the inbox or in any lane, so that whatever
/// comes after that look wakes the worker.
template <class Sleeper, class Inbox, class Lanes, class Sleep>
void SleepUnlessWork(Sleeper& sleeper, const Inbox& inbox, Lanes& lanes,
                     Sleep sleep) {
  sleeper.Announce();
  lanes.AnnounceParked();
  if (inbox.LooksEmpty() && lanes.LookEmpty()) sleep();
  sleeper.Cancel();
  lanes.CancelParked();
}

}  // namespace chi

#endif  // CHIMAERA_SCHED_SLEEP_PROTOCOL_H_

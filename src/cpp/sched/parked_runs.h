// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The methods of one worker that do not run: parked ones, those of them that
// have a deadline, and those that were woken and wait for the loop. Nothing
// here is polled; whoever wakes a run holds it.

#ifndef CHIMAERA_SCHED_PARKED_RUNS_H_
#define CHIMAERA_SCHED_PARKED_RUNS_H_

#include "chimaera/base/types.h"
#include "chimaera/sched/worker.h"
#include "sched/deadlines.h"

namespace chi {

/// Owned by the worker; no locks. Runs are linked, never copied or freed.
class ParkedRuns {
 public:
  /// Registers a run that is about to switch away.
  void Add(ParkedRun& run);

  /// Makes a parked run ready. A run that is ready already, or runs, is only
  /// noted (kUnparked) or left alone.
  void Wake(ParkedRun& run, ParkedRun::Wake why);

  /// Makes a run ready that is not parked on anything (Yield).
  void AddReady(ParkedRun& run);

  /// The run that became ready first, or null.
  ParkedRun* TakeReady();
  bool has_ready() const { return first_ready_ != nullptr; }

  /// Wakes what is due. Returns whether there was any.
  bool WakeExpired(u64 now_ns);
  /// See Deadlines::NextNs.
  u64 next_deadline_ns() const { return deadlines_.NextNs(); }
  bool has_deadlines() const { return !deadlines_.empty(); }

  /// Wakes everything with kCancelled.
  void CancelAll();

  /// Calls `visit` for the parked runs, then for the ready ones.
  template <class Visitor>
  void Visit(Visitor visit) const {
    for (auto* run = first_parked_; run != nullptr; run = run->next_parked) {
      visit(static_cast<const ParkedRun&>(*run));
    }
    for (auto* run = first_ready_; run != nullptr; run = run->next_ready) {
      visit(static_cast<const ParkedRun&>(*run));
    }
  }

  /// Parked and not yet ready.
  u64 num_parked() const { return num_parked_; }

 private:
  void Unlist(ParkedRun& run);

  ParkedRun* first_parked_ = nullptr;
  u64 num_parked_ = 0;
  ParkedRun* first_ready_ = nullptr;
  ParkedRun* last_ready_ = nullptr;
  Deadlines deadlines_;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_PARKED_RUNS_H_

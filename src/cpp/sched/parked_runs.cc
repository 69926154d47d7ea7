// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A run is in one of four states: running (fiber null), parked (in the parked
// list), ready (in the ready list), or taken by the loop, which sets fiber to
// null again.

#include "sched/parked_runs.h"

namespace chi {

void ParkedRuns::Add(ParkedRun& run) {
  run.wake = ParkedRun::Wake::kNone;
  run.previous_parked = nullptr;
  run.next_parked = first_parked_;
  if (first_parked_ != nullptr) first_parked_->previous_parked = &run;
  first_parked_ = &run;
  ++num_parked_;
  if (run.deadline_ns != kNoDeadlineNs) deadlines_.Add(run);
}

void ParkedRuns::Unlist(ParkedRun& run) {
  if (run.previous_parked != nullptr) {
    run.previous_parked->next_parked = run.next_parked;
  } else {
    first_parked_ = run.next_parked;
  }
  if (run.next_parked != nullptr) {
    run.next_parked->previous_parked = run.previous_parked;
  }
  --num_parked_;
}

void ParkedRuns::Wake(ParkedRun& run, ParkedRun::Wake why) {
  const bool parked =
      run.fiber != nullptr && run.wake == ParkedRun::Wake::kNone;
  if (!parked) {
    // Its deadline came first, or it has not parked yet: its next Park
    // returns at once.
    if (why == ParkedRun::Wake::kUnparked) run.unparked_early = true;
    return;
  }
  if (run.deadline_ns != kNoDeadlineNs) deadlines_.Remove(run);
  Unlist(run);
  run.wake = why;
  AddReady(run);
}

void ParkedRuns::AddReady(ParkedRun& run) {
  run.next_ready = nullptr;
  if (last_ready_ != nullptr) {
    last_ready_->next_ready = &run;
  } else {
    first_ready_ = &run;
  }
  last_ready_ = &run;
}

ParkedRun* ParkedRuns::TakeReady() {
  ParkedRun* run = first_ready_;
  if (run == nullptr) return nullptr;
  first_ready_ = run->next_ready;
  if (first_ready_ == nullptr) last_ready_ = nullptr;
  return run;
}

bool ParkedRuns::WakeExpired(u64 now_ns) {
  bool any = false;
  while (DeadlineNode* due = deadlines_.TakeDue(now_ns)) {
    ParkedRun& run = *static_cast<ParkedRun*>(due);
    Unlist(run);
    run.wake = ParkedRun::Wake::kDeadline;
    AddReady(run);
    any = true;
  }
  return any;
}

void ParkedRuns::CancelAll() {
  while (first_parked_ != nullptr) {
    Wake(*first_parked_, ParkedRun::Wake::kCancelled);
  }
}

}  // namespace chi

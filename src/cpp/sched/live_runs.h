// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The runs of one worker that somebody may want to end before they end by
// themselves: those that have parked or made subtasks. They are found by the
// task they run, since that is what a client that cancels can name.

#ifndef CHIMAERA_SCHED_LIVE_RUNS_H_
#define CHIMAERA_SCHED_LIVE_RUNS_H_

#include <memory>
#include <new>
#include <utility>

#include "chimaera/base/clock.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/sched/run_context.h"

namespace chi {

struct ParkedRun;
struct Task;

/// Why and when a run has to end; lies in its frame. Before it is armed only
/// the members with initialisers have a value, so that other runs pay nothing.
struct LiveRun {
  /// ShmPtr bits of a client's task, KeyOf of one made inside the runtime; 0
  /// for what is no task.
  u64 key = 0;
  const char* why;  ///< The text that goes with `end`.
  u64 deadline_ns;  ///< On the worker's clock.
  RunContext* context;
  ParkedRun* parked;  ///< What it is parked on, or null.
  Task* subtasks;     ///< Those that end with it, by next_subtask_.
  LiveRun* next_live;
  LiveRun** live_link;
  StatusCode end;  ///< kOk, or with what every park fails from now on.
  bool armed = false;
  bool idle = false;     ///< Periodic, and between two of its runs.
  bool certain = false;  ///< Parked, and not to be woken but by its event.
  bool unused = false;   // a gap would need a store of its own
};

/// No ShmPtr has the highest bit.
inline u64 KeyOf(const Task* internal) {
  return reinterpret_cast<u64>(internal) | u64{1} << 63;
}

/// Owned by the worker; no locks. Links runs, never copies or frees them.
class LiveRuns {
 public:
  void Add(LiveRun& run) {
    if (size_ >= num_buckets_ && (size_ & (size_ - 1)) == 0) Grow();
    Link(run);
    ++size_;
  }

  /// REQUIRES: added.
  void Remove(LiveRun& run) {
    *run.live_link = run.next_live;
    if (run.next_live != nullptr) run.next_live->live_link = run.live_link;
    --size_;
  }

  /// The run of that task, or null. Clients' keys are their own.
  LiveRun* Find(u64 client_id, u64 key) const {
    if (size_ == 0) return nullptr;
    LiveRun* run = buckets_[Bucket(key)];
    while (run != nullptr &&
           (run->key != key || run->context->client_id != client_id)) {
      run = run->next_live;
    }
    return run;
  }

  /// Calls `visit` for all; it may not add or remove any.
  template <class Visitor>
  void ForEach(Visitor visit) const {
    for (size_t i = 0; i < num_buckets_; ++i) {
      for (LiveRun* run = buckets_[i]; run != nullptr; run = run->next_live) {
        visit(*run);
      }
    }
  }

 private:
  static constexpr size_t kFirstBuckets = 64;

  size_t Bucket(u64 key) const {
    // Tasks are whole cache lines; the upper half of the product mixes all.
    const u64 mixed = (key >> 6) * 0x9e3779b97f4a7c15;
    return (mixed >> 32) & (num_buckets_ - 1);
  }
  void Link(LiveRun& run) {
    LiveRun*& head = buckets_[Bucket(run.key)];
    run.next_live = head;
    run.live_link = &head;
    if (head != nullptr) head->live_link = &run.next_live;
    head = &run;
  }
  // Without memory the lists get longer, which is slower and not wrong.
  void Grow() {
    const size_t size = 2 * size_;
    std::unique_ptr<LiveRun*[]> old(new (std::nothrow) LiveRun*[size]());
    if (old == nullptr) return;
    old.swap(buckets_);
    const size_t old_size = std::exchange(num_buckets_, size);
    for (size_t i = 0; i < old_size; ++i) {
      for (LiveRun* run = old[i]; run != nullptr;) {
        LiveRun* const next = run->next_live;
        Link(*run);
        run = next;
      }
    }
  }

  size_t num_buckets_ = kFirstBuckets;  // a power of two
  std::unique_ptr<LiveRun*[]> buckets_ =
      std::make_unique<LiveRun*[]>(kFirstBuckets);
  size_t size_ = 0;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_LIVE_RUNS_H_

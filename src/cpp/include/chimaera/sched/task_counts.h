// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How many tasks each method of each pool was run for, exactly, and without two
// workers ever writing to one line: every worker has a table of its own, a
// place in all tables belongs to one method of one pool, and who wants to know
// adds up. A table is address space for a million places, of which only what
// is written to becomes memory.

#ifndef CHIMAERA_SCHED_TASK_COUNTS_H_
#define CHIMAERA_SCHED_TASK_COUNTS_H_

#include <atomic>

#include "chimaera/base/types.h"

namespace chi {

/// The table of one worker. Written by its thread, read by any.
class TaskCounts {
 public:
  static constexpr u32 kNumPlaces = u32{1} << 20;
  /// The first places are nobody's: what belongs to no pool is counted there.
  static constexpr u32 kNobody = 4096;

  /// Throws std::bad_alloc.
  TaskCounts();
  ~TaskCounts();
  TaskCounts(const TaskCounts&) = delete;
  TaskCounts& operator=(const TaskCounts&) = delete;

  std::atomic<u64>* places() const { return places_; }

 private:
  std::atomic<u64>* const places_;
};

/// Consecutive places in the tables of this process, at 0 to begin with.
class CountPlaces {
 public:
  /// Those of nobody if there are none left; then nothing is counted.
  /// REQUIRES: count <= TaskCounts::kNobody.
  explicit CountPlaces(u32 count);
  /// REQUIRES: no worker counts there any more.
  ~CountPlaces();
  CountPlaces(const CountPlaces&) = delete;
  CountPlaces& operator=(const CountPlaces&) = delete;

  u32 first() const { return first_; }
  bool counted() const { return first_ != 0; }
  /// Of all workers that exist. Any thread.
  u64 Sum(u32 index) const;

 private:
  const u32 count_;
  u32 first_ = 0;
};

namespace internal {

/// The table of the thread's worker; elsewhere one that nobody reads.
extern __thread std::atomic<u64>* task_counts
    __attribute__((tls_model("initial-exec")));
/// The table of no worker.
std::atomic<u64>* NobodysCounts();

}  // namespace internal

/// One task more. Every task passes here.
inline void CountTask(u32 place) {
  std::atomic<u64>& count = internal::task_counts[place];
  count.store(count.load(std::memory_order_relaxed) + 1,
              std::memory_order_relaxed);
}

}  // namespace chi

#endif  // CHIMAERA_SCHED_TASK_COUNTS_H_

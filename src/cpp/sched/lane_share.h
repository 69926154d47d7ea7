// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How much of its worker's time a lane gets. Lanes are served in turn; a lane
// of short tasks runs up to 64 of them, one of costlier tasks as many as take
// a quantum, and one whose single task takes several quanta pauses for as many
// turns afterwards. So clients whose tasks differ share time, not numbers, and
// nobody's burst is long.

#ifndef CHIMAERA_SCHED_LANE_SHARE_H_
#define CHIMAERA_SCHED_LANE_SHARE_H_

#include <algorithm>

#include "chimaera/base/types.h"

namespace chi {

/// Owned by the worker. What is read per turn costs two loads.
class LaneShare {
 public:
  /// Tasks of a turn, at most.
  static constexpr u32 kMaxBatch = 64;
  /// Time of a turn: twice what 64 null tasks take, so that lanes of such
  /// tasks are alike, however roughly their times were measured.
  static constexpr u64 kQuantumNs = 16'000;
  /// The longest pause, in turns: a mistaken estimate must not starve anybody.
  static constexpr u32 kMaxPause = 1024;

  /// Tasks that may be run in this turn.
  u32 batch() const { return batch_; }

  /// Whether the lane lets this turn pass.
  bool Pauses() {
    if (__builtin_expect(pause_ == 0, 1)) return false;
    --pause_;
    return true;
  }
  /// Turns that it still lets pass.
  u32 pause() const { return pause_; }
  /// Lets `turns` more pass, which are left. For when nobody else has work.
  void SkipTurns(u32 turns) { pause_ -= std::min(turns, pause_); }
  /// To be called after a turn in which something ran.
  void EndTurn() {
    if (__builtin_expect(pause_after_ != 0, 0)) pause_ = pause_after_;
  }

  /// A run took `ns`, and stands for `runs` like it.
  void Count(u64 ns, u64 runs) {
    // One such run was interrupted by the system, as likely as not; two of them
    // are how it is now.
    const bool outlier = sum_runs_ != 0 && ns > kOutlier * (mean_ns() + 1);
    if (outlier && !last_was_outlier_) ns = mean_ns();
    last_was_outlier_ = outlier;
    busy_ns_ += ns * runs;
    sum_ns_ += ns * runs;
    sum_runs_ += runs;
    if (sum_runs_ > kMemory) {
      sum_runs_ /= 2;
      sum_ns_ /= 2;
    }
    Update();
  }

  u64 mean_ns() const { return sum_runs_ == 0 ? 0 : sum_ns_ / sum_runs_; }

  /// The estimated time of all its tasks so far.
  u64 busy_ns() const { return busy_ns_; }
  /// The same since the last call.
  u64 TakeBusy() {
    const u64 since = busy_ns_ - taken_ns_;
    taken_ns_ = busy_ns_;
    return since;
  }

 private:
  // Runs that the mean remembers, about.
  static constexpr u64 kMemory = 1024;
  // Times the mean.
  static constexpr u64 kOutlier = 16;

  void Update() {
    const u64 mean = std::max<u64>(mean_ns(), 1);
    batch_ = static_cast<u32>(std::clamp<u64>(kQuantumNs / mean, 1, kMaxBatch));
    pause_after_ =
        static_cast<u32>(std::min<u64>((mean - 1) / kQuantumNs, kMaxPause));
  }

  u32 batch_ = kMaxBatch;
  u32 pause_ = 0;
  u32 pause_after_ = 0;
  u64 sum_ns_ = 0;
  u64 sum_runs_ = 0;
  u64 busy_ns_ = 0;
  u64 taken_ns_ = 0;
  bool last_was_outlier_ = false;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_LANE_SHARE_H_

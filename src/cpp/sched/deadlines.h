// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Deadlines in order, for many waits of which nearly all end before theirs: a
// radix heap. A node lies in the bucket of the highest bit in which its
// deadline differs from the last time that was looked at. Adding and removing
// is linking and unlinking; nothing is allocated. As time comes nearer, a
// node moves to lower buckets, at most 64 times in all, and only in TakeDue.

#ifndef CHIMAERA_SCHED_DEADLINES_H_
#define CHIMAERA_SCHED_DEADLINES_H_

#include "chimaera/base/types.h"
#include "chimaera/sched/worker.h"

namespace chi {

/// Of one thread; no locks. Links nodes, never copies or frees them.
class Deadlines {
 public:
  Deadlines() = default;
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  /// REQUIRES: `node` is in no such list, and stays where it is while it is.
  void Add(DeadlineNode& node);
  /// REQUIRES: added, and not taken.
  void Remove(DeadlineNode& node);

  /// Removes and returns the earliest node whose deadline is `now_ns` or
  /// earlier; null when none is. `now_ns` never goes back.
  DeadlineNode* TakeDue(u64 now_ns);

  /// The earliest deadline, or a time before it when many are close together;
  /// kNoDeadlineNs when there is none.
  u64 NextNs() const;

  bool empty() const { return size_ == 0; }

 private:
  // Bucket 0: not later than last_ns_. Bucket b: bit b - 1 is the highest that
  // differs.
  static constexpr u32 kNumBuckets = 65;

  u32 BucketOf(u64 deadline_ns) const;
  u64 EarliestOf(u32 bucket) const;
  u32 FirstBucket() const;
  void Link(DeadlineNode& node);
  static void Unlink(DeadlineNode& node);
  void Approach(u32 bucket, u64 now_ns);

  DeadlineNode* buckets_[kNumBuckets] = {};
  u64 size_ = 0;
  u64 last_ns_ = 0;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_DEADLINES_H_

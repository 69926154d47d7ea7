// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Who waits for a lock: groups, first come, first served, each with all its
// waiters. The nodes lie on the stacks of those who wait. A hash table, one
// bucket at first, finds the group that a newcomer belongs to, however many
// wait.
//
// The inside of CoMutex and CoRwLock; not for modules.

#ifndef CHIMAERA_SCHED_LOCK_QUEUE_H_
#define CHIMAERA_SCHED_LOCK_QUEUE_H_

#include <memory>

#include "chimaera/base/types.h"
#include "chimaera/sched/lock_group.h"
#include "chimaera/sched/worker.h"

namespace chi {

/// One who waits. `run` is its own business; all else belongs to the queue,
/// under the lock's spin word.
struct LockWaiter {
  LockWaiter(WaitKind kind, const void* lock, LockGroup its_group)
      : run(kind, lock),
        group(its_group),
        exclusive(kind != WaitKind::kReadLock) {}

  ParkedRun run;
  const LockGroup group;
  const bool exclusive;
  bool queued = false;  ///< Cleared when it is granted, before the unpark.

  /// The waiters of one group, the leader first; its previous one is the last.
  LockWaiter* next_member = nullptr;
  LockWaiter* previous_member = nullptr;

  // Of a leader only.
  LockWaiter* next_group = nullptr;
  LockWaiter* previous_group = nullptr;
  u64 hash = 0;
  LockWaiter* next_in_bucket = nullptr;
  LockWaiter** bucket_link = nullptr;  ///< Null: not a leader.
  u32 num_members = 0;
  u32 num_exclusive = 0;
};

/// Waiters that were granted the lock, linked by next_member. They are unparked
/// when the spin word is free again.
struct GrantedWaiters {
  LockWaiter* first = nullptr;
  LockWaiter* last = nullptr;

  void UnparkAll();
};

class LockQueue {
 public:
  constexpr LockQueue() = default;
  LockQueue(const LockQueue&) = delete;
  LockQueue& operator=(const LockQueue&) = delete;

  bool empty() const { return first_ == nullptr; }
  /// The leader of the group whose turn is next, or null.
  LockWaiter* front() const { return first_; }

  /// Adds the waiter to its group, which is a new one at the end, or with
  /// `at_front` at the front, if none of it waits yet.
  void Push(LockWaiter& waiter, bool at_front = false);
  /// Takes a waiter out that gives up. REQUIRES: waiter.queued.
  void Remove(LockWaiter& waiter);
  /// Takes the first group out whole. REQUIRES: not empty.
  void PopFront(GrantedWaiters* granted);

  void Report(std::vector<LockReport::Waiting>* waiting) const;

 private:
  void LinkGroup(LockWaiter& leader, bool at_front);
  void UnlinkGroup(LockWaiter& leader);
  LockWaiter*& BucketOf(u64 hash) {
    return mask_ == 0 ? only_bucket_ : buckets_[hash & mask_];
  }
  static void Hang(LockWaiter& leader, LockWaiter*& bucket);
  static void Unhang(LockWaiter& leader);
  void Grow();
  void Promote(LockWaiter& from, LockWaiter& to);

  LockWaiter* first_ = nullptr;
  LockWaiter* last_ = nullptr;
  u64 num_groups_ = 0;
  // Grows, and stays as it is until the lock goes.
  LockWaiter* only_bucket_ = nullptr;
  std::unique_ptr<LockWaiter*[]> buckets_;
  u64 mask_ = 0;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_LOCK_QUEUE_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The table grows by a factor that makes moving rare: what it moves lies on as
// many cold stacks, while the spin word is held.

#include "chimaera/sched/lock_queue.h"

#include <sched.h>

#include <functional>
#include <new>

#include "chimaera/sched/spin_word.h"

namespace chi {
namespace {

// Polls before the CPU is offered to others.
constexpr u32 kPolls = 64;

// Groups in a bucket, on average, before the table grows, and by how much.
constexpr u64 kMaxLoad = 4;
constexpr u64 kGrowth = 8;
// Below and above a waiter's node: its frames and the fiber's own.
constexpr i32 kColdLines = 12;

// Who comes next sleeps on a stack that has grown cold, and all it will touch
// when it wakes lies around its node.
void PrefetchStackOf(const LockWaiter* waiter) {
  if (waiter == nullptr) return;
  const char* const node = reinterpret_cast<const char*>(waiter);
  for (i32 line = -kColdLines; line <= kColdLines; ++line) {
    __builtin_prefetch(node + line * static_cast<i32>(kCacheLineSize));
  }
}

}  // namespace

void SpinWord::LockSlowly() {
  for (u32 turn = 1;; ++turn) {
    // Reads until it looks free, so that the holder keeps the line.
    if (word_.load(std::memory_order_relaxed) == 0 &&
        word_.exchange(1, std::memory_order_acquire) == 0) {
      return;
    }
    if (turn % kPolls == 0) sched_yield();
  }
}

LockGroup internal::ThreadLockGroup() {
  // Its address is unique among the threads that live.
  static __thread char self;
  return {kThreadClient, reinterpret_cast<u64>(&self)};
}

void GrantedWaiters::UnparkAll() {
  for (LockWaiter* waiter = first; waiter != nullptr;) {
    LockWaiter* const next = waiter->next_member;
    Worker::Unpark(waiter->run);  // it may be gone from here on
    waiter = next;
  }
}

void LockQueue::Push(LockWaiter& waiter, bool at_front) {
  const u64 hash = std::hash<LockGroup>{}(waiter.group);
  LockWaiter* leader = BucketOf(hash);
  while (leader != nullptr && leader->group != waiter.group) {
    leader = leader->next_in_bucket;
  }
  waiter.queued = true;
  waiter.next_member = nullptr;
  if (leader == nullptr) {
    leader = &waiter;
    waiter.hash = hash;
    waiter.previous_member = &waiter;
    if (num_groups_ >= kMaxLoad * (mask_ + 1)) Grow();
    Hang(waiter, BucketOf(hash));
    LinkGroup(waiter, at_front);
    ++num_groups_;
  } else {
    waiter.previous_member = leader->previous_member;
    waiter.previous_member->next_member = &waiter;
    leader->previous_member = &waiter;
  }
  ++leader->num_members;
  leader->num_exclusive += waiter.exclusive ? 1 : 0;
}

void LockQueue::Hang(LockWaiter& leader, LockWaiter*& bucket) {
  leader.next_in_bucket = bucket;
  leader.bucket_link = &bucket;
  if (bucket != nullptr) bucket->bucket_link = &leader.next_in_bucket;
  bucket = &leader;
}

void LockQueue::Unhang(LockWaiter& leader) {
  *leader.bucket_link = leader.next_in_bucket;
  if (leader.next_in_bucket != nullptr) {
    leader.next_in_bucket->bucket_link = leader.bucket_link;
  }
  leader.bucket_link = nullptr;
}

void LockQueue::Grow() {
  const u64 size = kGrowth * (mask_ + 1);
  auto* memory = new (std::nothrow) LockWaiter*[size]();
  if (memory == nullptr) return;  // slower, not wrong
  buckets_.reset(memory);
  mask_ = size - 1;
  only_bucket_ = nullptr;
  for (LockWaiter* w = first_; w != nullptr; w = w->next_group) {
    Hang(*w, BucketOf(w->hash));
  }
}

void LockQueue::LinkGroup(LockWaiter& leader, bool at_front) {
  leader.previous_group = at_front ? nullptr : last_;
  leader.next_group = at_front ? first_ : nullptr;
  (leader.previous_group ? leader.previous_group->next_group : first_) =
      &leader;
  (leader.next_group ? leader.next_group->previous_group : last_) = &leader;
}

void LockQueue::UnlinkGroup(LockWaiter& leader) {
  (leader.previous_group ? leader.previous_group->next_group : first_) =
      leader.next_group;
  (leader.next_group ? leader.next_group->previous_group : last_) =
      leader.previous_group;
  Unhang(leader);
  --num_groups_;
}

// Makes the next member the leader in the place of one that leaves.
void LockQueue::Promote(LockWaiter& from, LockWaiter& to) {
  to.num_members = from.num_members;
  to.num_exclusive = from.num_exclusive;
  to.previous_member = from.previous_member;
  to.previous_group = from.previous_group;
  to.next_group = from.next_group;
  (to.previous_group ? to.previous_group->next_group : first_) = &to;
  (to.next_group ? to.next_group->previous_group : last_) = &to;
  to.hash = from.hash;
  Unhang(from);
  Hang(to, BucketOf(to.hash));
}

void LockQueue::Remove(LockWaiter& waiter) {
  waiter.queued = false;
  LockWaiter* leader = &waiter;
  if (waiter.bucket_link != nullptr) {
    if (waiter.next_member == nullptr) return UnlinkGroup(waiter);
    leader = waiter.next_member;
    Promote(waiter, *leader);
  } else {
    // Followers are few: the tasks of one group that wait for one lock.
    while (leader->bucket_link == nullptr) leader = leader->previous_member;
    waiter.previous_member->next_member = waiter.next_member;
    LockWaiter* const after = waiter.next_member ? waiter.next_member : leader;
    after->previous_member = waiter.previous_member;
  }
  --leader->num_members;
  leader->num_exclusive -= waiter.exclusive ? 1 : 0;
}

void LockQueue::PopFront(GrantedWaiters* granted) {
  LockWaiter& leader = *first_;
  UnlinkGroup(leader);
  PrefetchStackOf(first_);
  for (LockWaiter* w = &leader; w != nullptr; w = w->next_member) {
    w->queued = false;
  }
  (granted->last ? granted->last->next_member : granted->first) = &leader;
  granted->last = leader.previous_member;
}

void LockQueue::Report(std::vector<LockReport::Waiting>* waiting) const {
  for (const LockWaiter* leader = first_; leader; leader = leader->next_group) {
    for (const LockWaiter* w = leader; w != nullptr; w = w->next_member) {
      waiting->push_back({w->group, w->exclusive, &w->run});
    }
  }
}

}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The tree is a digital search tree: a leader at depth d lies on the path of
// the first d bits of its hash. So any leaf below a leader may take its place.

#include "chimaera/sched/lock_queue.h"

#include <sched.h>

#include <functional>

#include "chimaera/sched/spin_word.h"

namespace chi {
namespace {

// Polls before the CPU is offered to others.
constexpr u32 kPolls = 64;

// The child to follow below depth `depth`. Equal hashes make a list.
u32 BitAt(u64 hash, u32 depth) {
  return depth < 64 ? static_cast<u32>(hash >> depth) & 1 : 0;
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
  LockWaiter** link = &root_;
  for (u32 depth = 0; *link != nullptr; ++depth) {
    if ((*link)->group == waiter.group) break;
    link = &(*link)->child[BitAt(hash, depth)];
  }
  waiter.queued = true;
  waiter.next_member = nullptr;
  LockWaiter* leader = *link;
  if (leader == nullptr) {
    leader = *link = &waiter;
    waiter.tree_link = link;
    waiter.previous_member = &waiter;
    LinkGroup(waiter, at_front);
  } else {
    waiter.previous_member = leader->previous_member;
    waiter.previous_member->next_member = &waiter;
    leader->previous_member = &waiter;
  }
  ++leader->num_members;
  leader->num_exclusive += waiter.exclusive ? 1 : 0;
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
  RemoveFromTree(leader);
}

void LockQueue::TakeTreePlace(LockWaiter& from, LockWaiter& to) {
  to.tree_link = from.tree_link;
  *to.tree_link = &to;
  for (u32 bit = 0; bit < 2; ++bit) {
    to.child[bit] = from.child[bit];
    if (to.child[bit] != nullptr) to.child[bit]->tree_link = &to.child[bit];
  }
}

void LockQueue::RemoveFromTree(LockWaiter& leader) {
  LockWaiter* leaf = &leader;
  for (;;) {
    LockWaiter* const below = leaf->child[0] ? leaf->child[0] : leaf->child[1];
    if (below == nullptr) break;
    leaf = below;
  }
  *leaf->tree_link = nullptr;
  if (leaf != &leader) TakeTreePlace(leader, *leaf);
  leader.tree_link = nullptr;
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
  TakeTreePlace(from, to);
  from.tree_link = nullptr;
}

void LockQueue::Remove(LockWaiter& waiter) {
  waiter.queued = false;
  LockWaiter* leader = &waiter;
  if (waiter.tree_link != nullptr) {
    if (waiter.next_member == nullptr) return UnlinkGroup(waiter);
    leader = waiter.next_member;
    Promote(waiter, *leader);
  } else {
    // Followers are few: the tasks of one group that wait for one lock.
    while (leader->tree_link == nullptr) leader = leader->previous_member;
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

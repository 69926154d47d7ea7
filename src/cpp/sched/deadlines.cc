// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// All nodes of a bucket share with last_ns_ the bits above the bucket's, so
// buckets are in the order of their deadlines, and moving last_ns_ into a
// bucket's range changes the place of that bucket's nodes only.

#include "sched/deadlines.h"

#include <algorithm>
#include <utility>

#include "chimaera/base/check.h"

namespace chi {
namespace {

// Nodes of the first bucket that NextNs looks at.
constexpr u32 kMaxLooks = 64;

}  // namespace

u32 Deadlines::BucketOf(u64 deadline_ns) const {
  if (deadline_ns <= last_ns_) return 0;
  return 64 - static_cast<u32>(__builtin_clzll(deadline_ns ^ last_ns_));
}

// The earliest time that can lie in a bucket.
u64 Deadlines::EarliestOf(u32 bucket) const {
  if (bucket == 0) return 0;
  const u32 bit = bucket - 1;
  return ((last_ns_ >> bit) | 1) << bit;
}

u32 Deadlines::FirstBucket() const {
  u32 bucket = 0;
  while (buckets_[bucket] == nullptr) ++bucket;
  return bucket;
}

void Deadlines::Link(DeadlineNode& node) {
  DeadlineNode*& head = buckets_[BucketOf(node.deadline_ns)];
  node.next_due = head;
  node.due_link = &head;
  if (head != nullptr) head->due_link = &node.next_due;
  head = &node;
}

void Deadlines::Unlink(DeadlineNode& node) {
  *node.due_link = node.next_due;
  if (node.next_due != nullptr) node.next_due->due_link = node.due_link;
}

void Deadlines::Add(DeadlineNode& node) {
  Link(node);
  ++size_;
}

void Deadlines::Remove(DeadlineNode& node) {
  CHI_CHECK(size_ > 0);
  Unlink(node);
  --size_;
}

DeadlineNode* Deadlines::TakeDue(u64 now_ns) {
  while (size_ > 0) {
    const u32 bucket = FirstBucket();
    if (bucket == 0) {
      DeadlineNode* const due = buckets_[0];
      Remove(*due);
      return due;
    }
    if (EarliestOf(bucket) > now_ns) return nullptr;
    Approach(bucket, now_ns);
  }
  return nullptr;
}

// Lets the bucket's earliest node, or now, be the new last time.
void Deadlines::Approach(u32 bucket, u64 now_ns) {
  DeadlineNode* node = std::exchange(buckets_[bucket], nullptr);
  last_ns_ = now_ns;
  for (const DeadlineNode* n = node; n != nullptr; n = n->next_due) {
    last_ns_ = std::min(last_ns_, n->deadline_ns);
  }
  while (node != nullptr) {
    DeadlineNode* const next = node->next_due;
    Link(*node);
    node = next;
  }
}

u64 Deadlines::NextNs() const {
  if (size_ == 0) return kNoDeadlineNs;
  const u32 bucket = FirstBucket();
  u64 next_ns = kNoDeadlineNs;
  u32 looks = 0;
  for (const DeadlineNode* n = buckets_[bucket]; n; n = n->next_due) {
    if (++looks > kMaxLooks) return EarliestOf(bucket);
    next_ns = std::min(next_ns, n->deadline_ns);
  }
  return next_ns;
}

}  // namespace chi

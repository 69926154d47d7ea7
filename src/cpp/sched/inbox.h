// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What other threads hand to a worker: wake-ups of parked runs and jobs. Any
// thread pushes, only the worker takes, and it takes everything at once. When
// the worker ends it closes its inbox: what is pushed later is refused, so that
// nobody waits for a job that will never run.

#ifndef CHIMAERA_SCHED_INBOX_H_
#define CHIMAERA_SCHED_INBOX_H_

#include <atomic>

#include "chimaera/sched/worker.h"

namespace chi {

class Inbox {
 public:
  /// Any thread. False if the inbox is closed. seq_cst: the push must be
  /// visible before the pusher looks whether the worker sleeps (see Sleeper).
  bool Push(InboxNode* node) {
    InboxNode* head = head_.load(std::memory_order_relaxed);
    do {
      if (head == &closed_) return false;
      node->next = head;
    } while (!head_.compare_exchange_weak(head, node, std::memory_order_seq_cst,
                                          std::memory_order_relaxed));
    return true;
  }

  /// The worker only. seq_cst for the look between "announce" and "sleep".
  bool LooksEmpty() const {
    return head_.load(std::memory_order_seq_cst) == nullptr;
  }

  /// The worker only: refuses whatever comes from now on. False, and still
  /// open, if something has come.
  bool TryClose() {
    InboxNode* expected = nullptr;
    return head_.compare_exchange_strong(expected, &closed_,
                                         std::memory_order_acq_rel);
  }

  /// The worker only: all nodes, oldest first. Acquire pairs with the release
  /// in Push, so that what the pusher wrote is seen.
  InboxNode* TakeAll() {
    const InboxNode* head = head_.load(std::memory_order_relaxed);
    if (head == nullptr || head == &closed_) return nullptr;
    InboxNode* newest = head_.exchange(nullptr, std::memory_order_acquire);
    InboxNode* oldest = nullptr;
    while (newest != nullptr) {
      InboxNode* next = newest->next;
      newest->next = oldest;
      oldest = newest;
      newest = next;
    }
    return oldest;
  }

 private:
  std::atomic<InboxNode*> head_{nullptr};
  InboxNode closed_;  // stands for "closed"; never linked
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_INBOX_H_

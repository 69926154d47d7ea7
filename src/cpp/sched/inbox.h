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

#include "chimaera/base/atomics.h"
#include "chimaera/sched/worker.h"

namespace chi {

/// `Node` has a member `next`. A template for the sake of model checking only.
template <class Atomics, class Node>
class BasicInbox {
 public:
  /// Any thread. False if the inbox is closed. seq_cst: the push must be
  /// visible before the pusher looks whether the worker sleeps (see WakeFlag).
  bool Push(Node* node) {
    Node* head = head_.load(std::memory_order_relaxed);
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
    Node* expected = nullptr;
    return head_.compare_exchange_strong(expected, &closed_,
                                         std::memory_order_acq_rel);
  }

  /// The worker only: all nodes, oldest first. Acquire pairs with the release
  /// in Push, so that what the pusher wrote is seen.
  Node* TakeAll() {
    const Node* head = head_.load(std::memory_order_relaxed);
    if (head == nullptr || head == &closed_) return nullptr;
    Node* newest = head_.exchange(nullptr, std::memory_order_acquire);
    Node* oldest = nullptr;
    while (newest != nullptr) {
      Node* next = newest->next;
      newest->next = oldest;
      oldest = newest;
      newest = next;
    }
    return oldest;
  }

 private:
  typename Atomics::template Atomic<Node*> head_{nullptr};
  Node closed_;  // stands for "closed"; never linked
};

using Inbox = BasicInbox<StdAtomics, InboxNode>;

}  // namespace chi

#endif  // CHIMAERA_SCHED_INBOX_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Tasks that were handed over because they are likely to run long, until their
// worker runs them: the lanes they came by take turns, so that a client with
// many of them does not keep out one with few. How many there can be is
// bounded by each client's quota of tasks in flight.

#ifndef CHIMAERA_SCHED_LONG_TASKS_H_
#define CHIMAERA_SCHED_LONG_TASKS_H_

#include <deque>
#include <memory>
#include <unordered_map>

#include "chimaera/base/types.h"
#include "chimaera/shm/offset_ptr.h"
#include "sched/lanes.h"

namespace chi {

/// A task that waits. It counts as in flight until it is over.
struct LongTask {
  std::shared_ptr<LaneHold> hold;
  ShmPtr pointer;
};

/// Owned by the worker; no locks.
class LongTasks {
 public:
  void Push(LongTask task) {
    const LaneHold* lane = task.hold.get();
    std::deque<LongTask>& queue = queues_[lane];
    if (queue.empty()) turns_.push_back(lane);
    queue.push_back(std::move(task));
    ++size_;
  }

  /// The oldest of the lane whose turn it is. REQUIRES: not empty.
  LongTask Pop() {
    const LaneHold* lane = turns_.front();
    turns_.pop_front();
    const auto found = queues_.find(lane);
    LongTask task = std::move(found->second.front());
    found->second.pop_front();
    if (found->second.empty()) {
      queues_.erase(found);
    } else {
      turns_.push_back(lane);
    }
    --size_;
    return task;
  }

  bool empty() const { return size_ == 0; }
  u64 size() const { return size_; }

 private:
  std::unordered_map<const LaneHold*, std::deque<LongTask>> queues_;
  std::deque<const LaneHold*> turns_;  // lanes with tasks, next one first
  u64 size_ = 0;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_LONG_TASKS_H_

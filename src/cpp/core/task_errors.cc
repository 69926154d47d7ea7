// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See task_errors.h.

#include "chimaera/core/task_errors.h"

#include <new>

#include "chimaera/base/clock.h"
#include "chimaera/base/heap_accounts.h"

namespace chi {

void TaskErrors::Add(const TaskFailure& failure) {
  total_.fetch_add(1, std::memory_order_relaxed);
  if (!mu_.try_lock()) return;
  try {
    const HeapScope heap;
    last_.push_front(
        {UnixNs(), failure.pool_id, failure.method, failure.client_id,
         failure.code, std::string(failure.message),
         std::string(failure.pool_name), std::string(failure.method_name)});
    if (last_.size() > kKept) last_.pop_back();
  } catch (const std::bad_alloc&) {
    // It is counted; its client learns of it as of any other.
  }
  mu_.unlock();
}

std::vector<TaskError> TaskErrors::Last() const {
  const MutexLock lock(mu_);
  return {last_.begin(), last_.end()};
}

}  // namespace chi

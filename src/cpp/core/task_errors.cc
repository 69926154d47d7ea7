// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See task_errors.h.

#include "chimaera/core/task_errors.h"

#include <algorithm>

#include "chimaera/base/clock.h"
#include "chimaera/ipc/task.h"

namespace chi {
namespace {

constexpr size_t kNameSize = 64;

// Into memory that is there: a failure may be that there is no more.
void Put(std::string_view text, std::string& where) {
  where.assign(text.substr(0, where.capacity()));
}

}  // namespace

TaskErrors::TaskErrors() : last_(kKept) {
  for (TaskError& error : last_) {
    error.message.reserve(Task::kTextCapacity);
    error.pool_name.reserve(kNameSize);
    error.method_name.reserve(kNameSize);
  }
}

void TaskErrors::Add(const TaskFailure& failure) {
  total_.fetch_add(1, std::memory_order_relaxed);
  if (!mu_.try_lock()) return;
  TaskError& error = last_[num_kept_++ % kKept];
  error.unix_ns = UnixNs();
  error.pool_id = failure.pool_id;
  error.method = failure.method;
  error.client_id = failure.client_id;
  error.code = failure.code;
  Put(failure.message, error.message);
  Put(failure.pool_name, error.pool_name);
  Put(failure.method_name, error.method_name);
  mu_.unlock();
}

std::vector<TaskError> TaskErrors::Last() const {
  const MutexLock lock(mu_);
  std::vector<TaskError> last;
  const u64 count = std::min(num_kept_, kKept);
  for (u64 i = 1; i <= count; ++i) {
    last.push_back(last_[(num_kept_ - i) % kKept]);
  }
  return last;
}

}  // namespace chi

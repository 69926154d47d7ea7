// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What is done already needs no waiter.

#include "chimaera/ipc/wait.h"

#include <algorithm>

#include "chimaera/base/check.h"

namespace chi {
namespace {

bool IsDone(const Task* task) { return task->IsComplete(); }

}  // namespace

Status WaitForAll(const TaskPointers& tasks, u64 timeout_ns) {
  if (std::all_of(tasks.begin(), tasks.end(), IsDone)) return Status();
  const u32 count = static_cast<u32>(tasks.size());
  return CurrentWaiter().WaitMany(tasks.data(), count, count, timeout_ns);
}

Result<size_t> WaitForAny(const TaskPointers& tasks, u64 timeout_ns) {
  if (tasks.empty()) return Status::BadRequest("waiting for any of no tasks");
  auto done = std::find_if(tasks.begin(), tasks.end(), IsDone);
  if (done == tasks.end()) {
    CHI_RETURN_IF_ERROR(CurrentWaiter().WaitMany(
        tasks.data(), static_cast<u32>(tasks.size()), 1, timeout_ns));
    done = std::find_if(tasks.begin(), tasks.end(), IsDone);
    CHI_CHECK(done != tasks.end());
  }
  return static_cast<size_t>(done - tasks.begin());
}

}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Waiting for a task and reading its outcome, by way of the thread's waiter.

#include "chimaera/ipc/task.h"

#include <algorithm>
#include <cstring>

#include "chimaera/ipc/waiter.h"

namespace chi {

void Task::WaitSlowly() {
  // The outcome says it all: kNotRun after a timeout, kRuntimeDied, or its
  // own.
  const Status waited = CurrentWaiter().Wait(*this, kDefaultTimeoutNs);
  static_cast<void>(waited);
}

Status Task::WaitFor(u64 timeout_ns) {
  return CurrentWaiter().Wait(*this, timeout_ns);
}

void Task::Yield() { CurrentWaiter().Yield(); }

Status Task::GetStatus() const {
  if (return_code_ == 0) return Status();
  const bool has_text = state_.load(std::memory_order_acquire) ==
                        static_cast<u32>(TaskState::kDoneWithText);
  const u32 size = has_text ? std::min(text_size_, kTextCapacity) : 0;
  return Status::FromCode(return_code_, std::string(text_, size));
}

void Task::SetError(u32 code, std::string_view text) {
  return_code_ = code;
  // Not read back: this task may be a client's, who could have changed it.
  const size_t size = std::min<size_t>(text.size(), kTextCapacity);
  text_size_ = static_cast<u32>(size);
  std::memcpy(text_, text.data(), size);
}

}  // namespace chi

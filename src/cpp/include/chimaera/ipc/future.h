// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The owner of a submitted task. Dropping it frees the task: at once when it
// is done, otherwise as soon as it is.

#ifndef CHIMAERA_IPC_FUTURE_H_
#define CHIMAERA_IPC_FUTURE_H_

#include <utility>

#include "chimaera/base/check.h"
#include "chimaera/base/status.h"
#include "chimaera/ipc/task.h"
#include "chimaera/ipc/waiter.h"
#include "chimaera/shm/hipc.h"

namespace chi {

/// Move-only; used by one thread at a time. The task's fields are read with
/// -> once it is done.
template <class TaskT>
class Future {
 public:
  Future() = default;
  /// Takes a submitted task over. Made by IpcManager::Submit.
  explicit Future(hipc::FullPtr<TaskT> task) : task_(task) {}
  ~Future() { Reset(); }

  Future(Future&& other) noexcept : task_(std::exchange(other.task_, {})) {}
  Future& operator=(Future&& other) noexcept {
    if (this != &other) {
      Reset();
      task_ = std::exchange(other.task_, {});
    }
    return *this;
  }
  Future(const Future&) = delete;
  Future& operator=(const Future&) = delete;

  /// The task. REQUIRES: not released; its outputs only when IsDone().
  TaskT* operator->() const { return task_.ptr_; }
  TaskT& operator*() const { return *task_.ptr_; }
  bool IsNull() const { return task_.IsNull(); }
  bool IsDone() const { return task_->IsComplete(); }

  /// Task::Wait and Task::WaitFor.
  void Wait() { task_->Wait(); }
  [[nodiscard]] Status WaitFor(u64 timeout_ns) {
    return CurrentWaiter().Wait(*task_, timeout_ns);
  }

  /// Waits and returns the outcome: an error of the wait or of the task.
  [[nodiscard]] Status Get(u64 timeout_ns = kDefaultTimeoutNs) {
    Status waited = WaitFor(timeout_ns);
    return waited.ok() ? task_->GetStatus() : waited;
  }

  /// Asks the runtime to end the task: a method that waits, or will, is woken
  /// and unwinds, and its subtasks with it. The outcome, mostly kCancelled,
  /// comes as ever. False if it is there already.
  bool Cancel();

  /// Gives the task up: the caller frees it with IpcManager::DelTask.
  [[nodiscard]] hipc::FullPtr<TaskT> Release() {
    return std::exchange(task_, {});
  }
  /// What the module guide's client code expects of an Async call.
  operator hipc::FullPtr<TaskT>() && { return Release(); }

 private:
  // Drops the task and leaves the pointer: a new one follows, or the end.
  void Reset();

  hipc::FullPtr<TaskT> task_;
};

}  // namespace chi

#endif  // CHIMAERA_IPC_FUTURE_H_

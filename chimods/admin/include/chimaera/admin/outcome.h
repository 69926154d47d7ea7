// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What synchronous client calls return that have nothing else to say.

#ifndef CHIMAERA_ADMIN_OUTCOME_H_
#define CHIMAERA_ADMIN_OUTCOME_H_

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "chimaera/base/status.h"
#include "chimaera/core/create_pool_task.h"
#include "chimaera/ipc/container_client.h"
#include "chimaera/ipc/future.h"

namespace chimaera {

/// A Status that the caller may drop: `client.Create(...);` is as good as
/// `if (!client.Create(...)) ...`.
class Outcome {
 public:
  Outcome() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): the same thing
  Outcome(chi::Status status) : status_(std::move(status)) {}

  bool ok() const { return status_.ok(); }
  explicit operator bool() const { return ok(); }
  const chi::Status& status() const { return status_; }
  // NOLINTNEXTLINE(google-explicit-constructor): the same thing
  operator chi::Status() const { return status_; }
  chi::StatusCode code() const { return status_.code(); }
  std::string_view message() const { return status_.message(); }
  std::string ToString() const { return status_.ToString(); }

 private:
  chi::Status status_;
};

inline std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  return out << outcome.status();
}

/// The error with the whole text, where the task's own is cut.
inline chi::Status CreateStatus(const chi::CreatePoolTask& task,
                                const chi::Status& status) {
  if (status.ok() || task.return_code_ != status.code_value() ||
      task.error_message_.empty()) {
    return status;
  }
  return chi::Status::FromCode(task.return_code_, task.error_message_.str());
}

/// Waits for the Create of `client` and makes it talk to the pool, or to none.
template <class TaskT>
Outcome FinishCreate(chi::Future<TaskT> future, chi::ContainerClient* client) {
  const chi::Status status = future.Get();
  const bool done = future.IsDone();
  client->pool_id_ = done ? future->new_pool_id_ : chi::PoolId();
  if (!done) return status;
  client->pool_name_ = future->pool_name_.str();
  return CreateStatus(*future, status);
}

}  // namespace chimaera

#endif  // CHIMAERA_ADMIN_OUTCOME_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The tasks that ended with an error: how many, and the last ones with all that
// is known of them. Only a task that fails pays for it.

#ifndef CHIMAERA_CORE_TASK_ERRORS_H_
#define CHIMAERA_CORE_TASK_ERRORS_H_

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "chimaera/base/mutex.h"
#include "chimaera/base/types.h"
#include "chimaera/ipc/ids.h"

namespace chi {

/// A task that fails.
struct TaskFailure {
  PoolId pool_id;  ///< As the task says; there may be no such pool.
  MethodId method = 0;
  u64 client_id = 0;  ///< 0: a task of the runtime's own.
  u32 code = 0;       ///< A StatusCode, or a module's own.
  std::string_view message;
  std::string_view pool_name;    ///< Empty: not found.
  std::string_view method_name;  ///< Empty: not found.
};

/// One that has failed.
struct TaskError {
  u64 unix_ns = 0;  ///< When, since 1970.
  PoolId pool_id;
  MethodId method = 0;
  u64 client_id = 0;
  u32 code = 0;
  std::string message;
  std::string pool_name;
  std::string method_name;
};

/// Safe from any thread.
class TaskErrors {
 public:
  static constexpr u64 kKept = 64;

  TaskErrors();

  /// One more; needs no memory. Where several fail at once some are only
  /// counted. Long texts are cut.
  void Add(const TaskFailure& failure);

  u64 total() const { return total_.load(std::memory_order_relaxed); }
  /// At most kKept, the newest first.
  std::vector<TaskError> Last() const;

 private:
  std::atomic<u64> total_{0};
  mutable Mutex mu_;
  u64 num_kept_ CHI_GUARDED_BY(mu_) = 0;
  std::vector<TaskError> last_ CHI_GUARDED_BY(mu_);  // a ring
};

}  // namespace chi

#endif  // CHIMAERA_CORE_TASK_ERRORS_H_

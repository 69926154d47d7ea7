// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The task that asks a runtime what it was told.

#ifndef CHIMAERA_ADMIN_DESCRIBE_TASKS_H_
#define CHIMAERA_ADMIN_DESCRIBE_TASKS_H_

#include <chimaera/admin/admin_tasks.h>

namespace chimaera::admin {

/// What this runtime was told, and which modules it knows.
struct DescribeRuntimeTask : public chi::Task {
  /// For each setting its key, value, origin, line, and its name there; each of
  /// them ends in a zero byte. Of a default there is no origin.
  OUT chi::string settings_;
  OUT chi::string directories_;  ///< Searched for modules; each and a zero.
  OUT chi::string modules_;      ///< Loaded: name and path, each and a zero.
  OUT chi::string log_file_;     ///< Empty: standard error.

  explicit DescribeRuntimeTask(const AllocT& alloc)
      : chi::Task(alloc),
        settings_(alloc),
        directories_(alloc),
        modules_(alloc),
        log_file_(alloc) {}
  DescribeRuntimeTask(const AllocT& alloc, const chi::TaskId& task_id,
                      const chi::PoolId& pool_id,
                      const chi::PoolQuery& pool_query)
      : chi::Task(alloc, task_id, pool_id, pool_query,
                  Method::kDescribeRuntime),
        settings_(alloc),
        directories_(alloc),
        modules_(alloc),
        log_file_(alloc) {}

  template <class Archive>
  void SerializeIn(Archive& /*ar*/) {}
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(settings_, directories_, modules_, log_file_);
  }
};

}  // namespace chimaera::admin

#endif  // CHIMAERA_ADMIN_DESCRIBE_TASKS_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What is counted of the methods of one pool: tasks, and those that failed. A
// task that does not fail is counted by its worker alone (sched/task_counts.h).

#ifndef CHIMAERA_CORE_METHOD_METRICS_H_
#define CHIMAERA_CORE_METHOD_METRICS_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "chimaera/base/latency_histogram.h"
#include "chimaera/base/types.h"
#include "chimaera/core/method_table.h"
#include "chimaera/core/module_manager.h"
#include "chimaera/sched/task_counts.h"

namespace chi {

/// Safe from any thread.
class MethodMetrics {
 public:
  struct Row {
    MethodId id = 0;
    std::string name;    // the module may be gone when it is read
    u64 tasks = 0;       ///< Begun; of a periodic task each time.
    u64 failed = 0;      ///< Of them, ended with an error.
    LatencyCounts runs;  ///< How long they ran, not parked; from samples.
  };

  /// `containers` are the pool's: they are told where their tasks are counted,
  /// and outlive this object.
  explicit MethodMetrics(const std::vector<ContainerPtr>& containers);
  MethodMetrics(const MethodMetrics&) = delete;
  MethodMetrics& operator=(const MethodMetrics&) = delete;

  void CountFailure(const MethodRow& method) {
    failed_[IndexOf(method)].fetch_add(1, std::memory_order_relaxed);
  }

  /// A run took so long, and stands for `weight` like it.
  void NoteRun(const MethodRow& method, u64 time_ns, u64 weight) {
    runs_[IndexOf(method)].Add(time_ns, weight);
  }

  /// All methods.
  std::vector<Row> List() const;

 private:
  u64 IndexOf(const MethodRow& method) const {
    return static_cast<u64>(&method - methods_->begin());
  }

  // Constant after construction.
  const MethodTable* const methods_;  // null: there are none
  const CountPlaces tasks_;           // by id

  const std::unique_ptr<std::atomic<u64>[]> failed_;    // by row
  const std::unique_ptr<LazyLatencyHistogram[]> runs_;  // by row
};

}  // namespace chi

#endif  // CHIMAERA_CORE_METHOD_METRICS_H_

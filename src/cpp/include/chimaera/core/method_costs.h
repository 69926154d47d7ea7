// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the methods of one pool cost. A worker looks at one bit per task
// (Container::NeedsCare); only methods that are new, that have changed, that
// run long or whose module states something take the way through here.

#ifndef CHIMAERA_CORE_METHOD_COSTS_H_
#define CHIMAERA_CORE_METHOD_COSTS_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "chimaera/base/mutex.h"
#include "chimaera/base/types.h"
#include "chimaera/core/cost_model.h"
#include "chimaera/core/method_table.h"
#include "chimaera/core/module_manager.h"

namespace chi {

/// Safe from any thread.
class MethodCosts {
 public:
  struct Row {
    MethodId method = 0;
    std::string method_name;  // the module may be gone when it is read
    CostEstimate estimate;
    bool is_long = false;  ///< Runs of usual size are handed over.
  };

  /// `containers` are the pool's: they are told which methods need care, and
  /// outlive this object. Without any there is nothing to learn.
  MethodCosts(const std::vector<ContainerPtr>& containers, u64 long_task_ns);

  /// Whether a run of `method` will take long, as its module states in `plan`
  /// or as was learned; false while too little is known.
  bool IsLong(const MethodRow& method, const RunPlan& plan) const;

  /// One run. Dropped if another thread is just learning.
  void Learn(const MethodRow& method, const RunPlan& plan, u64 time_ns);

  /// Methods that were run and learned from.
  std::vector<Row> List() const;

 private:
  struct Entry {
    // Guarded by mu_.
    CostModel model;
    bool has_plan = false;  // the module has stated something
    bool careful = true;    // what the containers have been told
    // What IsLong reads of the model, without a lock. Relaxed, and each by
    // itself: an estimate of which one half is older is as good.
    std::atomic<f64> base_ns{0};
    std::atomic<f64> ns_per_unit{0};
  };

  Entry& EntryOf(const MethodRow& method) const {
    return entries_[static_cast<u64>(&method - methods_->begin())];
  }
  void SetCare(const MethodRow& method, Entry& entry);

  // Constant after construction.
  std::vector<Container*> containers_;
  const MethodTable* const methods_;
  const f64 long_task_ns_;
  const std::unique_ptr<Entry[]> entries_;  // by row

  mutable Mutex mu_;
};

}  // namespace chi

#endif  // CHIMAERA_CORE_METHOD_COSTS_H_

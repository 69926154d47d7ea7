// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One pool on this node: its containers, and the count of runs that keep them
// alive.

#ifndef CHIMAERA_CORE_POOL_H_
#define CHIMAERA_CORE_POOL_H_

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "chimaera/base/types.h"
#include "chimaera/core/address_table.h"
#include "chimaera/core/container.h"
#include "chimaera/core/method_costs.h"
#include "chimaera/core/method_metrics.h"
#include "chimaera/core/module_manager.h"
#include "chimaera/ipc/ids.h"

namespace chi {

/// Workers see live pools only; tasks for the others get kNotFound.
enum class PoolState : u32 { kCreating = 0, kLive = 1, kDestroying = 2 };
const char* PoolStateName(PoolState state);

/// Made and freed by PoolManager. Workers hold a Pool* for one task at a time.
class Pool {
 public:
  /// REQUIRES: as many `containers` as `addresses` has local ones.
  Pool(PoolId id, std::string name, const Module& module, std::string config,
       AddressTable addresses, std::vector<ContainerPtr> containers,
       u64 long_task_ns = 50'000)
      : id_(id),
        name_(std::move(name)),
        module_(module),
        config_(std::move(config)),
        addresses_(std::move(addresses)),
        containers_(std::move(containers)),
        num_local_(static_cast<u32>(containers_.size())),
        costs_(containers_, long_task_ns),
        metrics_(containers_) {
    for (const ContainerPtr& container : containers_) {
      container->SetHeldRuns(&held_runs_);
      container->SetRunEnds(&run_ends_);
    }
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// Puts what tasks need of the only container there. REQUIRES: there is one
  /// on this node, and no worker knows the pool yet.
  void KeepRecordIn(CallRecords::Ptr place) {
    local_container(0)->MoveRecord(place.get());
    record_ = std::move(place);
  }

  PoolId id() const { return id_; }
  const std::string& name() const { return name_; }
  const std::string& module_name() const { return module_.name(); }
  /// The YAML text the pool was composed from; may be empty.
  const std::string& config() const { return config_; }
  const AddressTable& addresses() const { return addresses_; }

  /// Containers on all nodes.
  u32 num_containers() const { return addresses_.num_containers(); }
  /// Containers on this node.
  u32 num_local() const { return num_local_; }
  /// The container with this id; null if there is none or it is elsewhere.
  Container* container(ContainerId id) const {
    const auto local = addresses_.LocalIndexOf(id);
    return local ? containers_[*local].get() : nullptr;
  }
  /// REQUIRES: index < num_local().
  Container* local_container(u32 index) const {
    return containers_[index].get();
  }

  const MethodCosts& costs() const { return costs_; }
  const MethodMetrics& metrics() const { return metrics_; }

  PoolState state() const { return state_.load(std::memory_order_acquire); }

  /// A run that parks for the first time calls HoldRun before the worker goes
  /// on, and ReleaseRun when its method has returned, after the last touch of
  /// pool and container. A run that never parks calls neither: the worker's
  /// pass through its loop top stands for it. Safe from any worker.
  void HoldRun() { held_runs_.fetch_add(1, std::memory_order_relaxed); }
  void ReleaseRun() { held_runs_.fetch_sub(1, std::memory_order_release); }
  /// Runs between the two. Acquire: zero, read after all workers were at their
  /// loop tops with the pool unpublished, means that nobody touches it.
  /// The count itself, for RunContext::held_runs.
  std::atomic<u64>* held_runs_counter() { return &held_runs_; }
  RunEnds& run_ends() { return run_ends_; }
  const RunEnds& run_ends() const { return run_ends_; }
  u64 held_runs() const { return held_runs_.load(std::memory_order_acquire); }

 private:
  friend class PoolManager;
  void SetState(PoolState state) {
    state_.store(state, std::memory_order_release);
  }

  // Constant after construction.
  const PoolId id_;
  const std::string name_;
  const Module& module_;
  const std::string config_;
  const AddressTable addresses_;
  CallRecords::Ptr record_;  // of the only container, or null
  const std::vector<ContainerPtr> containers_;  // by local index
  const u32 num_local_;
  MethodCosts costs_;
  MethodMetrics metrics_;

  // Written by PoolManager, read by whoever reports it.
  std::atomic<PoolState> state_{PoolState::kCreating};
  // ReleaseRun (release) pairs with held_runs (acquire): what a method did to
  // its container happens before the container is freed. HoldRun may be
  // relaxed: the worker's loop top, which Destroy waits for, publishes it.
  std::atomic<u64> held_runs_{0};
  RunEnds run_ends_;
};

}  // namespace chi

#endif  // CHIMAERA_CORE_POOL_H_

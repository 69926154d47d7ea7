// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The base of every module's Runtime: one part of a pool, living in the
// runtime process. Its methods run on workers, several at a time if tasks
// block; CoMutex and CoRwLock protect what they share.

#ifndef CHIMAERA_CORE_CONTAINER_H_
#define CHIMAERA_CORE_CONTAINER_H_

#include <atomic>
#include <string>

#include "chimaera/base/heap_accounts.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/core/call_record.h"
#include "chimaera/ipc/ids.h"
#include "chimaera/ipc/task.h"
#include "chimaera/sched/run_context.h"
#include "chimaera/shm/hipc.h"

namespace chi {

class MethodCosts;
class MethodMetrics;
class MethodTable;
class TaskInputArchive;
class TaskOutputArchive;
struct MethodRow;

/// What Container::Monitor is asked.
enum class MonitorModeId : u32 {
  /// How long the task will run: may fill ctx.plan. On a copy of the task with
  /// its inputs, before the method is called.
  kLocalSchedule = 0,
  kGlobalSchedule = 1,  ///< Which containers: may change task->pool_query_.
};

/// Runs of a pool that were ended from outside. Relaxed: nothing depends on it.
struct RunEnds {
  std::atomic<u64> cancelled{0};
  std::atomic<u64> expired{0};  ///< By their deadline.

  void Count(StatusCode end) {
    std::atomic<u64>& count =
        end == StatusCode::kCancelled ? cancelled : expired;
    count.fetch_add(1, std::memory_order_relaxed);
  }
};

class Container {
 public:
  PoolId pool_id_;
  std::string pool_name_;
  ContainerId container_id_ = 0;
  u32 num_containers_ = 1;  ///< Of the pool, on all nodes.
  NodeId node_id_ = 0;      ///< The node that this container is on.
  /// What the guide's string constructors ask for; it carries nothing.
  hipc::CtxAllocator<CHI_MAIN_ALLOC_T> main_allocator_;

  Container() = default;
  virtual ~Container() = default;
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  /// Called once, before the module's Create. An override calls this first.
  virtual void Init(const PoolId& pool_id, const std::string& pool_name) {
    pool_id_ = pool_id;
    pool_name_ = pool_name;
  }

  /// Runs method `method` of this container on a task in private memory.
  /// The default looks the method up in the module's table; an unknown one
  /// gives the task kUnimplemented.
  virtual void Run(MethodId method, hipc::FullPtr<Task> task, RunContext& ctx);

  /// May say, before a client's task is run, what it will cost: see RunPlan.
  /// Called on a worker, by several at once; must not wait. A method whose
  /// first runs it says nothing about is asked for only now and then. The
  /// default says nothing, and leaves the decision to what was learned.
  virtual void Monitor(MonitorModeId mode, MethodId method,
                       hipc::FullPtr<Task> task, RunContext& ctx) {
    (void)mode;
    (void)method;
    (void)task;
    (void)ctx;
  }

  // ---- what can be done with a task of method `method`; see task_ops.h ----
  // The defaults do what the task's type says, and throw StatusError for an
  // unknown method or a type that does not say how.

  /// Makes `replica`: a new task in private memory with the header and the
  /// inputs of `origin`, everything copied. `deep` is the module guide's.
  virtual void NewCopy(MethodId method, hipc::FullPtr<Task> origin,
                       hipc::FullPtr<Task>& replica, bool deep);
  /// Combines the results of a replica, which has succeeded, with those of
  /// `origin`, by the type's Aggregate. Where there is none, the first replica
  /// counts: `origin` takes its results over if it has none yet, which its
  /// return_code_ tells (kNotRun).
  virtual void Aggregate(MethodId method, hipc::FullPtr<Task> origin,
                         const hipc::FullPtr<Task>& replica);
  /// As IpcManager::DelTask.
  virtual void Del(MethodId method, hipc::FullPtr<Task> task);
  /// Appends a task to an archive of inputs, respectively of outputs.
  virtual Status SaveIn(MethodId method, TaskOutputArchive& archive,
                        hipc::FullPtr<Task> task);
  virtual Status SaveOut(MethodId method, TaskOutputArchive& archive,
                         hipc::FullPtr<Task> task);
  /// Fills `task` from task `number` of an archive.
  virtual Status LoadIn(MethodId method, TaskInputArchive& archive, u32 number,
                        hipc::FullPtr<Task> task);
  virtual Status LoadOut(MethodId method, TaskInputArchive& archive, u32 number,
                         hipc::FullPtr<Task> task);

  /// The client is gone for good: give back what was kept for it. Called on a
  /// worker, once per client, for every container.
  virtual void OnClientGone(u64 client_id) { (void)client_id; }

  /// The module's methods and its name, which both live as long as its
  /// library. Set by CHI_TASK_CC before Init.
  const MethodTable& methods() const { return *record_->methods; }
  bool has_methods() const { return record_->methods != nullptr; }
  const char* module_name() const { return module_name_; }
  void SetMethods(const MethodTable& methods, const char* module_name = "") {
    record_->methods = &methods;
    module_name_ = module_name;
  }

  /// kUnimplemented: "pool 512.0 (chimaera_bdev): method 77 of 0, 1, 10-14".
  Status UnknownMethod(MethodId method) const;

  /// What the pool's methods cost, or null outside of a pool.
  MethodCosts* costs() const { return costs_; }
  /// Set by the pool, whose costs these are.
  void SetCosts(MethodCosts* costs) { costs_ = costs; }

  /// What is counted of the pool's methods, or null outside of a pool.
  MethodMetrics* metrics() const { return metrics_; }
  /// Set by the pool. Tasks are counted from `first_count` on; see CallRecord.
  void SetMetrics(MethodMetrics* metrics, u32 first_count) {
    metrics_ = metrics;
    record_->first_count = first_count;
  }

  /// The pool's count of runs that have parked, or null outside of a pool.
  std::atomic<u64>* held_runs() const { return held_runs_; }
  void SetHeldRuns(std::atomic<u64>* held_runs) { held_runs_ = held_runs; }

  /// What the container's code allocates is entered there.
  HeapAccount heap_account() const { return heap_account_; }
  void SetHeapAccount(HeapAccount account) { heap_account_ = account; }

  /// Where the pool counts runs that were ended; null outside of a pool.
  RunEnds* run_ends() const { return run_ends_; }
  void SetRunEnds(RunEnds* run_ends) { run_ends_ = run_ends; }

  const CallRecord& record() const { return *record_; }
  /// Moves the record to `place`, which then lives as long as the container.
  /// REQUIRES: no run of the container is under way.
  void MoveRecord(CallRecord* place) {
    place->methods = record_->methods;
    place->care.store(record_->care.load());
    place->first_count = record_->first_count;
    record_ = place;
  }
  /// Whether a run of `method` has to be looked at: is it long, or is it to be
  /// learned from? Methods above 63 share bits with others, which costs them a
  /// look in vain.
  bool NeedsCare(MethodId method) const { return record_->NeedsCare(method); }
  /// Any thread.
  void SetCare(u64 bits) {
    record_->care.fetch_or(bits, std::memory_order_relaxed);
  }
  void ClearCare(u64 bits) {
    record_->care.fetch_and(~bits, std::memory_order_relaxed);
  }

 private:
  const MethodRow& RowOf(MethodId method) const;

  CallRecord own_record_;
  CallRecord* record_ = &own_record_;
  const char* module_name_ = "";
  MethodCosts* costs_ = nullptr;
  MethodMetrics* metrics_ = nullptr;
  std::atomic<u64>* held_runs_ = nullptr;
  HeapAccount heap_account_ = kRuntimeHeap;
  RunEnds* run_ends_ = nullptr;
};

/// The module guide's other name for it.
using ChiContainer = Container;

}  // namespace chi

#endif  // CHIMAERA_CORE_CONTAINER_H_

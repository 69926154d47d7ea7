// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a worker calls for every task: finds pool, container and method, runs
// it, and gives the task exactly one outcome.

#ifndef CHIMAERA_CORE_DISPATCHER_H_
#define CHIMAERA_CORE_DISPATCHER_H_

#include <string_view>

#include "chimaera/core/method_table.h"
#include "chimaera/core/pool_manager.h"
#include "chimaera/core/router.h"
#include "chimaera/core/task_errors.h"
#include "chimaera/sched/executor.h"

namespace chi {

/// For any number of workers. The pools outlive it.
class Dispatcher final : public Executor {
 public:
  explicit Dispatcher(PoolManager& pools) : pools_(pools) {}

  /// Of all tasks that this object ran.
  const TaskErrors& errors() const { return errors_; }

  void RunSubmitted(ShmPtr pointer, RunContext& ctx) override;
  void EndSubmitted(ShmPtr pointer, RunContext& ctx,
                    const Status& end) override;
  void RunInternal(hipc::FullPtr<Task> task, RunContext& ctx) override;
  void CountEnd(const RunContext& ctx, StatusCode end) override;
  std::atomic<u64>* HeldRuns(const RunContext& ctx) override;

 private:
  // The containers of a query, and their pool; none for all other queries.
  struct Several {
    const Pool* pool = nullptr;
    ContainerSpan span;
  };

  // Puts container and method into `ctx`, and the method also into `row`.
  Status Find(const TaskHeader& header, RunContext& ctx,
              const MethodRow** row) const;
  Status FindSlowly(const TaskHeader& header, const Pool* pool, RunContext& ctx,
                    Container** container) const;
  Status RunBy(Container* container, const CallRecord* record,
               SubmittedTask& submitted, u64 rest, RunContext& ctx) const;
  Status RunHere(SubmittedTask& submitted, u64 rest, RunContext& ctx) const;
  Status RunDirect(SubmittedTask& submitted, u64 rest, RunContext& ctx) const;
  Status RunOnce(SubmittedTask& submitted, u64 rest, RunContext& ctx) const;
  // Only where `may_decide` says so the mode may be kDynamicSchedule.
  static Status RunFound(SubmittedTask& submitted, Container& container,
                         const CallRecord& record, const MethodRow& method,
                         bool may_decide, RunContext& ctx);
  // The way of a task whose method is to be looked at (dispatcher_care.cc).
  using RunFn = Status (*)(Container&, SubmittedTask&, RunContext&);
  static Status RunWithCare(SubmittedTask& submitted, RunContext& ctx);
  static Status RunSample(SubmittedTask& submitted, RunContext& ctx);
  static Status RunMeasured(SubmittedTask& submitted, RunPlan& plan, u32 runs,
                            RunContext& ctx);
  static Status Call(RunFn function, SubmittedTask& submitted, RunContext& ctx);
  static void RestartSampling();
  static void BeginMeasuring(RunPlan& plan, RunContext& ctx);
  static void EndMeasuring(const RunPlan& plan, u32 runs, RunContext& ctx);
  static Status HandOverIfLong(const SubmittedTask& submitted,
                               const RunPlan& plan, RunContext& ctx);

  Status RunUnusual(SubmittedTask& submitted, u64 rest, RunContext& ctx) const;
  // With a stamp, see sched/tracer.h (dispatcher_trace.cc).
  Status RunTraced(SubmittedTask& submitted, u64 rest, RunContext& ctx) const;
  Status RunInternalTraced(hipc::FullPtr<Task> task, RunContext& ctx) const;
  static void TakeOddItem(ShmPtr item, RunContext& ctx);
  Status RunRouted(SubmittedTask& submitted, u64 rest, RunContext& ctx) const;
  bool WaitsForItsPool(hipc::FullPtr<Task> task) const;
  Status RunInternalAsOften(hipc::FullPtr<Task> task, RunContext& ctx) const;
  Status RunInternalRouted(hipc::FullPtr<Task> task, RunContext& ctx) const;
  Status RunInternalOnce(hipc::FullPtr<Task> task, RunContext& ctx) const;
  // The same for a query that may mean several containers.
  Status FindSeveral(const TaskHeader& header, RunContext& ctx,
                     Several* several) const;
  Status RunDecided(SubmittedTask& submitted, u64 rest, RunContext& ctx) const;
  Status RunInternalDecided(hipc::FullPtr<Task> task, RunContext& ctx) const;

  // How a task ends that has not succeeded.
  void FinishWith(const Status& error, const SubmittedTask& submitted,
                  const RunContext& ctx);
  void FinishWith(u32 code, std::string_view text,
                  const SubmittedTask& submitted, const RunContext& ctx);
  void CountFailure(const TaskHeader& header, const RunContext& ctx, u32 code,
                    std::string_view text);
  static void CountBegun(const RunContext& ctx);
  static void CountEndedTask(const Pool& pool, MethodId method,
                             RunContext& ctx);

  PoolManager& pools_;
  TaskErrors errors_;
};

}  // namespace chi

#endif  // CHIMAERA_CORE_DISPATCHER_H_

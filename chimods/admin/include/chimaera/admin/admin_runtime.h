// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The container of the admin pool.

#ifndef CHIMAERA_ADMIN_ADMIN_RUNTIME_H_
#define CHIMAERA_ADMIN_ADMIN_RUNTIME_H_

#include <chimaera/admin/admin_client.h>
#include <chimaera/admin/admin_tasks.h>
#include <chimaera/admin/describe_tasks.h>
#include <chimaera/admin/trace_tasks.h>
#include <chimaera/chimaera.h>

#include <atomic>
#include <string>

namespace chimaera::admin {

/// One container, pool 1.0. Its methods may run on several workers at once.
class Runtime : public chi::Container {
 public:
  using CreateParams = chimaera::admin::CreateParams;

  void Init(const chi::PoolId& pool_id, const std::string& pool_name) override;
  void OnClientGone(chi::u64 client_id) override;

  void Create(hipc::FullPtr<CreateTask> task, chi::RunContext& rctx);
  /// Makes the pool, or finds it. Asked dynamically it chooses this node, the
  /// only one there is.
  void GetOrCreatePool(hipc::FullPtr<GetOrCreatePoolTask<CreateParams>> task,
                       chi::RunContext& rctx);
  void DestroyPool(hipc::FullPtr<DestroyPoolTask> task, chi::RunContext& rctx);
  void UnloadModule(hipc::FullPtr<UnloadModuleTask> task,
                    chi::RunContext& rctx);
  void CheckCompose(hipc::FullPtr<CheckComposeTask> task,
                    chi::RunContext& rctx);
  void DescribePool(hipc::FullPtr<DescribePoolTask> task,
                    chi::RunContext& rctx);
  void DescribeRuntime(hipc::FullPtr<DescribeRuntimeTask> task,
                       chi::RunContext& rctx);
  void ListPools(hipc::FullPtr<ListPoolsTask> task, chi::RunContext& rctx);
  void GetStats(hipc::FullPtr<GetStatsTask> task, chi::RunContext& rctx);
  void Flush(hipc::FullPtr<FlushTask> task, chi::RunContext& rctx);
  void Dump(hipc::FullPtr<DumpTask> task, chi::RunContext& rctx);
  void GetMetrics(hipc::FullPtr<GetMetricsTask> task, chi::RunContext& rctx);
  void SetSampling(hipc::FullPtr<SetSamplingTask> task, chi::RunContext& rctx);
  void StartTrace(hipc::FullPtr<StartTraceTask> task, chi::RunContext& rctx);
  void StopTrace(hipc::FullPtr<StopTraceTask> task, chi::RunContext& rctx);
  void ReadTrace(hipc::FullPtr<ReadTraceTask> task, chi::RunContext& rctx);
  void StopRuntime(hipc::FullPtr<StopRuntimeTask> task, chi::RunContext& rctx);

 private:
  /// What all workers have begun, and how many methods are not over but those
  /// of Flush.
  struct Activity {
    chi::u64 tasks_begun = 0;
    chi::u64 held_runs = 0;
  };
  Activity LookAround() const;

  chi::u64 start_ns_ = 0;  // constant after Init
  // Counters; they order nothing else.
  std::atomic<chi::u64> pools_created_{0};
  std::atomic<chi::u64> pools_destroyed_{0};
  std::atomic<chi::u64> flushes_{0};  // running now
};

}  // namespace chimaera::admin

#endif  // CHIMAERA_ADMIN_ADMIN_RUNTIME_H_

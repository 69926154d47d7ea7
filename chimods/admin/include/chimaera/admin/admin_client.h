// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Client of the admin pool: pools, statistics, flush, stop.

#ifndef CHIMAERA_ADMIN_ADMIN_CLIENT_H_
#define CHIMAERA_ADMIN_ADMIN_CLIENT_H_

#include <chimaera/admin/admin_tasks.h>
#include <chimaera/admin/outcome.h>
#include <chimaera/chimaera.h>
#include <chimaera/core/pool_manager.h>

#include <string>
#include <vector>

namespace chimaera::admin {

/// What AsyncGetStats answers, as a plain value.
struct Stats {
  chi::u64 uptime_ns = 0;
  chi::u64 resident_bytes = 0;
  chi::u32 pid = 0;
  chi::u32 num_pools = 0;
  chi::u64 pools_created = 0;
  chi::u64 pools_destroyed = 0;
  chi::u64 sessions = 0;
  chi::u64 sessions_total = 0;
  chi::u64 cut_off = 0;
  chi::u64 result_bytes = 0;
  std::vector<WorkerRow> workers;
};

/// Usable from any thread by one caller at a time; copies are independent.
/// Async calls return at once; the others wait, at most the client's default
/// timeout. In a method, waiting parks the fiber.
class Client : public chi::ContainerClient {
 public:
  /// The admin pool has one id, whatever is asked for here.
  Client() { Init(chi::kAdminPoolId); }
  explicit Client(const chi::PoolId& /*pool_id*/) : Client() {}

  /// The admin pool exists already: this only checks that it answers.
  Outcome Create(const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
                 const std::string& pool_name = "admin",
                 const chi::PoolId& custom_pool_id = chi::kAdminPoolId);
  chi::Future<CreateTask> AsyncCreate(
      const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
      const std::string& pool_name = "admin",
      const chi::PoolId& custom_pool_id = chi::kAdminPoolId);

  /// Makes the pool of a compose entry, or finds the one of its name. The
  /// errors are those of PoolManager::GetOrCreate and of the module.
  chi::Result<chi::PoolId> CreatePool(const hipc::MemContext& mctx,
                                      const chi::PoolConfig& config);
  chi::Future<chi::CreatePoolTask> AsyncCreatePool(
      const hipc::MemContext& mctx, const chi::PoolConfig& config);

  /// See PoolManager::Destroy for what it waits for and its errors.
  Outcome DestroyPool(const hipc::MemContext& mctx,
                      const chi::PoolQuery& pool_query,
                      const chi::PoolId& target_pool_id);
  chi::Future<DestroyPoolTask> AsyncDestroyPool(
      const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
      const chi::PoolId& target_pool_id);

  /// Takes a module that no pool runs out of memory, "chimaera_bdev" for
  /// instance; the next pool of it loads its file again. True: its code is
  /// gone. False: the loader keeps it, and a pool will run the same code; see
  /// docs/design/modules.md for why. Errors as PoolManager::UnloadModule; the
  /// admin module always has a pool.
  chi::Result<bool> UnloadModule(const hipc::MemContext& mctx,
                                 const chi::PoolQuery& pool_query,
                                 const std::string& module);
  chi::Future<UnloadModuleTask> AsyncUnloadModule(
      const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
      const std::string& module);

  /// What is wrong with the configuration `text`, its pools with it as their
  /// modules see them, a line for each mistake; `origin` is its path. Makes no
  /// pool, but loads modules.
  chi::Future<CheckComposeTask> AsyncCheckCompose(const hipc::MemContext& mctx,
                                                  const std::string& text,
                                                  const std::string& origin);

  /// What a pool was made with.
  chi::Future<DescribePoolTask> AsyncDescribePool(
      const hipc::MemContext& mctx, const chi::PoolId& target_pool_id);

  /// All pools by id, also those that come and go just now.
  chi::Result<std::vector<chi::PoolInfo>> ListPools(
      const hipc::MemContext& mctx);
  chi::Future<ListPoolsTask> AsyncListPools(const hipc::MemContext& mctx);

  /// What every live task waits for, as chi::RuntimeDump::ToJson writes it;
  /// at most `max_tasks` of them. Answers while workers are stuck, but not if
  /// all are.
  chi::Result<std::string> Dump(const hipc::MemContext& mctx,
                                chi::u64 max_tasks = 10'000);
  chi::Future<DumpTask> AsyncDump(const hipc::MemContext& mctx,
                                  chi::u64 max_tasks = 10'000);

  /// What the runtime does, in figures, as chi::MetricsJson writes it.
  chi::Result<std::string> GetMetrics(const hipc::MemContext& mctx);
  chi::Future<GetMetricsTask> AsyncGetMetrics(const hipc::MemContext& mctx);

  /// Sets chi::Sampling of the runtime; `one_in` 0 leaves it as it is.
  /// kBadRequest: it is above chi::Sampling::kMaxOneIn.
  chi::Future<SetSamplingTask> AsyncSetSampling(const hipc::MemContext& mctx,
                                                bool on, chi::u32 one_in = 0);

  chi::Result<Stats> GetStats(const hipc::MemContext& mctx);
  chi::Future<GetStatsTask> AsyncGetStats(const hipc::MemContext& mctx);

  /// Returns when all that was submitted before, by whichever client, is done:
  /// twice in a row every worker was seen between two tasks, no method was
  /// parked, and no task had begun in between. A periodic task is waited for
  /// while it runs, not until its next time. kDeadlineExceeded, with what
  /// still runs, if that has not happened within `wait_ns`: a method sleeps
  /// longer, or clients keep submitting.
  Outcome Flush(const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
                chi::u64 wait_ns = kFlushWaitNs);
  chi::Future<FlushTask> AsyncFlush(const hipc::MemContext& mctx,
                                    const chi::PoolQuery& pool_query,
                                    chi::u64 wait_ns = kFlushWaitNs);

  /// The runtime of this node stops once it has answered: what is in flight
  /// finishes, what comes later is refused.
  Outcome StopRuntime(const hipc::MemContext& mctx,
                      const chi::PoolQuery& pool_query);
  chi::Future<StopRuntimeTask> AsyncStopRuntime(
      const hipc::MemContext& mctx, const chi::PoolQuery& pool_query);

  static constexpr chi::u64 kFlushWaitNs = 10'000'000'000;
};

/// A client of the admin pool, the same for the whole process.
Client* AdminClient();

}  // namespace chimaera::admin

#define CHI_ADMIN (::chimaera::admin::AdminClient())

#endif  // CHIMAERA_ADMIN_ADMIN_CLIENT_H_

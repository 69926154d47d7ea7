// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Requests to the admin pool, and their answers as plain values.

#include "chimaera/admin/admin_client.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace chimaera::admin {
namespace {

// Beyond what the method itself waits for.
constexpr chi::u64 kAnswerNs = 5'000'000'000;

template <class TaskT, class... Args>
chi::Future<TaskT> Send(const chi::PoolQuery& pool_query, const Args&... args) {
  auto* ipc = CHI_IPC;
  return ipc->Submit(ipc->NewTask<TaskT>(chi::CreateTaskId(), chi::kAdminPoolId,
                                         pool_query, args...));
}

}  // namespace

Outcome Client::Create(const hipc::MemContext& mctx,
                       const chi::PoolQuery& pool_query,
                       const std::string& pool_name,
                       const chi::PoolId& custom_pool_id) {
  auto future = AsyncCreate(mctx, pool_query, pool_name, custom_pool_id);
  return future.Get();
}

chi::Future<CreateTask> Client::AsyncCreate(const hipc::MemContext& /*mctx*/,
                                            const chi::PoolQuery& pool_query,
                                            const std::string& pool_name,
                                            const chi::PoolId& custom_pool_id) {
  return Send<CreateTask>(pool_query, CreateParams::chimod_lib_name, pool_name,
                          custom_pool_id);
}

chi::Result<chi::PoolId> Client::CreatePool(const hipc::MemContext& mctx,
                                            const chi::PoolConfig& config) {
  auto future = AsyncCreatePool(mctx, config);
  const chi::Status status = future.Get();
  if (!future.IsDone()) return status;
  CHI_RETURN_IF_ERROR(CreateStatus(*future, status));
  return future->new_pool_id_;
}

chi::Future<chi::CreatePoolTask> Client::AsyncCreatePool(
    const hipc::MemContext& /*mctx*/, const chi::PoolConfig& config) {
  auto* ipc = CHI_IPC;
  return ipc->Submit(
      ipc->NewTask<chi::CreatePoolTask>(chi::CreateTaskId(), config));
}

Outcome Client::DestroyPool(const hipc::MemContext& mctx,
                            const chi::PoolQuery& pool_query,
                            const chi::PoolId& target_pool_id) {
  return AsyncDestroyPool(mctx, pool_query, target_pool_id).Get();
}

chi::Future<DestroyPoolTask> Client::AsyncDestroyPool(
    const hipc::MemContext& /*mctx*/, const chi::PoolQuery& pool_query,
    const chi::PoolId& target_pool_id) {
  return Send<DestroyPoolTask>(pool_query, target_pool_id);
}

chi::Result<bool> Client::UnloadModule(const hipc::MemContext& mctx,
                                       const chi::PoolQuery& pool_query,
                                       const std::string& module) {
  auto future = AsyncUnloadModule(mctx, pool_query, module);
  CHI_RETURN_IF_ERROR(future.Get());
  return future->is_gone_ != 0;
}

chi::Future<UnloadModuleTask> Client::AsyncUnloadModule(
    const hipc::MemContext& /*mctx*/, const chi::PoolQuery& pool_query,
    const std::string& module) {
  return Send<UnloadModuleTask>(pool_query, module);
}

chi::Future<CheckComposeTask> Client::AsyncCheckCompose(
    const hipc::MemContext& /*mctx*/, const std::string& text,
    const std::string& origin) {
  return Send<CheckComposeTask>(chi::PoolQuery::Local(), text, origin);
}

chi::Future<DescribePoolTask> Client::AsyncDescribePool(
    const hipc::MemContext& /*mctx*/, const chi::PoolId& target_pool_id) {
  return Send<DescribePoolTask>(chi::PoolQuery::Local(), target_pool_id);
}

chi::Result<std::vector<chi::PoolInfo>> Client::ListPools(
    const hipc::MemContext& mctx) {
  auto future = AsyncListPools(mctx);
  CHI_RETURN_IF_ERROR(future.Get());
  std::vector<chi::PoolInfo> list;
  std::string_view names = future->names_.view();
  const auto take = [&names](chi::u64 size) {
    const std::string_view text = names.substr(0, size);
    names.remove_prefix(text.size());
    return std::string(text);
  };
  for (const PoolRow& row : std::as_const(future->pools_)) {
    chi::PoolInfo info;
    info.id = row.id_;
    info.name = take(row.name_size_);
    info.module = take(row.module_size_);
    info.num_containers = row.num_containers_;
    info.state = static_cast<chi::PoolState>(row.state_);
    info.held_runs = row.held_runs_;
    info.heap_bytes = row.heap_bytes_;
    info.cancelled = row.cancelled_;
    info.expired = row.expired_;
    list.push_back(std::move(info));
  }
  return list;
}

chi::Future<ListPoolsTask> Client::AsyncListPools(
    const hipc::MemContext& /*mctx*/) {
  return Send<ListPoolsTask>(chi::PoolQuery::Local());
}

chi::Result<std::string> Client::Dump(const hipc::MemContext& mctx,
                                      chi::u64 max_tasks) {
  auto future = AsyncDump(mctx, max_tasks);
  CHI_RETURN_IF_ERROR(future.Get());
  return std::as_const(future->json_).str();
}

chi::Future<DumpTask> Client::AsyncDump(const hipc::MemContext& /*mctx*/,
                                        chi::u64 max_tasks) {
  return Send<DumpTask>(chi::PoolQuery::Local(), max_tasks);
}

chi::Result<std::string> Client::GetMetrics(const hipc::MemContext& mctx) {
  auto future = AsyncGetMetrics(mctx);
  CHI_RETURN_IF_ERROR(future.Get());
  return std::as_const(future->json_).str();
}

chi::Future<GetMetricsTask> Client::AsyncGetMetrics(
    const hipc::MemContext& /*mctx*/) {
  return Send<GetMetricsTask>(chi::PoolQuery::Local());
}

chi::Future<SetSamplingTask> Client::AsyncSetSampling(
    const hipc::MemContext& /*mctx*/, bool on, chi::u32 one_in) {
  return Send<SetSamplingTask>(chi::PoolQuery::Local(), on, one_in);
}

chi::Result<Stats> Client::GetStats(const hipc::MemContext& mctx) {
  auto future = AsyncGetStats(mctx);
  CHI_RETURN_IF_ERROR(future.Get());
  Stats stats;
  stats.uptime_ns = future->uptime_ns_;
  stats.resident_bytes = future->resident_bytes_;
  stats.pid = future->pid_;
  stats.num_pools = future->num_pools_;
  stats.pools_created = future->pools_created_;
  stats.pools_destroyed = future->pools_destroyed_;
  stats.sessions = future->sessions_;
  stats.sessions_total = future->sessions_total_;
  stats.cut_off = future->cut_off_;
  stats.result_bytes = future->result_bytes_;
  const auto& workers = static_cast<const GetStatsTask&>(*future).workers_;
  stats.workers.assign(workers.begin(), workers.end());
  return stats;
}

chi::Future<GetStatsTask> Client::AsyncGetStats(
    const hipc::MemContext& /*mctx*/) {
  return Send<GetStatsTask>(chi::PoolQuery::Local());
}

Outcome Client::Flush(const hipc::MemContext& mctx,
                      const chi::PoolQuery& pool_query, chi::u64 wait_ns) {
  return AsyncFlush(mctx, pool_query, wait_ns)
      .Get(chi::DeadlineNs(kAnswerNs, wait_ns));
}

chi::Future<FlushTask> Client::AsyncFlush(const hipc::MemContext& /*mctx*/,
                                          const chi::PoolQuery& pool_query,
                                          chi::u64 wait_ns) {
  return Send<FlushTask>(pool_query, wait_ns);
}

Outcome Client::StopRuntime(const hipc::MemContext& mctx,
                            const chi::PoolQuery& pool_query) {
  return AsyncStopRuntime(mctx, pool_query).Get();
}

chi::Future<StopRuntimeTask> Client::AsyncStopRuntime(
    const hipc::MemContext& /*mctx*/, const chi::PoolQuery& pool_query) {
  return Send<StopRuntimeTask>(pool_query);
}

Client* AdminClient() {
  static Client client;
  return &client;
}

}  // namespace chimaera::admin

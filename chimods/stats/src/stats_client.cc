// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Requests to a stats pool.

#include "chimaera/stats/stats_client.h"

#include <utility>

namespace chimaera::stats {

Outcome Client::Create(const hipc::MemContext& mctx,
                       const chi::PoolQuery& pool_query,
                       const std::string& pool_name,
                       const chi::PoolId& custom_pool_id) {
  return FinishCreate(AsyncCreate(mctx, pool_query, pool_name, custom_pool_id),
                      this);
}

chi::Future<CreateTask> Client::AsyncCreate(const hipc::MemContext& /*mctx*/,
                                            const chi::PoolQuery& pool_query,
                                            const std::string& pool_name,
                                            const chi::PoolId& custom_pool_id) {
  auto* ipc = CHI_IPC;
  return ipc->Submit(ipc->NewTask<CreateTask>(
      chi::CreateTaskId(), chi::kAdminPoolId, pool_query,
      CreateParams::chimod_lib_name, pool_name, custom_pool_id));
}

chi::Result<Reduction> Client::Reduce(const hipc::MemContext& mctx,
                                      const chi::PoolQuery& pool_query,
                                      const chi::PoolId& bdev_pool,
                                      const std::vector<bdev::Block>& blocks,
                                      DType dtype, const Histogram& histogram) {
  auto future =
      AsyncReduce(mctx, pool_query, bdev_pool, blocks, dtype, histogram);
  CHI_RETURN_IF_ERROR(future.Get());
  Reduction reduction;
  reduction.summary = future->summary_;
  const auto& bins = std::as_const(future->bins_);
  reduction.bins.assign(bins.begin(), bins.end());
  return reduction;
}

chi::Future<ReduceTask> Client::AsyncReduce(
    const hipc::MemContext& /*mctx*/, const chi::PoolQuery& pool_query,
    const chi::PoolId& bdev_pool, const std::vector<bdev::Block>& blocks,
    DType dtype, const Histogram& histogram) {
  auto* ipc = CHI_IPC;
  return ipc->Submit(ipc->NewTask<ReduceTask>(chi::CreateTaskId(), pool_id_,
                                              pool_query, bdev_pool, blocks,
                                              dtype, histogram));
}

Outcome Client::HillShade(const hipc::MemContext& mctx,
                          const chi::PoolQuery& pool_query,
                          const chi::PoolId& bdev_pool,
                          const bdev::Block& input, const bdev::Block& output,
                          const HillShadeRequest& request) {
  return AsyncHillShade(mctx, pool_query, bdev_pool, input, output, request)
      .Get();
}

chi::Future<HillShadeTask> Client::AsyncHillShade(
    const hipc::MemContext& /*mctx*/, const chi::PoolQuery& pool_query,
    const chi::PoolId& bdev_pool, const bdev::Block& input,
    const bdev::Block& output, const HillShadeRequest& request) {
  auto* ipc = CHI_IPC;
  return ipc->Submit(ipc->NewTask<HillShadeTask>(chi::CreateTaskId(), pool_id_,
                                                 pool_query, bdev_pool, input,
                                                 output, request));
}

}  // namespace chimaera::stats

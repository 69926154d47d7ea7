// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Client of module stats.

#ifndef CHIMAERA_STATS_STATS_CLIENT_H_
#define CHIMAERA_STATS_STATS_CLIENT_H_

#include <chimaera/admin/outcome.h>
#include <chimaera/chimaera.h>
#include <chimaera/stats/stats_tasks.h>

#include <string>
#include <vector>

namespace chimaera::stats {

/// What Reduce answers, as a plain value.
struct Reduction {
  Summary summary;
  std::vector<chi::u64> bins;
};

/// A value, used by one caller at a time. Async calls return at once; the
/// others wait, at most the client's default timeout.
///
/// All blocks must be the caller's (errors as in bdev), in a pool of module
/// bdev (kNotFound, kBadRequest) whose device is in memory (kUnimplemented).
class Client : public chi::ContainerClient {
 public:
  Client() = default;
  explicit Client(const chi::PoolId& pool_id) { Init(pool_id); }

  /// Makes the pool, or finds the one of this name, and talks to it from then
  /// on.
  Outcome Create(const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
                 const std::string& pool_name,
                 const chi::PoolId& custom_pool_id);
  chi::Future<CreateTask> AsyncCreate(const hipc::MemContext& mctx,
                                      const chi::PoolQuery& pool_query,
                                      const std::string& pool_name,
                                      const chi::PoolId& custom_pool_id);

  /// The numbers in all `blocks`, one after the other. kBadRequest if a block
  /// is no whole number of them, or for a histogram that makes no sense: more
  /// than Histogram::kMaxBins bins, or not lo < hi.
  chi::Result<Reduction> Reduce(const hipc::MemContext& mctx,
                                const chi::PoolQuery& pool_query,
                                const chi::PoolId& bdev_pool,
                                const std::vector<bdev::Block>& blocks,
                                DType dtype, const Histogram& histogram = {});
  chi::Future<ReduceTask> AsyncReduce(const hipc::MemContext& mctx,
                                      const chi::PoolQuery& pool_query,
                                      const chi::PoolId& bdev_pool,
                                      const std::vector<bdev::Block>& blocks,
                                      DType dtype,
                                      const Histogram& histogram = {});

  /// The shaded relief of the row-major heights at the start of `input`, of
  /// the same shape, to the start of `output`, another block. Horn's formula;
  /// edges are replicated; src/hill_shade.h says it all. kBadRequest names the
  /// number that makes no sense.
  Outcome HillShade(const hipc::MemContext& mctx,
                    const chi::PoolQuery& pool_query,
                    const chi::PoolId& bdev_pool, const bdev::Block& input,
                    const bdev::Block& output, const HillShadeRequest& request);
  chi::Future<HillShadeTask> AsyncHillShade(const hipc::MemContext& mctx,
                                            const chi::PoolQuery& pool_query,
                                            const chi::PoolId& bdev_pool,
                                            const bdev::Block& input,
                                            const bdev::Block& output,
                                            const HillShadeRequest& request);
};

}  // namespace chimaera::stats

#endif  // CHIMAERA_STATS_STATS_CLIENT_H_

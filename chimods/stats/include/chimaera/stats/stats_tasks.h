// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The tasks of module stats.

#ifndef CHIMAERA_STATS_STATS_TASKS_H_
#define CHIMAERA_STATS_STATS_TASKS_H_

#include <chimaera/admin/admin_tasks.h>
#include <chimaera/bdev/block.h>
#include <chimaera/chimaera.h>
#include <chimaera/stats/autogen/stats_methods.h>
#include <chimaera/stats/dtype.h>
#include <chimaera/stats/summary.h>

#include <vector>

namespace chimaera::stats {

using AllocT = hipc::CtxAllocator<CHI_MAIN_ALLOC_T>;

/// The pool has no settings.
struct CreateParams {
  static constexpr const char* chimod_lib_name = "chimaera_stats";

  template <class Archive>
  void serialize(Archive& /*ar*/) {}
  /// Throws StatusError(kBadRequest) for a key that nobody knows.
  void LoadConfig(const chi::PoolConfig& config);
};

using CreateTask = admin::GetOrCreatePoolTask<CreateParams>;

/// See Client::Reduce.
struct ReduceTask : public chi::Task {
  IN chi::PoolId bdev_pool_;
  IN chi::vector<bdev::Block> blocks_;
  IN Histogram histogram_;
  IN chi::u32 dtype_ = 0;  ///< A DType.
  OUT Summary summary_;
  OUT chi::vector<chi::u64> bins_;

  explicit ReduceTask(const AllocT& alloc)
      : chi::Task(alloc), blocks_(alloc), bins_(alloc) {}
  ReduceTask(const AllocT& alloc, const chi::TaskId& task_id,
             const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
             const chi::PoolId& bdev_pool,
             const std::vector<bdev::Block>& blocks, DType dtype,
             const Histogram& histogram)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kReduce),
        bdev_pool_(bdev_pool),
        blocks_(alloc, blocks),
        histogram_(histogram),
        dtype_(static_cast<chi::u32>(dtype)),
        bins_(alloc) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(bdev_pool_, blocks_, histogram_, dtype_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(summary_, bins_);
  }
};

/// What the shade is made from, and how. Plain numbers, in shared memory too.
struct HillShadeRequest {
  chi::u64 rows_ = 0;
  chi::u64 cols_ = 0;             ///< At most 2^20.
  chi::f64 cell_size_ = 1;        ///< Length of a cell's side.
  chi::f64 azimuth_ = 315;        ///< Degrees clockwise from north.
  chi::f64 altitude_ = 45;        ///< Degrees above the horizon, 0 to 90.
  chi::f64 z_factor_ = 1;         ///< Heights are multiplied by it.
  DType dtype_ = DType::kF32;     ///< Of the heights.
  DType out_dtype_ = DType::kU8;  ///< Of the shade: kU8 or kF32.
};
static_assert(sizeof(HillShadeRequest) == 56, "stored in shared memory");

/// See Client::HillShade.
struct HillShadeTask : public chi::Task {
  IN chi::PoolId bdev_pool_;
  IN bdev::Block input_;
  IN bdev::Block output_;
  IN HillShadeRequest request_;

  explicit HillShadeTask(const AllocT& alloc) : chi::Task(alloc) {}
  HillShadeTask(const AllocT& alloc, const chi::TaskId& task_id,
                const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
                const chi::PoolId& bdev_pool, const bdev::Block& input,
                const bdev::Block& output, const HillShadeRequest& request)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kHillShade),
        bdev_pool_(bdev_pool),
        input_(input),
        output_(output),
        request_(request) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(bdev_pool_, input_, output_, request_);
  }
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}
};

}  // namespace chimaera::stats

#endif  // CHIMAERA_STATS_STATS_TASKS_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Finds the bytes through bdev, checks the numbers, runs the kernels piece by
// piece and lets other tasks run in between.

#include "chimaera/stats/stats_runtime.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "chimaera/admin/route_here.h"
#include "chimaera/base/format.h"
#include "chimaera/bdev/bdev_client.h"
#include "chimaera/core/module_config.h"
#include "hill_shade.h"
#include "reduce.h"

namespace chimaera::stats {
namespace {

using bdev::Block;
using chi::f64;
using chi::Format;
using chi::Result;
using chi::Status;
using chi::u64;

// Bytes between two yields.
constexpr u64 kSliceBytes = 4 * chi::kMiB;
// Of a tile: the kernel keeps four rows in f64.
constexpr u64 kMaxCols = u64{1} << 20;

void Answer(const Status& status, chi::Task& task) {
  if (!status.ok()) task.SetError(status.code_value(), status.message());
}

// A block where it lies, kept there for as long as this object lives.
class LocatedBlock {
 public:
  /// REQUIRES: `pool` is of module bdev.
  static Result<LocatedBlock> Find(chi::PoolId pool, const Block& block,
                                   u64 client_id, bool for_writing) {
    bdev::Client device(pool);
    CHI_ASSIGN_OR_RETURN(
        const hipc::Pointer place,
        device.Locate(HSHM_MCTX, block, client_id, for_writing));
    LocatedBlock located(pool, block);
    located.data_ = chi::Chimaera::Get().segments().Resolve(place, block.size_);
    if (located.data_ != nullptr) return located;
    return Status::Internal(Format("{} does not lie at {}", block, place));
  }
  LocatedBlock(LocatedBlock&& other) noexcept
      : pool_(other.pool_),
        block_(other.block_),
        data_(other.data_),
        pinned_(std::exchange(other.pinned_, false)) {}
  LocatedBlock& operator=(LocatedBlock&&) = delete;
  ~LocatedBlock() {
    // Not waited for: the block is ours until it is done, and a destructor
    // must not park.
    if (pinned_) bdev::Client(pool_).AsyncUnpin(HSHM_MCTX, block_);
  }

  char* data() const { return data_; }
  u64 size() const { return block_.size_; }

 private:
  LocatedBlock(chi::PoolId pool, const Block& block)
      : pool_(pool), block_(block) {}

  const chi::PoolId pool_;
  const Block block_;
  char* data_ = nullptr;
  bool pinned_ = true;
};

// A task of bdev must not reach a method of another module.
Status CheckDevice(chi::PoolId id) {
  const chi::Pool* pool = CHI_POOL_MANAGER->Find(id);
  if (pool == nullptr) return Status::NotFound(Format("pool {}", id));
  if (pool->module_name() == bdev::CreateParams::chimod_lib_name) {
    return Status();
  }
  return Status::BadRequest(
      Format("pool {} is of {}, not a block device", id, pool->module_name()));
}

Result<DType> CheckType(chi::u32 dtype) {
  if (dtype < kNumDTypes) return static_cast<DType>(dtype);
  return Status::BadRequest(
      Format("no type of number: {} of {}", dtype, kNumDTypes));
}

Status CheckHistogram(const Histogram& histogram) {
  if (histogram.bins_ == 0) return Status();
  if (histogram.bins_ > Histogram::kMaxBins) {
    return Status::BadRequest(Format("{} bins; at most {} are possible",
                                     histogram.bins_, Histogram::kMaxBins));
  }
  const f64 width = histogram.hi_ - histogram.lo_;
  if (width > 0 && std::isfinite(width) &&
      std::isfinite(histogram.bins_ / width)) {
    return Status();
  }
  return Status::BadRequest(
      Format("a histogram from {} to {}", histogram.lo_, histogram.hi_));
}

Status ReduceBlock(const Block& block, chi::PoolId pool, u64 client_id,
                   DType dtype, const Histogram& histogram, Summary* summary,
                   std::vector<u64>* bins) {
  const u64 size_of = SizeOf(dtype);
  if (block.size_ % size_of != 0) {
    return Status::BadRequest(
        Format("{} is no whole number of {} bytes", block, size_of));
  }
  CHI_ASSIGN_OR_RETURN(const LocatedBlock located,
                       LocatedBlock::Find(pool, block, client_id, false));
  for (u64 done = 0; done < located.size(); done += kSliceBytes) {
    const u64 bytes = std::min(kSliceBytes, located.size() - done);
    stats::Reduce(located.data() + done, bytes / size_of, dtype, histogram,
                  summary, bins->data());
    if (done + bytes < located.size()) chi::this_task::Yield();
  }
  return Status();
}

Status ReduceAll(const ReduceTask& task, u64 client_id, Summary* summary,
                 std::vector<u64>* bins) {
  CHI_RETURN_IF_ERROR(CheckDevice(task.bdev_pool_));
  CHI_ASSIGN_OR_RETURN(const DType dtype, CheckType(task.dtype_));
  CHI_RETURN_IF_ERROR(CheckHistogram(task.histogram_));
  bins->resize(task.histogram_.bins_);
  for (const Block& block : task.blocks_) {
    CHI_RETURN_IF_ERROR(ReduceBlock(block, task.bdev_pool_, client_id, dtype,
                                    task.histogram_, summary, bins));
  }
  return Status();
}

// Whether `rows` x `cols` cells of `size_of` bytes lie in `block`.
Status CheckShape(const HillShadeRequest& request, u64 size_of,
                  const Block& block) {
  const bool fits = request.cols_ <= block.size_ / size_of &&
                    request.rows_ <= block.size_ / size_of / request.cols_;
  if (fits) return Status();
  return Status::BadRequest(Format("{} x {} numbers of {} bytes are not in {}",
                                   request.rows_, request.cols_, size_of,
                                   block));
}

Status CheckRequest(const HillShadeTask& task) {
  const HillShadeRequest& request = task.request_;
  const auto type = static_cast<chi::u32>(request.dtype_);
  CHI_ASSIGN_OR_RETURN(const DType dtype, CheckType(type));
  const DType out = request.out_dtype_;
  if (out != DType::kU8 && out != DType::kF32) {
    return Status::BadRequest(
        Format("a shade of type {}; u8 and f32 are "
               "possible",
               static_cast<chi::u32>(out)));
  }
  if (request.rows_ == 0 || request.cols_ == 0 || request.cols_ > kMaxCols) {
    return Status::BadRequest(
        Format("a tile of {} x {}; 1 to {} columns are possible", request.rows_,
               request.cols_, kMaxCols));
  }
  CHI_RETURN_IF_ERROR(CheckShape(request, SizeOf(dtype), task.input_));
  CHI_RETURN_IF_ERROR(CheckShape(request, SizeOf(out), task.output_));
  if (task.input_.block_id_ == task.output_.block_id_ &&
      task.input_.container_id_ == task.output_.container_id_) {
    return Status::BadRequest(
        Format("{} cannot be input and output", task.input_));
  }
  const f64 scale = request.z_factor_ / (8 * request.cell_size_);
  if (!(request.cell_size_ > 0) || !std::isfinite(scale)) {
    return Status::BadRequest(Format("cell size {}, z factor {}",
                                     request.cell_size_, request.z_factor_));
  }
  if (!(request.altitude_ >= 0 && request.altitude_ <= 90) ||
      !std::isfinite(request.azimuth_)) {
    return Status::BadRequest(Format("light from azimuth {}, altitude {}",
                                     request.azimuth_, request.altitude_));
  }
  return Status();
}

Status ShadeTile(const HillShadeTask& task, u64 client_id) {
  CHI_RETURN_IF_ERROR(CheckDevice(task.bdev_pool_));
  CHI_RETURN_IF_ERROR(CheckRequest(task));
  CHI_ASSIGN_OR_RETURN(
      const LocatedBlock input,
      LocatedBlock::Find(task.bdev_pool_, task.input_, client_id, false));
  CHI_ASSIGN_OR_RETURN(
      const LocatedBlock output,
      LocatedBlock::Find(task.bdev_pool_, task.output_, client_id, true));
  const HillShadeRequest& request = task.request_;
  const HillShadeTile tile{input.data(), request.dtype_, request.rows_,
                           request.cols_};
  const HillShadeParams params{request.cell_size_, request.azimuth_,
                               request.altitude_, request.z_factor_};
  const u64 row_bytes = request.cols_ * SizeOf(request.dtype_);
  const u64 rows = std::max<u64>(1, kSliceBytes / row_bytes);
  for (u64 row = 0; row < tile.rows; row += rows) {
    const u64 end = std::min(tile.rows, row + rows);
    stats::HillShade(tile, params, row, end, request.out_dtype_, output.data());
    if (end < tile.rows) chi::this_task::Yield();
  }
  return Status();
}

}  // namespace

void CreateParams::LoadConfig(const chi::PoolConfig& config) {
  const chi::Status status = chi::ModuleConfig(config).Finish();
  if (!status.ok()) throw chi::StatusError(status);
}

void Runtime::Create(hipc::FullPtr<CreateTask> task,
                     chi::RunContext& /*rctx*/) {
  const CreateParams params = task->GetParams();
  static_cast<void>(params);
}

void Runtime::Reduce(hipc::FullPtr<ReduceTask> task, chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  std::vector<u64> bins;
  const Status status =
      ReduceAll(*task, rctx.client_id, &task->summary_, &bins);
  if (!status.ok()) return Answer(status, *task);
  task->bins_ = bins;
}

void Runtime::HillShade(hipc::FullPtr<HillShadeTask> task,
                        chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  Answer(ShadeTile(*task, rctx.client_id), *task);
}

}  // namespace chimaera::stats

CHI_TASK_CC(chimaera::stats::Runtime);

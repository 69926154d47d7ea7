// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Finds the bytes through bdev, checks the numbers, runs the kernels piece by
// piece and lets other tasks run in between.

#include "chimaera/stats/stats_runtime.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/bdev/located_block.h"
#include "hill_shade.h"
#include "reduce.h"

namespace chimaera::stats {
namespace {

using bdev::Block;
using bdev::LocatedBlock;
using chi::f64;
using chi::Format;
using chi::Result;
using chi::Status;
using chi::u64;

// Bytes between two yields.
constexpr u64 kSliceBytes = 4 * chi::kMiB;
// Of a tile: the kernel keeps four rows in f64.
constexpr u64 kMaxCols = u64{1} << 20;

// The kernels have names of their own for what callers see.
DType TypeOf(NumberType type) { return static_cast<DType>(type); }
static_assert(static_cast<chi::u32>(NumberType::kF32) ==
              static_cast<chi::u32>(DType::kF32));
static_assert(static_cast<chi::u32>(NumberType::kI64) + 1 == kNumDTypes);

Statistics StatisticsOf(const Summary& summary) {
  return {summary.count_, summary.nans_,  summary.min_,  summary.max_,
          summary.sum_,   summary.below_, summary.above_};
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

// The only block of a parameter.
Result<Block> OneBlock(const bdev::BlockList& list) {
  if (list.blocks.size() == 1) return list.blocks[0];
  return Status::BadRequest(
      Format("{} blocks instead of one", list.blocks.size()));
}

// Whether the tile's numbers, of `size_of` bytes, lie in `block`.
Status CheckShape(const HillShadeIn& in, u64 size_of, const Block& block) {
  const bool fits = in.cols <= block.size_ / size_of &&
                    in.rows <= block.size_ / size_of / in.cols;
  if (fits) return Status();
  return Status::BadRequest(Format("{} x {} numbers of {} bytes are not in {}",
                                   in.rows, in.cols, size_of, block));
}

Status CheckRequest(const HillShadeIn& in, const Block& source,
                    const Block& target) {
  if (in.out_dtype != NumberType::kU8 && in.out_dtype != NumberType::kF32) {
    return Status::BadRequest(
        Format("a shade of type {}; u8 and f32 are "
               "possible",
               static_cast<chi::u32>(in.out_dtype)));
  }
  if (in.rows == 0 || in.cols == 0 || in.cols > kMaxCols) {
    return Status::BadRequest(
        Format("a tile of {} x {}; 1 to {} columns are possible", in.rows,
               in.cols, kMaxCols));
  }
  CHI_RETURN_IF_ERROR(CheckShape(in, SizeOf(TypeOf(in.dtype)), source));
  CHI_RETURN_IF_ERROR(CheckShape(in, SizeOf(TypeOf(in.out_dtype)), target));
  if (in.source.pool == in.target.pool &&
      source.block_id_ == target.block_id_ &&
      source.container_id_ == target.container_id_) {
    return Status::BadRequest(Format("{} cannot be input and output", source));
  }
  const f64 scale = in.z_factor / (8 * in.cell_size);
  if (!(in.cell_size > 0) || !std::isfinite(scale)) {
    return Status::BadRequest(
        Format("cell size {}, z factor {}", in.cell_size, in.z_factor));
  }
  if (!(in.altitude >= 0 && in.altitude <= 90) || !std::isfinite(in.azimuth)) {
    return Status::BadRequest(
        Format("light from azimuth {}, altitude {}", in.azimuth, in.altitude));
  }
  return Status();
}

}  // namespace

class Runtime : public RuntimeBase {
 public:
  Status Reduce(const ReduceIn& in, ReduceOut& out,
                chi::RunContext& ctx) override {
    const Histogram histogram{in.low, in.high, in.bins, 0};
    CHI_RETURN_IF_ERROR(CheckHistogram(histogram));
    Summary summary;
    std::vector<u64> bins(in.bins);
    for (const Block& block : in.blocks.blocks) {
      CHI_RETURN_IF_ERROR(ReduceBlock(block, in.blocks.pool, ctx.client_id,
                                      TypeOf(in.dtype), histogram, &summary,
                                      &bins));
    }
    out.summary = StatisticsOf(summary);
    out.histogram = bins;
    return Status();
  }

  Status HillShade(const HillShadeIn& in, HillShadeOut& /*out*/,
                   chi::RunContext& ctx) override {
    CHI_ASSIGN_OR_RETURN(const Block source, OneBlock(in.source));
    CHI_ASSIGN_OR_RETURN(const Block target, OneBlock(in.target));
    CHI_RETURN_IF_ERROR(CheckRequest(in, source, target));
    CHI_ASSIGN_OR_RETURN(
        const LocatedBlock from,
        LocatedBlock::Find(in.source.pool, source, ctx.client_id, false));
    CHI_ASSIGN_OR_RETURN(
        const LocatedBlock to,
        LocatedBlock::Find(in.target.pool, target, ctx.client_id, true));
    const DType dtype = TypeOf(in.dtype);
    const HillShadeTile tile{from.data(), dtype, in.rows, in.cols};
    const HillShadeParams params{in.cell_size, in.azimuth, in.altitude,
                                 in.z_factor};
    const u64 row_bytes = in.cols * SizeOf(dtype);
    const u64 rows = std::max<u64>(1, kSliceBytes / row_bytes);
    for (u64 row = 0; row < tile.rows; row += rows) {
      const u64 end = std::min(tile.rows, row + rows);
      stats::HillShade(tile, params, row, end, TypeOf(in.out_dtype), to.data());
      if (end < tile.rows) chi::this_task::Yield();
    }
    return Status();
  }
};

}  // namespace chimaera::stats

CHI_TASK_CC(chimaera::stats::Runtime);

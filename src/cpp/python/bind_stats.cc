// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Module stats.

#include <chimaera/stats/stats_client.h>

#include <utility>
#include <vector>

#include "python/block.h"
#include "python/call.h"
#include "python/pybind.h"
#include "python/query.h"

namespace chi::python {
namespace {

namespace stats = chimaera::stats;

using ConnectionPtr = std::shared_ptr<Connection>;
/// Low end, high end, number of bins.
using HistogramTuple = std::tuple<double, double, u32>;
/// Rows, columns, cell size, azimuth, altitude, z factor, types in and out.
using ShadeTuple =
    std::tuple<u64, u64, double, double, double, double, u32, u32>;

std::unique_ptr<Call> Reduce(const ConnectionPtr& connection,
                             const PoolIdTuple& pool, const QueryTuple& query,
                             const PoolIdTuple& bdev_pool,
                             const std::vector<BlockTuple>& rows, u32 dtype,
                             const HistogramTuple& histogram, u32 timeout_ms) {
  const PoolId device = ToPoolId(bdev_pool);
  std::vector<chimaera::bdev::Block> blocks;
  for (const BlockTuple& row : rows) blocks.push_back(ToBlock(row));
  stats::Histogram wanted;
  std::tie(wanted.lo_, wanted.hi_, wanted.bins_) = histogram;
  return StartTask<stats::ReduceTask>(
      connection, Target(pool, query, timeout_ms),
      [](stats::ReduceTask& task) -> py::object {
        const stats::Summary& found = task.summary_;
        py::list bins;
        for (const u64 bin : std::as_const(task).bins_) bins.append(bin);
        return py::make_tuple(found.count_, found.nans_, found.min_, found.max_,
                              found.sum_, found.below_, found.above_, bins);
      },
      {}, device, blocks, static_cast<stats::DType>(dtype), wanted);
}

std::unique_ptr<Call> HillShade(const ConnectionPtr& connection,
                                const PoolIdTuple& pool,
                                const QueryTuple& query,
                                const PoolIdTuple& bdev_pool,
                                const BlockTuple& input,
                                const BlockTuple& output, const ShadeTuple& how,
                                u32 timeout_ms) {
  const PoolId device = ToPoolId(bdev_pool);
  stats::HillShadeRequest request;
  u32 dtype = 0;
  u32 out_dtype = 0;
  std::tie(request.rows_, request.cols_, request.cell_size_, request.azimuth_,
           request.altitude_, request.z_factor_, dtype, out_dtype) = how;
  request.dtype_ = static_cast<stats::DType>(dtype);
  request.out_dtype_ = static_cast<stats::DType>(out_dtype);
  return StartTask<stats::HillShadeTask>(
      connection, Target(pool, query, timeout_ms), &NoResult, {}, device,
      ToBlock(input), ToBlock(output), request);
}

}  // namespace

void BindStats(py::module_& m) {
  const auto connection = py::arg("connection");
  const auto pool_id = py::arg("pool_id");
  const auto query = py::arg("query");
  const auto bdev_pool = py::arg("bdev_pool");
  const auto timeout_ms = py::arg("timeout_ms") = 0;
  m.def("stats_reduce", &Reduce, connection, pool_id, query, bdev_pool,
        py::arg("blocks"), py::arg("dtype"), py::arg("histogram"), timeout_ms);
  m.def("stats_hill_shade", &HillShade, connection, pool_id, query, bdev_pool,
        py::arg("source"), py::arg("target"), py::arg("how"), timeout_ms);
}

}  // namespace chi::python

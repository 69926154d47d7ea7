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

using chimaera::bdev::BlockList;
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
  const BlockList blocks(ToPoolId(bdev_pool), ToBlocks(rows));
  const auto [low, high, num_bins] = histogram;
  return StartTask<stats::ReduceTask>(
      connection, Target(pool, query, timeout_ms),
      [](stats::ReduceTask& task) -> py::object {
        const stats::Statistics& found = task.out_.summary;
        py::list bins;
        for (const u64 bin : std::as_const(task).out_.histogram)
          bins.append(bin);
        return py::make_tuple(found.count, found.nans, found.min, found.max,
                              found.sum, found.below, found.above, bins);
      },
      {}, blocks, static_cast<stats::NumberType>(dtype), num_bins, low, high);
}

std::unique_ptr<Call> HillShade(const ConnectionPtr& connection,
                                const PoolIdTuple& pool,
                                const QueryTuple& query,
                                const PoolIdTuple& bdev_pool,
                                const BlockTuple& input,
                                const BlockTuple& output, const ShadeTuple& how,
                                u32 timeout_ms) {
  const PoolId device = ToPoolId(bdev_pool);
  const auto [rows, cols, cell_size, azimuth, altitude, z_factor, dtype,
              out_dtype] = how;
  return StartTask<stats::HillShadeTask>(
      connection, Target(pool, query, timeout_ms), &NoResult, {},
      BlockList(device, {ToBlock(input)}), BlockList(device, {ToBlock(output)}),
      rows, cols, static_cast<stats::NumberType>(dtype),
      static_cast<stats::NumberType>(out_dtype), cell_size, azimuth, altitude,
      z_factor);
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

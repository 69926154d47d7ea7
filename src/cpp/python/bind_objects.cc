// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Module bdev: named objects. Names and attributes cross as bytes.

#include <chimaera/bdev/bdev_client.h>

#include <string>
#include <utility>
#include <vector>

#include "python/block.h"
#include "python/call.h"
#include "python/pybind.h"
#include "python/query.h"

namespace chi::python {
namespace {

namespace bdev = chimaera::bdev;

using ConnectionPtr = std::shared_ptr<Connection>;

std::unique_ptr<Call> PutObject(const ConnectionPtr& connection,
                                const PoolIdTuple& pool,
                                const std::string& name,
                                const std::vector<BlockTuple>& rows,
                                const std::string& attributes, bool replace,
                                u32 timeout_ms) {
  const std::vector<bdev::Block> blocks = ToBlocks(rows);
  return StartTask<bdev::PutObjectTask>(
      connection, Target(ToPoolId(pool), HomeOf(blocks), timeout_ms), &NoResult,
      {}, name, blocks, attributes, replace);
}

std::unique_ptr<Call> GetObject(const ConnectionPtr& connection,
                                const PoolIdTuple& pool,
                                const QueryTuple& query,
                                const std::string& name, u32 timeout_ms) {
  return StartTask<bdev::GetObjectTask>(
      connection, Target(pool, query, timeout_ms),
      [](bdev::GetObjectTask& task) -> py::object {
        py::bytes attributes(std::as_const(task).attributes_.str());
        return py::make_tuple(attributes, ToRows(std::as_const(task).blocks_));
      },
      {}, name);
}

std::unique_ptr<Call> DeleteObject(const ConnectionPtr& connection,
                                   const PoolIdTuple& pool,
                                   const QueryTuple& query,
                                   const std::string& name, u32 timeout_ms) {
  return StartTask<bdev::DeleteObjectTask>(
      connection, Target(pool, query, timeout_ms), &NoResult, {}, name);
}

std::unique_ptr<Call> ListObjects(const ConnectionPtr& connection,
                                  const PoolIdTuple& pool,
                                  const QueryTuple& query,
                                  const std::string& prefix,
                                  const std::string& after, u64 limit,
                                  u32 timeout_ms) {
  return StartTask<bdev::ListObjectsTask>(
      connection, Target(pool, query, timeout_ms),
      [](bdev::ListObjectsTask& task) -> py::object {
        py::list found;
        for (const auto& each : bdev::Client::Listed(task)) {
          found.append(py::make_tuple(py::bytes(each.name), each.size));
        }
        return std::move(found);
      },
      {}, prefix, after, limit);
}

std::unique_ptr<Call> GetMap(const ConnectionPtr& connection,
                             const PoolIdTuple& pool, const QueryTuple& query,
                             u64 num_cells, u32 timeout_ms) {
  return StartTask<bdev::GetMapTask>(
      connection, Target(pool, query, timeout_ms),
      [](bdev::GetMapTask& task) -> py::object {
        py::list cells;
        for (const bdev::MapCell& cell : task.cells_) {
          cells.append(py::make_tuple(cell.used_, cell.sealed_));
        }
        return py::make_tuple(task.total_size_, task.cell_bytes_, cells);
      },
      {}, num_cells);
}

}  // namespace

void BindObjects(py::module_& m) {
  const auto connection = py::arg("connection");
  const auto pool_id = py::arg("pool_id");
  const auto query = py::arg("query");
  const auto name = py::arg("name");
  const auto timeout_ms = py::arg("timeout_ms") = 0;
  m.def("bdev_put_object", &PutObject, connection, pool_id, name,
        py::arg("blocks"), py::arg("attributes"), py::arg("replace"),
        timeout_ms);
  m.def("bdev_get_object", &GetObject, connection, pool_id, query, name,
        timeout_ms);
  m.def("bdev_delete_object", &DeleteObject, connection, pool_id, query, name,
        timeout_ms);
  m.def("bdev_map", &GetMap, connection, pool_id, query, py::arg("num_cells"),
        timeout_ms);
  m.def("bdev_list_objects", &ListObjects, connection, pool_id, query,
        py::arg("prefix"), py::arg("after"), py::arg("limit"), timeout_ms);
}

}  // namespace chi::python

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Module bdev: blocks, and bytes between them and arrays.

#include <chimaera/bdev/bdev_client.h>

#include <cstring>
#include <utility>
#include <vector>

#include "chimaera/ipc/client_core.h"
#include "python/array.h"
#include "python/block.h"
#include "python/call.h"
#include "python/pybind.h"
#include "python/query.h"

namespace chi::python {
namespace {

namespace bdev = chimaera::bdev;

using ConnectionPtr = std::shared_ptr<Connection>;

std::unique_ptr<Call> Allocate(const ConnectionPtr& connection,
                               const PoolIdTuple& pool, const QueryTuple& query,
                               u64 size) {
  bdev::Client client(ToPoolId(pool));
  const PoolQuery where = ToQuery(query);
  return StartCall<bdev::AllocateBlocksTask>(
      connection,
      [&] { return client.AsyncAllocateBlocks(HSHM_MCTX, where, size); },
      [](bdev::AllocateBlocksTask& task) -> py::object {
        py::list blocks;
        for (const bdev::Block& each : std::as_const(task).blocks_) {
          blocks.append(py::make_tuple(each.offset_, each.size_, each.block_id_,
                                       each.container_id_));
        }
        return std::move(blocks);
      });
}

std::unique_ptr<Call> Free(const ConnectionPtr& connection,
                           const PoolIdTuple& pool,
                           const std::vector<BlockTuple>& rows) {
  bdev::Client client(ToPoolId(pool));
  std::vector<bdev::Block> blocks;
  for (const BlockTuple& row : rows) blocks.push_back(ToBlock(row));
  return StartCall<bdev::FreeBlocksTask>(
      connection, [&] { return client.AsyncFreeBlocks(HSHM_MCTX, blocks); },
      [](Task& /*task*/) -> py::object { return py::none(); });
}

std::unique_ptr<Call> Write(const ConnectionPtr& connection,
                            const PoolIdTuple& pool, const BlockTuple& row,
                            const py::object& data, u64 offset) {
  bdev::Client client(ToPoolId(pool));
  const bdev::Block block = ToBlock(row);
  ThrowIfError(connection->Check());
  const Bytes bytes(data, false);
  Shared shared = ShareBytes(connection, data, bytes);
  if (shared.staged) CopyBytes(shared.data, bytes.data(), bytes.size());
  return StartCall<bdev::WriteTask>(
      connection,
      [&] {
        return client.AsyncWrite(HSHM_MCTX, block, shared.pointer, bytes.size(),
                                 offset);
      },
      [](bdev::WriteTask& task) -> py::object {
        return py::int_(task.bytes_written_);
      },
      {shared.kept});
}

std::unique_ptr<Call> Read(const ConnectionPtr& connection,
                           const PoolIdTuple& pool, const BlockTuple& row,
                           const py::object& out, u64 offset) {
  bdev::Client client(ToPoolId(pool));
  const bdev::Block block = ToBlock(row);
  ThrowIfError(connection->Check());
  const Bytes bytes(out, true);
  Shared shared = ShareBytes(connection, out, bytes);
  return StartCall<bdev::ReadTask>(
      connection,
      [&] {
        return client.AsyncRead(HSHM_MCTX, block, shared.pointer, bytes.size(),
                                offset);
      },
      [out, from = shared.staged ? shared.data : nullptr](
          bdev::ReadTask& /*task*/) -> py::object {
        if (from != nullptr) {
          const Bytes target(out, true);
          std::memcpy(target.data(), from, target.size());
        }
        return out;
      },
      {shared.kept});
}

std::unique_ptr<Call> GetStats(const ConnectionPtr& connection,
                               const PoolIdTuple& pool,
                               const QueryTuple& query) {
  bdev::Client client(ToPoolId(pool));
  const PoolQuery where = ToQuery(query);
  return StartCall<bdev::GetStatsTask>(
      connection, [&] { return client.AsyncGetStats(HSHM_MCTX, where); },
      [](bdev::GetStatsTask& task) -> py::object {
        const bdev::PerfMetrics& m = task.metrics_;
        return py::make_tuple(task.total_size_, task.remaining_size_,
                              task.largest_free_, task.num_blocks_,
                              task.num_pins_, task.alignment_, m.num_reads_,
                              m.num_writes_, m.bytes_read_, m.bytes_written_,
                              m.read_ns_, m.write_ns_);
      });
}

}  // namespace

void BindBdev(py::module_& m) {
  const auto connection = py::arg("connection");
  const auto pool_id = py::arg("pool_id");
  m.def("bdev_allocate", &Allocate, connection, pool_id, py::arg("query"),
        py::arg("size"));
  m.def("bdev_free", &Free, connection, pool_id, py::arg("blocks"));
  m.def("bdev_write", &Write, connection, pool_id, py::arg("block"),
        py::arg("data"), py::arg("offset"));
  m.def("bdev_read", &Read, connection, pool_id, py::arg("block"),
        py::arg("out"), py::arg("offset"));
  m.def("bdev_stats", &GetStats, connection, pool_id, py::arg("query"));
}

}  // namespace chi::python

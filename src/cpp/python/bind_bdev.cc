// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Module bdev: blocks, and bytes between them and arrays.

#include <chimaera/bdev/bdev_client.h>

#include <cstring>
#include <tuple>
#include <utility>
#include <vector>

#include "chimaera/base/json_writer.h"
#include "chimaera/base/latency_histogram.h"
#include "chimaera/base/log.h"
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
                               u64 size, u32 timeout_ms) {
  return StartCall<bdev::AllocateBlocksTask>(
      connection,
      [&] {
        IpcManager& ipc = *CHI_IPC;
        const auto task = ipc.NewTask<bdev::AllocateBlocksTask>(
            CreateTaskId(), ToPoolId(pool), ToQuery(query), size);
        task->SetTimeout(timeout_ms);
        return ipc.Submit(task);
      },
      [](bdev::AllocateBlocksTask& task) -> py::object {
        py::list rows = ToRows(std::as_const(task).blocks_);
        task.blocks_ = std::vector<bdev::Block>();
        return std::move(rows);
      },
      {}, &FreeAllocate);
}

std::unique_ptr<Call> Free(const ConnectionPtr& connection,
                           const PoolIdTuple& pool,
                           const std::vector<BlockTuple>& rows,
                           u32 timeout_ms) {
  const std::vector<bdev::Block> blocks = ToBlocks(rows);
  return StartTask<bdev::FreeBlocksTask>(
      connection, Target(ToPoolId(pool), HomeOf(blocks), timeout_ms), &NoResult,
      {}, blocks);
}

// `data`, whose bytes are `bytes`, where a task can read them.
Shared ShareContents(const ConnectionPtr& connection, const py::object& data,
                     const Bytes& bytes) {
  Shared shared = ShareBytes(connection, data, bytes);
  if (shared.staged) CopyBytes(shared.data, bytes.data(), bytes.size());
  return shared;
}

constexpr auto kBytesWritten = [](auto& task) -> py::object {
  return py::int_(task.bytes_written_);
};

// The result of a read is `out`; what was staged goes there first.
auto FillFrom(const Shared& shared, const py::object& out) {
  return [out, from = shared.staged ? shared.data
                                    : nullptr](Task& /*task*/) -> py::object {
    if (from != nullptr) {
      const Bytes target(out, true);
      std::memcpy(target.data(), from, target.size());
    }
    return out;
  };
}

std::unique_ptr<Call> Write(const ConnectionPtr& connection,
                            const PoolIdTuple& pool, const BlockTuple& row,
                            const py::object& data, u64 offset,
                            u32 timeout_ms) {
  const bdev::Block block = ToBlock(row);
  ThrowIfError(connection->Check());
  const Bytes bytes(data, false);
  const Shared shared = ShareContents(connection, data, bytes);
  return StartTask<bdev::WriteTask>(
      connection, Target(ToPoolId(pool), HomeOf(block), timeout_ms),
      kBytesWritten, {shared.kept}, block, shared.pointer, bytes.size(),
      offset);
}

std::unique_ptr<Call> Read(const ConnectionPtr& connection,
                           const PoolIdTuple& pool, const BlockTuple& row,
                           const py::object& out, u64 offset, u32 timeout_ms) {
  const bdev::Block block = ToBlock(row);
  ThrowIfError(connection->Check());
  const Bytes bytes(out, true);
  const Shared shared = ShareBytes(connection, out, bytes);
  return StartTask<bdev::ReadTask>(
      connection, Target(ToPoolId(pool), HomeOf(block), timeout_ms),
      FillFrom(shared, out), {shared.kept}, block, shared.pointer, bytes.size(),
      offset);
}

// A block, and where in it how many bytes.
using RangeTuple = std::tuple<BlockTuple, u64, u64>;

std::vector<bdev::BlockRange> ToRanges(const std::vector<RangeTuple>& rows) {
  std::vector<bdev::BlockRange> ranges;
  ranges.reserve(rows.size());
  for (const auto& [row, offset, size] : rows) {
    ranges.push_back({ToBlock(row), offset, size});
  }
  return ranges;
}

PoolQuery HomeOfAll(const std::vector<bdev::BlockRange>& ranges) {
  return ranges.empty() ? PoolQuery::Local() : HomeOf(ranges[0].block_);
}

std::unique_ptr<Call> WriteBlocks(const ConnectionPtr& connection,
                                  const PoolIdTuple& pool,
                                  const std::vector<RangeTuple>& rows,
                                  const py::object& data, u32 timeout_ms) {
  const std::vector<bdev::BlockRange> ranges = ToRanges(rows);
  ThrowIfError(connection->Check());
  const Bytes bytes(data, false);
  const Shared shared = ShareContents(connection, data, bytes);
  return StartTask<bdev::WriteBlocksTask>(
      connection, Target(ToPoolId(pool), HomeOfAll(ranges), timeout_ms),
      kBytesWritten, {shared.kept}, ranges, shared.pointer, bytes.size());
}

std::unique_ptr<Call> ReadBlocks(const ConnectionPtr& connection,
                                 const PoolIdTuple& pool,
                                 const std::vector<RangeTuple>& rows,
                                 const py::object& out, u32 timeout_ms) {
  const std::vector<bdev::BlockRange> ranges = ToRanges(rows);
  ThrowIfError(connection->Check());
  const Bytes bytes(out, true);
  const Shared shared = ShareBytes(connection, out, bytes);
  return StartTask<bdev::ReadBlocksTask>(
      connection, Target(ToPoolId(pool), HomeOfAll(ranges), timeout_ms),
      FillFrom(shared, out), {shared.kept}, ranges, shared.pointer,
      bytes.size());
}

std::unique_ptr<Call> Sync(const ConnectionPtr& connection,
                           const PoolIdTuple& pool, const QueryTuple& query,
                           u32 timeout_ms, bool begins) {
  return StartTask<bdev::SyncTask>(
      connection, Target(pool, query, timeout_ms),
      [](bdev::SyncTask& /*task*/) -> py::object { return py::none(); }, {},
      begins);
}

py::tuple Quantiles(const bdev::GetStatsTask& task,
                    u64 (bdev::GetStatsTask::*within)(double) const) {
  return py::make_tuple((task.*within)(0.5), (task.*within)(0.9),
                        (task.*within)(0.99), (task.*within)(0.999));
}

// As in the metrics document. The longest time is known by its bucket only.
py::str Histogram(const chi::vector<u64>& counts, u64 sum_ns) {
  LatencyCounts times{{counts.begin(), counts.end()}, sum_ns, 0};
  if (!times.counts.empty()) {
    times.max_ns = LatencyHistogram::FirstOf(times.counts.size());
  }
  JsonWriter json;
  times.Write(json);
  return std::move(json).Take();
}

std::unique_ptr<Call> GetStats(const ConnectionPtr& connection,
                               const PoolIdTuple& pool, const QueryTuple& query,
                               u32 timeout_ms) {
  return StartTask<bdev::GetStatsTask>(
      connection, Target(pool, query, timeout_ms),
      [](bdev::GetStatsTask& task) -> py::object {
        const bdev::PerfMetrics& m = task.metrics_;
        return py::make_tuple(
            task.total_size_, task.remaining_size_, task.largest_free_,
            task.num_blocks_, task.num_pins_, task.alignment_, m.num_reads_,
            m.num_writes_, m.bytes_read_, m.bytes_written_, m.read_ns_,
            m.write_ns_, task.scrubbed_pages_, task.bad_pages_, task.io_depth_,
            task.queue_depth_, task.max_queue_depth_, task.oldest_ns_,
            task.fragmentation_,
            bdev::EngineName(static_cast<bdev::Engine>(task.engine_)),
            task.direct_ != 0, Quantiles(task, &bdev::GetStatsTask::ReadNs),
            Quantiles(task, &bdev::GetStatsTask::WriteNs),
            Histogram(std::as_const(task).read_latencies_, m.read_ns_),
            Histogram(std::as_const(task).write_latencies_, m.write_ns_));
      },
      {});
}

}  // namespace

void GiveBack(PoolId pool, const std::vector<bdev::Block>& blocks) noexcept {
  try {
    // The future is dropped: the client frees the task when it is done.
    IpcManager& ipc = *CHI_IPC;
    static_cast<void>(ipc.Submit(ipc.NewTask<bdev::FreeBlocksTask>(
        CreateTaskId(), pool, HomeOf(blocks), blocks)));
  } catch (const StatusError& error) {
    // They are free when this client is gone.
    CHI_LOG(kWarning, "blocks that nobody wants: {}", error.status());
  }
}

void FreeAllocate(IpcManager& ipc, hipc::FullPtr<Task> done) {
  const auto task = done.Cast<bdev::AllocateBlocksTask>();
  if (task->IsComplete() && task->return_code_ == 0) {
    const auto& blocks = std::as_const(*task).blocks_;
    if (!blocks.empty()) {
      GiveBack(task->pool_id_, {blocks.begin(), blocks.end()});
    }
  }
  ipc.DelTask(task);
}

void BindBdev(py::module_& m) {
  const auto connection = py::arg("connection");
  const auto pool_id = py::arg("pool_id");
  const auto timeout_ms = py::arg("timeout_ms") = 0;
  m.def("bdev_allocate", &Allocate, connection, pool_id, py::arg("query"),
        py::arg("size"), timeout_ms);
  m.def("bdev_free", &Free, connection, pool_id, py::arg("blocks"), timeout_ms);
  m.def("bdev_write", &Write, connection, pool_id, py::arg("block"),
        py::arg("data"), py::arg("offset"), timeout_ms);
  m.def("bdev_read", &Read, connection, pool_id, py::arg("block"),
        py::arg("out"), py::arg("offset"), timeout_ms);
  m.def("bdev_write_blocks", &WriteBlocks, connection, pool_id,
        py::arg("ranges"), py::arg("data"), timeout_ms);
  m.def("bdev_read_blocks", &ReadBlocks, connection, pool_id, py::arg("ranges"),
        py::arg("out"), timeout_ms);
  m.def("bdev_sync", &Sync, connection, pool_id, py::arg("query"), timeout_ms,
        py::arg("begins") = false);
  m.def("bdev_stats", &GetStats, connection, pool_id, py::arg("query"),
        timeout_ms);
}

}  // namespace chi::python

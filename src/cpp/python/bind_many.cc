// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What can be called many times at once. Arguments and results are arrays with
// one row per task; `codes` gets the status codes.

#include <chimaera/bdev/bdev_client.h>
#include <chimaera/echo/echo_client.h>
#include <chimaera/stats/stats_client.h>

#include <cstring>
#include <vector>

#include "python/array.h"
#include "python/block.h"
#include "python/empty_task.h"
#include "python/errors.h"
#include "python/many.h"
#include "python/pybind.h"
#include "python/query.h"

namespace chi::python {
namespace {

namespace bdev = chimaera::bdev;

using ConnectionPtr = std::shared_ptr<Connection>;

// An array of T, kept alive with what it is a view of.
template <class T>
class Rows {
 public:
  Rows(const py::object& object, bool writable) : bytes_(object, writable) {}
  /// Raises unless there are `count`.
  T* Of(u64 count) const {
    if (bytes_.size() != count * sizeof(T)) {
      Throw(Status::BadRequest("arrays of different lengths"));
    }
    return reinterpret_cast<T*>(bytes_.data());
  }
  u64 size() const { return bytes_.size() / sizeof(T); }

 private:
  Bytes bytes_;
};

// A block as a row of four numbers.
struct BlockRow {
  u64 offset, size, block_id, container_id;
};

chimaera::bdev::Block BlockOf(const BlockRow& row) {
  return ToBlock(BlockTuple(row.offset, row.size, row.block_id,
                            static_cast<u32>(row.container_id)));
}

py::object CallMany(const ConnectionPtr& connection, const PoolIdTuple& pool,
                    u32 method, const QueryTuple& query,
                    const py::object& codes, double timeout_s) {
  const PoolId pool_id = ToPoolId(pool);
  const PoolQuery where = ToQuery(query);
  const Rows<u32> outcome(codes, true);
  auto tasks = MakeMany<EmptyTask>(
      [&](IpcManager& ipc, u64 /*index*/) {
        return ipc.NewTask<EmptyTask>(CreateTaskId(), pool_id, where, method);
      },
      [](u64 /*index*/, const EmptyTask& /*task*/) {});
  const u64 count = outcome.size();
  return RunMany(connection, tasks, count, outcome.Of(count), timeout_s);
}

py::object EchoMany(const ConnectionPtr& connection, const PoolIdTuple& pool,
                    const QueryTuple& query, const py::object& numbers,
                    const py::object& out, const py::object& codes,
                    double timeout_s) {
  namespace echo = chimaera::echo;
  const PoolId pool_id = ToPoolId(pool);
  const PoolQuery where = ToQuery(query);
  const Rows<u32> outcome(codes, true);
  const Rows<u64> arguments(numbers, false);
  const Rows<u64> results(out, true);
  const u64 count = outcome.size();
  const u64* const in = arguments.Of(count);
  u64* const answers = results.Of(count);
  auto tasks = MakeMany<echo::EchoTask>(
      [&](IpcManager& ipc, u64 index) {
        return ipc.NewTask<echo::EchoTask>(CreateTaskId(), pool_id, where, "",
                                           std::vector<u64>(), in[index]);
      },
      [&](u64 index, const echo::EchoTask& task) {
        answers[index] = task.number_;
      });
  return RunMany(connection, tasks, count, outcome.Of(count), timeout_s);
}

// One block of `size` bytes for each row. What came in several pieces leaves
// its row as it was. Unless it is taken over, all of it is given back.
class AllocateTasks final : public ManyTasks {
 public:
  /// All of them outlive it. REQUIRES: the GIL, also at its end.
  AllocateTasks(const Connection& connection, PoolId pool,
                const PoolQuery& where, u64 size, BlockRow* rows)
      : connection_(connection),
        pool_(pool),
        where_(where),
        size_(size),
        rows_(rows) {}
  ~AllocateTasks() override {
    if (connection_.Check().ok() && !taken_.empty()) GiveBack(pool_, taken_);
  }

  hipc::FullPtr<Task> Make(IpcManager& ipc, u64 /*index*/) override {
    return ipc
        .NewTask<bdev::AllocateBlocksTask>(CreateTaskId(), pool_, where_, size_)
        .Cast<Task>();
  }
  void Collect(u64 index, const Task& task) override {
    const auto& blocks =
        static_cast<const bdev::AllocateBlocksTask&>(task).blocks_;
    taken_.insert(taken_.end(), blocks.begin(), blocks.end());
    if (blocks.size() == 1) {
      const bdev::Block& block = blocks[0];
      rows_[index] = {block.offset_, block.size_, block.block_id_,
                      block.container_id_};
    } else {
      pieces_.insert(pieces_.end(), blocks.begin(), blocks.end());
    }
  }
  void Free(IpcManager& ipc, hipc::FullPtr<Task> task) override {
    ipc.DelTask(task.Cast<bdev::AllocateBlocksTask>());
  }
  void (*Destroyer() const)(IpcManager&, hipc::FullPtr<Task>) override {
    return &FreeAllocate;
  }

  /// From now on they are the caller's, who gives the pieces back.
  py::list TakeOver() {
    taken_.clear();
    return ToRows(pieces_);
  }

 private:
  const Connection& connection_;
  const PoolId pool_;
  const PoolQuery where_;
  const u64 size_;
  BlockRow* const rows_;
  std::vector<bdev::Block> taken_;
  std::vector<bdev::Block> pieces_;  // of them
};

// Returns what RunMany does, and the pieces.
py::object AllocateMany(const ConnectionPtr& connection,
                        const PoolIdTuple& pool, const QueryTuple& query,
                        u64 size, const py::object& out,
                        const py::object& codes, double timeout_s) {
  const Rows<u32> outcome(codes, true);
  const Rows<BlockRow> results(out, true);
  const u64 count = outcome.size();
  AllocateTasks tasks(*connection, ToPoolId(pool), ToQuery(query), size,
                      results.Of(count));
  py::object failed =
      RunMany(connection, tasks, count, outcome.Of(count), timeout_s);
  return py::make_tuple(std::move(failed), tasks.TakeOver());
}

// Writes or reads: each task `data.size() / count` bytes of `shared`.
template <class TaskT>
py::object CopyMany(const ConnectionPtr& connection, PoolId pool_id,
                    const Rows<BlockRow>& blocks, const Shared& shared,
                    u64 bytes, u64 offset, const Rows<u32>& codes,
                    double timeout_s) {
  const u64 count = codes.size();
  const BlockRow* const rows = blocks.Of(count);
  const u64 each = count == 0 ? 0 : bytes / count;
  auto tasks = MakeMany<TaskT>(
      [&](IpcManager& ipc, u64 index) {
        const chimaera::bdev::Block block = BlockOf(rows[index]);
        return ipc.NewTask<TaskT>(
            CreateTaskId(), pool_id, PoolQuery::DirectId(block.container_id_),
            block, shared.pointer + index * each, each, offset);
      },
      [](u64 /*index*/, const TaskT& /*task*/) {});
  return RunMany(connection, tasks, count, codes.Of(count), timeout_s,
                 {shared.kept});
}

py::object WriteMany(const ConnectionPtr& connection, const PoolIdTuple& pool,
                     const py::object& blocks, const py::object& data,
                     u64 offset, const py::object& codes, double timeout_s) {
  ThrowIfError(connection->Check());
  const Bytes bytes(data, false);
  const Shared shared = ShareBytes(connection, data, bytes);
  if (shared.staged) CopyBytes(shared.data, bytes.data(), bytes.size());
  return CopyMany<chimaera::bdev::WriteTask>(
      connection, ToPoolId(pool), Rows<BlockRow>(blocks, false), shared,
      bytes.size(), offset, Rows<u32>(codes, true), timeout_s);
}

py::object ReadMany(const ConnectionPtr& connection, const PoolIdTuple& pool,
                    const py::object& blocks, const py::object& out, u64 offset,
                    const py::object& codes, double timeout_s) {
  ThrowIfError(connection->Check());
  const Bytes bytes(out, true);
  const Shared shared = ShareBytes(connection, out, bytes);
  py::object failed = CopyMany<chimaera::bdev::ReadTask>(
      connection, ToPoolId(pool), Rows<BlockRow>(blocks, false), shared,
      bytes.size(), offset, Rows<u32>(codes, true), timeout_s);
  if (shared.staged) CopyBytes(bytes.data(), shared.data, bytes.size());
  return failed;
}

py::object ReduceMany(const ConnectionPtr& connection, const PoolIdTuple& pool,
                      const QueryTuple& query, const PoolIdTuple& bdev_pool,
                      const py::object& blocks, u32 dtype,
                      const py::object& out, const py::object& codes,
                      double timeout_s) {
  namespace stats = chimaera::stats;
  const PoolId pool_id = ToPoolId(pool);
  const PoolId device = ToPoolId(bdev_pool);
  const PoolQuery where = ToQuery(query);
  const Rows<u32> outcome(codes, true);
  const Rows<BlockRow> arguments(blocks, false);
  const Rows<stats::Statistics> results(out, true);
  const u64 count = outcome.size();
  const BlockRow* const rows = arguments.Of(count);
  stats::Statistics* const found = results.Of(count);
  auto tasks = MakeMany<stats::ReduceTask>(
      [&](IpcManager& ipc, u64 index) {
        return ipc.NewTask<stats::ReduceTask>(
            CreateTaskId(), pool_id, where,
            chimaera::bdev::BlockList(device, {BlockOf(rows[index])}),
            static_cast<stats::NumberType>(dtype));
      },
      [&](u64 index, const stats::ReduceTask& task) {
        found[index] = task.out_.summary;
      });
  return RunMany(connection, tasks, count, outcome.Of(count), timeout_s);
}

}  // namespace

void BindMany(py::module_& m) {
  const auto connection = py::arg("connection");
  const auto pool_id = py::arg("pool_id");
  const auto query = py::arg("query");
  const auto codes = py::arg("codes");
  const auto timeout_s = py::arg("timeout_s");
  m.def("call_many", &CallMany, connection, pool_id, py::arg("method"), query,
        codes, timeout_s, "Run a task without fields once per code.");
  m.def("echo_many", &EchoMany, connection, pool_id, query, py::arg("numbers"),
        py::arg("out"), codes, timeout_s);
  m.def("bdev_allocate_many", &AllocateMany, connection, pool_id, query,
        py::arg("size"), py::arg("out"), codes, timeout_s);
  m.def("bdev_write_many", &WriteMany, connection, pool_id, py::arg("blocks"),
        py::arg("data"), py::arg("offset"), codes, timeout_s);
  m.def("bdev_read_many", &ReadMany, connection, pool_id, py::arg("blocks"),
        py::arg("out"), py::arg("offset"), codes, timeout_s);
  m.def("stats_reduce_many", &ReduceMany, connection, pool_id, query,
        py::arg("bdev_pool"), py::arg("blocks"), py::arg("dtype"),
        py::arg("out"), codes, timeout_s);
}

}  // namespace chi::python

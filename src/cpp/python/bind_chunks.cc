// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Chunks of arrays: thousands of whole blocks to or from one buffer. A task has
// as many as make a good transfer, and all tasks are one crossing.

#include <chimaera/bdev/bdev_client.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "python/array.h"
#include "python/block.h"
#include "python/errors.h"
#include "python/many.h"
#include "python/pybind.h"
#include "python/query.h"

namespace chi::python {
namespace {

namespace bdev = chimaera::bdev;

using ConnectionPtr = std::shared_ptr<Connection>;

// Shared memory for what does not lie in the segment, at a time.
constexpr u64 kStagedBytes = 64 * kMiB;

// Blocks as rows of four numbers, and a buffer with `each` bytes for each.
struct Chunks {
  bdev::Block BlockAt(u64 index) const {
    const u64* const row = rows + 4 * index;
    return ToBlock({row[0], row[1], row[2], static_cast<u32>(row[3])});
  }

  const u64* rows;
  u64 count;
  u64 each;
  u64 per_task;
  ShmPtr data;
};

template <class TaskT>
py::object MoveShared(const ConnectionPtr& connection, PoolId pool,
                      const Chunks& chunks, double timeout_s, py::object kept) {
  std::vector<bdev::BlockRange> ranges;
  auto tasks = MakeMany<TaskT>(
      [&](IpcManager& ipc, u64 index) {
        const u64 first = index * chunks.per_task;
        const u64 end = std::min(first + chunks.per_task, chunks.count);
        ranges.clear();
        for (u64 i = first; i < end; ++i) {
          ranges.push_back({chunks.BlockAt(i), 0, chunks.each});
        }
        return ipc.NewTask<TaskT>(
            CreateTaskId(), pool, HomeOf(ranges[0].block_), ranges,
            chunks.data + first * chunks.each, (end - first) * chunks.each);
      },
      [](u64 /*index*/, const TaskT& /*task*/) {});
  std::vector<u32> codes((chunks.count + chunks.per_task - 1) /
                         chunks.per_task);
  const py::object failed = RunMany(connection, tasks, codes.size(),
                                    codes.data(), timeout_s, {std::move(kept)});
  if (failed.is_none()) return failed;
  const auto [index, message] = failed.cast<std::tuple<u64, std::string>>();
  return py::make_tuple(codes[index], message);
}

template <class TaskT>
py::object MoveStaged(const ConnectionPtr& connection, PoolId pool,
                      Chunks chunks, const Bytes& bytes, bool write,
                      double timeout_s) {
  // What is not in the segment goes there, or comes from there, in parts.
  const u64 step = std::clamp<u64>(kStagedBytes / chunks.each, 1, chunks.count);
  const auto buffer =
      std::make_shared<Buffer>(connection, step * chunks.each, false);
  const py::object kept = py::cast(buffer);
  chunks.data = buffer->pointer();
  const u64 total = chunks.count;
  for (u64 first = 0; first < total; first += step) {
    chunks.count = std::min(step, total - first);
    char* const outside = bytes.data() + first * chunks.each;
    const u64 size = chunks.count * chunks.each;
    if (write) CopyBytes(buffer->data(), outside, size);
    py::object failed =
        MoveShared<TaskT>(connection, pool, chunks, timeout_s, kept);
    if (!failed.is_none()) return failed;
    if (!write) CopyBytes(outside, buffer->data(), size);
    chunks.rows += 4 * chunks.count;
    connection->bytes_staged += size;
  }
  return py::none();
}

// The blocks are of one container. None, or status code and message of the
// first task that failed.
py::object MoveChunks(const ConnectionPtr& connection, const PoolIdTuple& pool,
                      const py::object& blocks, const py::object& data,
                      bool write, u64 task_bytes, double timeout_s) {
  ThrowIfError(connection->Check());
  const Bytes rows(blocks, false);
  const Bytes bytes(data, !write);
  const u64 count = rows.size() / (4 * sizeof(u64));
  const u64 each = count == 0 ? 0 : bytes.size() / count;
  if (each == 0) return py::none();
  const Chunks chunks{reinterpret_cast<const u64*>(rows.data()), count, each,
                      std::clamp<u64>(task_bytes / each, 1, bdev::kMaxRanges),
                      connection->Locate(bytes.data(), bytes.size())};
  const PoolId id = ToPoolId(pool);
  if (chunks.data.IsNull()) {
    return write ? MoveStaged<bdev::WriteBlocksTask>(connection, id, chunks,
                                                     bytes, write, timeout_s)
                 : MoveStaged<bdev::ReadBlocksTask>(connection, id, chunks,
                                                    bytes, write, timeout_s);
  }
  return write ? MoveShared<bdev::WriteBlocksTask>(connection, id, chunks,
                                                   timeout_s, data)
               : MoveShared<bdev::ReadBlocksTask>(connection, id, chunks,
                                                  timeout_s, data);
}

}  // namespace

void BindChunks(py::module_& m) {
  m.def("bdev_move_chunks", &MoveChunks, py::arg("connection"),
        py::arg("pool_id"), py::arg("blocks"), py::arg("data"),
        py::arg("write"), py::arg("task_bytes"), py::arg("timeout_s"));
}

}  // namespace chi::python

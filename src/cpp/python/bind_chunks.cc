// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Chunks of arrays: thousands of whole blocks to or from one buffer. A task has
// as many as make a good transfer, and all tasks are one crossing.

#include <chimaera/bdev/bdev_client.h>
#include <chimaera/bdev/page_checksums.h>

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

// Blocks as rows of four numbers, and a buffer with `each` bytes for each,
// which lies at `local` in this process.
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
  const char* local;
};

// One task after the other has `per_task` chunks; `sums`, if there are some,
// are theirs, page by page, and arrived(first, end) hears of those it brought.
template <class TaskT, class Arrived, class... Sums>
py::object MoveAll(const ConnectionPtr& connection, PoolId pool,
                   const Chunks& chunks, double timeout_s,
                   std::vector<py::object> kept, const Arrived& arrived,
                   const Sums&... sums) {
  std::vector<bdev::BlockRange> ranges;
  const auto first_of = [&](u64 index) { return index * chunks.per_task; };
  const auto end_of = [&](u64 index) {
    return std::min(first_of(index) + chunks.per_task, chunks.count);
  };
  auto tasks = MakeMany<TaskT>(
      [&](IpcManager& ipc, u64 index) {
        const u64 first = first_of(index);
        const u64 end = end_of(index);
        ranges.clear();
        for (u64 i = first; i < end; ++i) {
          ranges.push_back({chunks.BlockAt(i), 0, chunks.each});
        }
        return ipc.NewTask<TaskT>(CreateTaskId(), pool,
                                  HomeOf(ranges[0].block_), ranges,
                                  chunks.data + first * chunks.each,
                                  (end - first) * chunks.each, sums(first)...);
      },
      [&](u64 index, const TaskT& /*task*/) {
        arrived(first_of(index), end_of(index));
      });
  std::vector<u32> codes((chunks.count + chunks.per_task - 1) /
                         chunks.per_task);
  const py::object failed = RunMany(connection, tasks, codes.size(),
                                    codes.data(), timeout_s, std::move(kept));
  if (failed.is_none()) return failed;
  const auto [index, message] = failed.cast<std::tuple<u64, std::string>>();
  return py::make_tuple(codes[index], message);
}

template <class TaskT>
py::object MoveShared(const ConnectionPtr& connection, PoolId pool,
                      const Chunks& chunks, double timeout_s,
                      const py::object& kept) {
  return MoveAll<TaskT>(connection, pool, chunks, timeout_s, {kept},
                        [](u64 /*first*/, u64 /*end*/) {});
}

// Reads, and compares what has come with its checksums while the worker, which
// could do no more than one of the two, reads on.
py::object ReadComparing(const ConnectionPtr& connection, PoolId pool,
                         const Chunks& chunks, double timeout_s,
                         const py::object& kept) {
  const u64 pages = chunks.each / bdev::kChecksummedBytes;
  const auto sums = std::make_shared<Buffer>(
      connection, chunks.count * pages * sizeof(u32), false);
  bool match = true;
  py::object failed = MoveAll<bdev::ReadBlocksTask>(
      connection, pool, chunks, timeout_s, {kept, py::cast(sums)},
      [&](u64 first, u64 end) {
        const u32* const wanted = reinterpret_cast<const u32*>(sums->data());
        match = match && bdev::MatchChecksums(
                             chunks.local + first * chunks.each,
                             wanted + first * pages, (end - first) * pages);
      },
      [&](u64 first) { return sums->pointer() + first * pages * sizeof(u32); });
  if (!failed.is_none() || match) return failed;
  // Perhaps it was being written; if not, the runtime says what is wrong.
  return MoveShared<bdev::ReadBlocksTask>(connection, pool, chunks, timeout_s,
                                          kept);
}

// What to do with chunks whose buffer is in the segment.
using Move = py::object (*)(const ConnectionPtr&, PoolId, const Chunks&, double,
                            const py::object&);

py::object MoveStaged(const ConnectionPtr& connection, PoolId pool,
                      Chunks chunks, const Bytes& bytes, bool write, Move move,
                      double timeout_s) {
  // What is not in the segment goes there, or comes from there, in parts.
  const u64 step = std::clamp<u64>(kStagedBytes / chunks.each, 1, chunks.count);
  const auto buffer =
      std::make_shared<Buffer>(connection, step * chunks.each, false);
  const py::object kept = py::cast(buffer);
  chunks.data = buffer->pointer();
  chunks.local = buffer->data();
  const u64 total = chunks.count;
  for (u64 first = 0; first < total; first += step) {
    chunks.count = std::min(step, total - first);
    char* const outside = bytes.data() + first * chunks.each;
    const u64 size = chunks.count * chunks.each;
    if (write) CopyBytes(buffer->data(), outside, size);
    py::object failed = move(connection, pool, chunks, timeout_s, kept);
    if (!failed.is_none()) return failed;
    if (!write) CopyBytes(outside, buffer->data(), size);
    chunks.rows += 4 * chunks.count;
    connection->bytes_staged += size;
  }
  return py::none();
}

// The blocks are of one container. `compare`: see ReadComparing. None, or
// status code and message of the first task that failed.
py::object MoveChunks(const ConnectionPtr& connection, const PoolIdTuple& pool,
                      const py::object& blocks, const py::object& data,
                      bool write, bool compare, u64 task_bytes,
                      double timeout_s) {
  ThrowIfError(connection->Check());
  const Bytes rows(blocks, false);
  const Bytes bytes(data, !write);
  const u64 count = rows.size() / (4 * sizeof(u64));
  const u64 each = count == 0 ? 0 : bytes.size() / count;
  if (each == 0) return py::none();
  const Chunks chunks{reinterpret_cast<const u64*>(rows.data()),
                      count,
                      each,
                      std::clamp<u64>(task_bytes / each, 1, bdev::kMaxRanges),
                      connection->Locate(bytes.data(), bytes.size()),
                      bytes.data()};
  const bool compares = compare && each % bdev::kChecksummedBytes == 0;
  const Move move = write      ? &MoveShared<bdev::WriteBlocksTask>
                    : compares ? &ReadComparing
                               : &MoveShared<bdev::ReadBlocksTask>;
  const PoolId id = ToPoolId(pool);
  if (chunks.data.IsNull()) {
    return MoveStaged(connection, id, chunks, bytes, write, move, timeout_s);
  }
  return move(connection, id, chunks, timeout_s, data);
}

}  // namespace

void BindChunks(py::module_& m) {
  m.def("bdev_move_chunks", &MoveChunks, py::arg("connection"),
        py::arg("pool_id"), py::arg("blocks"), py::arg("data"),
        py::arg("write"), py::arg("compare"), py::arg("task_bytes"),
        py::arg("timeout_s"));
}

}  // namespace chi::python

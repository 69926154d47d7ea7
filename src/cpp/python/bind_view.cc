// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Looking at blocks of devices in memory in place.

#include <chimaera/bdev/bdev_client.h>

#include <cstring>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "chimaera/base/copy_large.h"
#include "chimaera/base/format.h"
#include "chimaera/ipc/client_core.h"
#include "python/block.h"
#include "python/call.h"
#include "python/errors.h"
#include "python/gil.h"
#include "python/many.h"
#include "python/pybind.h"
#include "python/query.h"
#include "python/submitting.h"
#include "python/view.h"

namespace chi::python {
namespace {

namespace bdev = chimaera::bdev;

using ConnectionPtr = std::shared_ptr<Connection>;

// Holds on blocks, one for each row of four numbers.
class LocateMany final : public ManyTasks {
 public:
  /// All of them outlive it. REQUIRES: the GIL, also at its end.
  LocateMany(const Connection& connection, PoolId pool, const u64* rows,
             u64 count)
      : connection_(connection), pool_(pool), rows_(rows), found_(count) {}
  ~LocateMany() override {
    if (!connection_.Check().ok()) return;  // all holds have ended
    for (u64 i = 0; i < found_.size(); ++i) {
      if (!found_[i].IsNull()) Unpin(pool_, BlockAt(i));
    }
  }

  hipc::FullPtr<Task> Make(IpcManager& ipc, u64 index) override {
    const bdev::Block block = BlockAt(index);
    return ipc
        .NewTask<bdev::LocateTask>(CreateTaskId(), pool_,
                                   PoolQuery::DirectId(block.container_id_),
                                   block)
        .Cast<Task>();
  }
  void Collect(u64 index, const Task& task) override {
    found_[index] = static_cast<const bdev::LocateTask&>(task).data_;
  }
  void Free(IpcManager& ipc, hipc::FullPtr<Task> task) override {
    ipc.DelTask(task.Cast<bdev::LocateTask>());
  }
  void (*Destroyer() const)(IpcManager&, hipc::FullPtr<Task>) override {
    return &FreeLocate;
  }

  bdev::Block BlockAt(u64 index) const {
    const u64* const row = rows_ + 4 * index;
    return ToBlock({row[0], row[1], row[2], static_cast<u32>(row[3])});
  }
  ShmPtr found(u64 index) const { return found_[index]; }

 private:
  const Connection& connection_;
  const PoolId pool_;
  const u64* const rows_;
  std::vector<ShmPtr> found_;
};

// From `count` blocks, `each` bytes from `offset` on, one behind the other;
// blocks that lie so too are copied in one piece. False if one cannot be seen.
bool CopyOut(ControlClient& control, const LocateMany& blocks, u64 count,
             u64 offset, u64 each, char* to) {
  for (u64 first = 0; first < count;) {
    u64 next = first + 1;
    while (next < count &&
           blocks.found(next) == blocks.found(next - 1) + each) {
      ++next;
    }
    const u64 bytes = (next - first) * each;
    const char* const from =
        control.Resolve(blocks.found(first) + offset, bytes);
    if (from == nullptr) return false;
    char* const target = to + first * each;
    if (count * each >= kLargeCopy) {
      CopyLarge(target, from, bytes);
    } else {
      std::memcpy(target, from, bytes);
    }
    first = next;
  }
  return true;
}

// Copies blocks from where they lie into one row of `out` each, in this
// process. Errors as of bdev_read_many.
py::object CopyMany(const ConnectionPtr& connection,
                    const PoolIdTuple& pool_tuple, const py::object& blocks,
                    const py::object& out, u64 offset, const py::object& codes,
                    double timeout_s) {
  ThrowIfError(connection->Check());
  const Bytes rows(blocks, false);
  const Bytes to(out, true);
  const Bytes outcome(codes, true);
  const u64 count = outcome.size() / sizeof(u32);
  if (count == 0 || rows.size() != count * 4 * sizeof(u64)) {
    Throw(Status::BadRequest("arrays of different lengths"));
  }
  LocateMany located(*connection, ToPoolId(pool_tuple),
                     reinterpret_cast<const u64*>(rows.data()), count);
  const u64 each = to.size() / count;
  for (u64 i = 0; i < count; ++i) {
    const u64 size = located.BlockAt(i).size_;
    if (each > size || offset > size - each) {
      Throw(Status::BadRequest("rows that are longer than their blocks"));
    }
  }
  py::object failed =
      RunMany(connection, located, count,
              reinterpret_cast<u32*>(outcome.data()), timeout_s);
  ThrowIfError(connection->Check());
  bool seen = true;
  if (failed.is_none()) {
    const ReleaseGil released;
    const Connection::Hold hold(*connection);
    seen = hold.open() && CopyOut(connection->client().control(), located,
                                  count, offset, each, to.data());
  }
  ThrowIfError(connection->Check());
  if (!seen) {
    Throw(Status::NoMemory("the segment of the device cannot be mapped"));
  }
  return failed;
}

// A Call that gives an array.
std::unique_ptr<Call> Look(const ConnectionPtr& connection,
                           const PoolIdTuple& pool_tuple, const BlockTuple& row,
                           u64 offset, u32 timeout_ms) {
  ThrowIfError(connection->Check());
  if (offset >= std::get<1>(row)) {
    Throw(Status::BadRequest(
        Format("offset {} of a block of {} bytes", offset, std::get<1>(row))));
  }
  connection->Sweep();  // pins of calls that were dropped end
  const bdev::Block block = ToBlock(row);
  const PoolId pool = ToPoolId(pool_tuple);
  DroppedTask located;
  located.free = &FreeLocate;
  {
    const Submitting submitting(*connection);
    const Connection::Hold hold(*connection);
    if (hold.open()) {
      IpcManager& ipc = *CHI_IPC;
      const auto task = ipc.NewTask<bdev::LocateTask>(CreateTaskId(), pool,
                                                      HomeOf(block), block);
      task->SetTimeout(timeout_ms);
      ipc.Enqueue(task);
      located.task = task.Cast<Task>();
    }
  }
  return CallOfView(connection, pool, std::move(located), offset);
}

}  // namespace

void BindView(py::module_& m) {
  py::class_<View, std::shared_ptr<View>>(
      m, "View", py::buffer_protocol(),
      "Read-only bytes of a block, pinned or copied.")
      .def(py::init([](ConnectionPtr connection, const PoolIdTuple& pool,
                       std::shared_ptr<Buffer> copy) {
             return std::make_shared<View>(std::move(connection),
                                           ToPoolId(pool), std::move(copy));
           }),
           py::arg("connection"), py::arg("pool_id"), py::arg("copy"))
      .def("__len__", &View::size)
      .def_buffer([](View& view) {
        return py::buffer_info(reinterpret_cast<const u8*>(view.data()),
                               static_cast<py::ssize_t>(view.size()));
      });
  m.def("bdev_copy_many", &CopyMany, py::arg("connection"), py::arg("pool_id"),
        py::arg("blocks"), py::arg("out"), py::arg("offset"), py::arg("codes"),
        py::arg("timeout_s"));
  m.def("bdev_view", &Look, py::arg("connection"), py::arg("pool_id"),
        py::arg("block"), py::arg("offset"), py::arg("timeout_ms"));
}

}  // namespace chi::python

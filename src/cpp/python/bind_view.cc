// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Looking at blocks of devices in memory in place.

#include <chimaera/bdev/bdev_client.h>

#include <memory>
#include <utility>

#include "chimaera/ipc/client_core.h"
#include "python/block.h"
#include "python/call.h"
#include "python/errors.h"
#include "python/gil.h"
#include "python/pybind.h"
#include "python/query.h"
#include "python/view.h"

namespace chi::python {
namespace {

namespace bdev = chimaera::bdev;

using ConnectionPtr = std::shared_ptr<Connection>;

// Usually Locate is done by then, and no Call is needed.
constexpr u64 kShortWaitNs = 100'000;

// A hold that no view has taken over ends with its task.
void FreeLocate(IpcManager& ipc, hipc::FullPtr<Task> done) {
  const auto task = done.Cast<bdev::LocateTask>();
  if (task->IsComplete() && task->return_code_ == 0 && !task->data_.IsNull()) {
    Unpin(task->pool_id_, task->block_);
  }
  ipc.DelTask(task);
}

// Keeps the GIL, also where the first look at a segment asks the runtime for
// it: two threads may want the value of one Call.
py::object ViewOf(const ConnectionPtr& connection, PoolId pool,
                  bdev::LocateTask& task) {
  ThrowIfError(connection->Check());
  const char* const data =
      connection->client().control().Resolve(task.data_, task.block_.size_);
  if (data == nullptr) {
    Throw(Status::NoMemory("the segment of the device cannot be mapped"));
  }
  auto view = std::make_shared<View>(connection, pool, task.block_, data);
  task.data_ = hipc::Pointer::Null();
  return py::cast(std::move(view));
}

// A View if that takes no time and `at_once`, else a Call that gives one.
py::object Look(const ConnectionPtr& connection, const PoolIdTuple& pool_tuple,
                const BlockTuple& row, u32 timeout_ms, bool at_once) {
  ThrowIfError(connection->Check());
  connection->Sweep();  // pins of calls that were dropped end
  const bdev::Block block = ToBlock(row);
  const PoolId pool = ToPoolId(pool_tuple);
  DroppedTask dropped;
  dropped.free = &FreeLocate;
  {
    const ReleaseGil released;
    const Connection::Hold hold(*connection);
    if (hold.open()) {
      IpcManager& ipc = *CHI_IPC;
      const auto task = ipc.NewTask<bdev::LocateTask>(
          CreateTaskId(), pool, PoolQuery::DirectId(block.container_id_),
          block);
      task->SetTimeout(timeout_ms);
      ipc.Enqueue(task);
      if (at_once) static_cast<void>(task->WaitFor(kShortWaitNs));
      dropped.task = task.Cast<Task>();
    }
  }
  const hipc::FullPtr<Task> task = dropped.task;
  const bool done = at_once && !connection->closed() && !task.IsNull() &&
                    task->IsComplete() && task->return_code_ == 0;
  auto call = std::make_unique<Call>(
      connection, std::move(dropped),
      [connection, pool](Task& found) -> py::object {
        return ViewOf(connection, pool, static_cast<bdev::LocateTask&>(found));
      });
  return done ? call->Value() : py::cast(std::move(call));
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
  m.def("bdev_view", &Look, py::arg("connection"), py::arg("pool_id"),
        py::arg("block"), py::arg("timeout_ms"), py::arg("at_once"));
}

}  // namespace chi::python

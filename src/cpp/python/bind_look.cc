// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The shortest way to look at a block in place: one call that asks where it
// lies and makes the array. What is unusual (a slow or failed task, arguments
// that are not quite right) is left to Call and to bdev_view.

#include <chimaera/bdev/bdev_client.h>

#include <memory>
#include <utility>

#include "chimaera/ipc/client_core.h"
#include "chimaera/runtime/singletons.h"
#include "python/arguments.h"
#include "python/call.h"
#include "python/errors.h"
#include "python/pybind.h"
#include "python/submitting.h"
#include "python/view.h"

namespace chi::python {
namespace {

namespace bdev = chimaera::bdev;

// Arguments of bdev_look(): connection, pool_id, block, offset.
constexpr Py_ssize_t kNumArguments = 4;
// Usually the block is located by then, and no Call is needed.
constexpr u64 kShortWaitNs = 100'000;

struct Request {
  Connection* connection = nullptr;
  PoolId pool_id;
  bdev::Block block;
  u64 offset = 0;
};

bool ReadAttribute(PyObject* object, PyObject* name, u64* value) {
  PyObject* const found = PyObject_GetAttr(object, name);
  if (found == nullptr) return false;
  *value = PyLong_Check(found) ? PyLong_AsUnsignedLongLong(found) : ~u64{0};
  Py_DECREF(found);
  return *value != ~u64{0};
}

// Of a chimaera.Block.
bool ReadBlock(PyObject* object, bdev::Block* block) {
  static PyObject* const names[] = {PyUnicode_InternFromString("offset"),
                                    PyUnicode_InternFromString("size_bytes"),
                                    PyUnicode_InternFromString("block_id"),
                                    PyUnicode_InternFromString("container_id")};
  u64 numbers[4] = {};
  for (int i = 0; i < 4; ++i) {
    if (!ReadAttribute(object, names[i], &numbers[i])) return false;
  }
  block->offset_ = numbers[0];
  block->size_ = numbers[1];
  block->block_id_ = numbers[2];
  block->container_id_ = static_cast<u32>(numbers[3]);
  return numbers[3] <= ~u32{0};
}

// Whether the arguments are those of a usual call; leaves no error behind.
bool Read(PyObject* const* arguments, Request* request) {
  request->connection = ConnectionOf(arguments[0]);
  u32 pool[2] = {};
  const bool usual =
      request->connection != nullptr && ReadTuple(arguments[1], 2, pool) &&
      ReadBlock(arguments[2], &request->block) && PyLong_Check(arguments[3]);
  if (usual) request->offset = PyLong_AsUnsignedLongLong(arguments[3]);
  const bool failed = PyErr_Occurred() != nullptr;
  if (failed) PyErr_Clear();
  request->pool_id = PoolId(pool[0], pool[1]);
  return usual && !failed && request->offset < request->block.size_;
}

// Null if the connection was closed meanwhile.
hipc::FullPtr<bdev::LocateTask> LocateShortly(const Request& request) {
  const Submitting submitting(*request.connection);
  const Connection::Hold hold(*request.connection);
  if (!hold.open()) return hipc::FullPtr<bdev::LocateTask>();
  IpcManager& ipc = *CHI_IPC;
  const auto task = ipc.NewTask<bdev::LocateTask>(
      CreateTaskId(), request.pool_id,
      PoolQuery::DirectId(request.block.container_id_), request.block);
  ipc.Enqueue(task);
  if (!task->IsComplete()) static_cast<void>(task->WaitFor(kShortWaitNs));
  return task;
}

// Frees a task that is done.
class Located {
 public:
  explicit Located(hipc::FullPtr<bdev::LocateTask> task) : task_(task) {}
  ~Located() { FreeLocate(*CHI_IPC, task_.Cast<Task>()); }
  Located(const Located&) = delete;
  Located& operator=(const Located&) = delete;

 private:
  const hipc::FullPtr<bdev::LocateTask> task_;
};

py::object Look(const Request& request) {
  // Held: another thread may drop the Python object meanwhile.
  const std::shared_ptr<Connection> connection =
      request.connection->shared_from_this();
  connection->Sweep();  // pins of calls that were dropped end
  const auto task = LocateShortly(request);
  const bool open = !connection->closed() && !task.IsNull();
  if (open && task->IsComplete() && task->return_code_ == 0) {
    const Located located(task);
    return ViewOf(connection, request.pool_id, *task, request.offset);
  }
  DroppedTask unfinished;
  unfinished.task = task.Cast<Task>();
  unfinished.free = &FreeLocate;
  return py::cast(CallOfView(connection, request.pool_id, std::move(unfinished),
                             request.offset));
}

PyObject* LookEntry(PyObject* /*module*/, PyObject* const* arguments,
                    Py_ssize_t count) {
  Request request;
  if (count != kNumArguments || !Read(arguments, &request) ||
      request.connection->closed() ||
      !request.connection->client().control().Check().ok()) {
    Py_RETURN_NONE;
  }
  try {
    return Look(request).release().ptr();
  } catch (py::error_already_set& raised) {
    raised.restore();
  } catch (const StatusError& raised) {
    const py::object error = ExceptionOf(raised.status());
    PyErr_SetObject(py::type::handle_of(error).ptr(), error.ptr());
  }
  return nullptr;
}

PyMethodDef look_definition = {
    "bdev_look",
    reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&LookEntry)),
    METH_FASTCALL,
    "Look at a block: an array, a Call that was submitted and gives one, or\n"
    "None when `bdev_view` has to say what is wrong."};

}  // namespace

void BindLook(py::module_& m) { AddFunction(m, look_definition); }

}  // namespace chi::python

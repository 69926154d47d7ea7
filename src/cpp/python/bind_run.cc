// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The shortest way from Python through the runtime and back: a task without
// fields, submitted, awaited and freed in one call. Taken apart by hand,
// since pybind11's dispatch and a future cost more than the task itself.
//
// Everything unusual (a slow or failed task, a closed connection, arguments
// that are not quite right) is left to Call, which knows how to explain it.

#include <cmath>
#include <utility>

#include "chimaera/ipc/client_core.h"
#include "chimaera/runtime/singletons.h"
#include "python/arguments.h"
#include "python/call.h"
#include "python/empty_task.h"
#include "python/pybind.h"
#include "python/submitting.h"

namespace chi::python {
namespace {

// Arguments of run(): connection, pool_id, method, query, timeout_s.
constexpr Py_ssize_t kNumArguments = 5;
// Waits of at least so long begin with a short one in here.
constexpr double kMinTimeoutS = 1e-3;
constexpr u64 kShortWaitNs = 100'000;

struct Request {
  Connection* connection = nullptr;
  PoolId pool_id;
  MethodId method = 0;
};

// Whether the arguments are those of a usual call; leaves no error behind.
bool Read(PyObject* const* arguments, Request* request) {
  request->connection = ConnectionOf(arguments[0]);
  if (request->connection == nullptr) return false;
  u32 pool[2] = {};
  u32 query[3] = {};
  const double timeout_s = PyFloat_AsDouble(arguments[4]);
  const long method = PyLong_AsLong(arguments[2]);
  const bool usual = ReadTuple(arguments[1], 2, pool) &&
                     ReadTuple(arguments[3], 3, query) && method >= 0 &&
                     method <= ~u32{0} &&
                     query[0] == static_cast<u32>(RoutingMode::Local) &&
                     timeout_s >= kMinTimeoutS && std::isfinite(timeout_s);
  if (PyErr_Occurred() != nullptr) PyErr_Clear();
  request->pool_id = PoolId(pool[0], pool[1]);
  request->method = static_cast<MethodId>(method);
  return usual;
}

// Runs the task; true if it has succeeded by now. Otherwise `unfinished` is
// the task, which may be done, failed or still under way.
bool RunShortly(const Request& request, hipc::FullPtr<EmptyTask>* unfinished) {
  const Submitting submitting(*request.connection);
  const Connection::Hold hold(*request.connection);
  if (!hold.open()) return false;
  IpcManager& ipc = *CHI_IPC;
  const auto task = ipc.NewTask<EmptyTask>(CreateTaskId(), request.pool_id,
                                           PoolQuery::Local(), request.method);
  ipc.Enqueue(task);
  if (!task->IsComplete()) static_cast<void>(task->WaitFor(kShortWaitNs));
  if (task->IsComplete() && task->return_code_ == 0) {
    ipc.DelTask(task);
    return true;
  }
  *unfinished = task;
  return false;
}

PyObject* Run(PyObject* /*module*/, PyObject* const* arguments,
              Py_ssize_t count) {
  Request request;
  if (count != kNumArguments || !Read(arguments, &request) ||
      request.connection->closed() ||
      !request.connection->client().control().Check().ok()) {
    Py_RETURN_FALSE;
  }
  // Held: another thread may drop the Python object meanwhile.
  const std::shared_ptr<Connection> connection =
      request.connection->shared_from_this();
  hipc::FullPtr<EmptyTask> unfinished;
  if (RunShortly(request, &unfinished)) Py_RETURN_NONE;
  DroppedTask task;
  task.task = unfinished.Cast<Task>();
  task.free = [](IpcManager& ipc, hipc::FullPtr<Task> done) {
    ipc.DelTask(done.Cast<EmptyTask>());
  };
  auto call = std::make_unique<Call>(
      connection, std::move(task),
      [](Task& /*task*/) -> py::object { return py::none(); });
  return py::cast(std::move(call)).release().ptr();
}

PyMethodDef run_definition = {
    "run", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&Run)),
    METH_FASTCALL,
    "Run a task without fields: None when it is done, a Call that was\n"
    "submitted, or False when `call` has to say what is wrong."};

}  // namespace

void BindRun(py::module_& m) { AddFunction(m, run_definition); }

}  // namespace chi::python

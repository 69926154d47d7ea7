// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Call, and a task without fields for any method of any pool.

#include "chimaera/runtime/singletons.h"
#include "python/call.h"
#include "python/empty_task.h"
#include "python/pybind.h"
#include "python/query.h"

namespace chi::python {
namespace {

std::unique_ptr<Call> StartEmpty(const std::shared_ptr<Connection>& connection,
                                 const PoolIdTuple& pool, u32 method,
                                 const QueryTuple& query) {
  const PoolId pool_id = ToPoolId(pool);
  const PoolQuery where = ToQuery(query);
  return StartCall<EmptyTask>(
      connection,
      [&] {
        const auto task =
            CHI_IPC->NewTask<EmptyTask>(CreateTaskId(), pool_id, where, method);
        return CHI_IPC->Submit(task);
      },
      [](EmptyTask& /*task*/) -> py::object { return py::none(); });
}

}  // namespace

void BindTask(py::module_& m) {
  py::class_<Call>(m, "Call", "A submitted task.")
      .def("done", &Call::Done, "Whether there is an outcome; never waits.")
      .def("wait", &Call::Wait, py::arg("timeout_s"),
           "Wait without the GIL; whether there is an outcome now.")
      .def("cancel", &Call::Cancel,
           "Ask the runtime to end it, without the GIL; false when done.")
      .def("error", &Call::Error, "The exception or None; needs an outcome.")
      .def("value", &Call::Value, "The result; needs an outcome. Raises.");
  m.def("call", &StartEmpty, py::arg("connection"), py::arg("pool_id"),
        py::arg("method"), py::arg("query"), "Submit a task without fields.");
}

}  // namespace chi::python

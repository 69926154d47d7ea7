// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Call, CallSet, and a task without fields for any method of any pool.

#include "python/call.h"
#include "python/call_set.h"
#include "python/empty_task.h"
#include "python/pybind.h"

namespace chi::python {
namespace {

std::unique_ptr<Call> StartEmpty(const std::shared_ptr<Connection>& connection,
                                 const PoolIdTuple& pool, u32 method,
                                 const QueryTuple& query, u32 timeout_ms) {
  return StartTask<EmptyTask>(connection, Target(pool, query, timeout_ms),
                              &NoResult, {}, method);
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
  py::class_<CallSet>(m, "CallSet", "Calls that are waited for together.")
      .def(py::init<>())
      .def("__len__", &CallSet::size)
      .def("add", &CallSet::Add, py::arg("call"), py::arg("token"),
           "Add a call; wait returns the token when it is done.")
      .def("wait", &CallSet::Wait, py::arg("timeout_s"), py::arg("poll"),
           "Wait without the GIL; tokens of the calls that are done.")
      .def("wake", &CallSet::Wake, "End a wait, this one or the next.");
  m.def("call", &StartEmpty, py::arg("connection"), py::arg("pool_id"),
        py::arg("method"), py::arg("query"), py::arg("timeout_ms") = 0,
        "Submit a task without fields.");
}

}  // namespace chi::python

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Traces, as the admin pool gives them away.

#include <chimaera/admin/trace_tasks.h>

#include <memory>
#include <string>

#include "chimaera/sched/tracer.h"
#include "python/call.h"
#include "python/pybind.h"

namespace chi::python {
namespace {

namespace admin = chimaera::admin;

using ConnectionPtr = std::shared_ptr<Connection>;

const Target kAdmin(kAdminPoolId, PoolQuery::Local(), 0);

std::unique_ptr<Call> StartTrace(const ConnectionPtr& connection, u32 one_in,
                                 u32 max_records, u64 max_ns) {
  return StartTask<admin::StartTraceTask>(
      connection, kAdmin,
      [](admin::StartTraceTask& task) -> py::object {
        return py::make_tuple(task.trace_id_, task.start_ns_);
      },
      {}, one_in, max_records, max_ns);
}

std::unique_ptr<Call> StopTrace(const ConnectionPtr& connection, u64 trace_id,
                                bool forget) {
  return StartTask<admin::StopTraceTask>(
      connection, kAdmin,
      [](admin::StopTraceTask& task) -> py::object {
        return py::int_(task.stop_ns_);
      },
      {}, trace_id, u64{forget});
}

std::unique_ptr<Call> ReadTrace(const ConnectionPtr& connection, u64 trace_id,
                                u32 buffer, u32 first) {
  return StartTask<admin::ReadTraceTask>(
      connection, kAdmin,
      [](admin::ReadTraceTask& task) -> py::object {
        const std::string records = task.records_.str();
        return py::make_tuple(task.buffers_, task.worker_, task.dropped_,
                              py::bytes(records));
      },
      {}, trace_id, buffer, first);
}

}  // namespace

void BindTrace(py::module_& m) {
  const auto connection = py::arg("connection");
  const auto trace_id = py::arg("trace_id");
  m.attr("TRACE_RECORD_BYTES") = sizeof(TraceRecord);
  m.def("start_trace", &StartTrace, connection, py::arg("one_in"),
        py::arg("max_records"), py::arg("max_ns"));
  m.def("stop_trace", &StopTrace, connection, trace_id, py::arg("forget"));
  m.def("read_trace", &ReadTrace, connection, trace_id, py::arg("buffer"),
        py::arg("first"));
}

}  // namespace chi::python

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Module echo.

#include <chimaera/echo/echo_client.h>

#include <string>
#include <utility>

#include "python/call.h"
#include "python/pybind.h"
#include "python/query.h"

namespace chi::python {
namespace {

namespace echo = chimaera::echo;

using ConnectionPtr = std::shared_ptr<Connection>;

std::unique_ptr<Call> Null(const ConnectionPtr& connection,
                           const PoolIdTuple& pool, const QueryTuple& query,
                           u32 timeout_ms) {
  return StartTask<echo::NullTask>(connection, Target(pool, query, timeout_ms),
                                   &NoResult, {});
}

std::unique_ptr<Call> Echo(const ConnectionPtr& connection,
                           const PoolIdTuple& pool, const QueryTuple& query,
                           const std::string& text, u32 timeout_ms) {
  return StartTask<echo::EchoTask>(
      connection, Target(pool, query, timeout_ms),
      [](echo::EchoTask& task) -> py::object {
        const auto& done = std::as_const(task);
        return py::make_tuple(py::bytes(done.text_.str()), done.container_id_);
      },
      {}, text, std::vector<u64>(), u64{0});
}

std::unique_ptr<Call> Sleep(const ConnectionPtr& connection,
                            const PoolIdTuple& pool, const QueryTuple& query,
                            u64 duration_ns, u32 timeout_ms) {
  return StartTask<echo::SleepTask>(connection, Target(pool, query, timeout_ms),
                                    &NoResult, {}, duration_ns);
}

std::unique_ptr<Call> Busy(const ConnectionPtr& connection,
                           const PoolIdTuple& pool, const QueryTuple& query,
                           u64 duration_ns, u32 timeout_ms) {
  return StartTask<echo::BusyTask>(connection, Target(pool, query, timeout_ms),
                                   &NoResult, {}, duration_ns);
}

std::unique_ptr<Call> ThrowText(const ConnectionPtr& connection,
                                const PoolIdTuple& pool,
                                const QueryTuple& query,
                                const std::string& text) {
  echo::Client client(ToPoolId(pool));
  const PoolQuery where = ToQuery(query);
  return StartCall<echo::ThrowTask>(
      connection, [&] { return client.AsyncThrow(HSHM_MCTX, where, text); },
      &NoResult);
}

std::unique_ptr<Call> Crash(const ConnectionPtr& connection,
                            const PoolIdTuple& pool, const QueryTuple& query,
                            u32 kind, u32 timeout_ms) {
  return StartTask<echo::CrashTask>(connection, {pool, query, timeout_ms},
                                    &NoResult, {},
                                    static_cast<echo::CrashKind>(kind));
}

std::unique_ptr<Call> Spawn(const ConnectionPtr& connection,
                            const PoolIdTuple& pool, const QueryTuple& query,
                            u32 count) {
  echo::Client client(ToPoolId(pool));
  const PoolQuery where = ToQuery(query);
  return StartCall<echo::SpawnTask>(
      connection, [&] { return client.AsyncSpawn(HSHM_MCTX, where, count); },
      [](echo::SpawnTask& task) -> py::object {
        return py::int_(task.succeeded_);
      });
}

}  // namespace

void BindEcho(py::module_& m) {
  const auto connection = py::arg("connection");
  const auto pool_id = py::arg("pool_id");
  const auto query = py::arg("query");
  const auto timeout_ms = py::arg("timeout_ms") = 0;
  m.def("echo_null", &Null, connection, pool_id, query, timeout_ms);
  m.def("echo_echo", &Echo, connection, pool_id, query, py::arg("text"),
        timeout_ms);
  m.def("echo_sleep", &Sleep, connection, pool_id, query,
        py::arg("duration_ns"), timeout_ms);
  m.def("echo_busy", &Busy, connection, pool_id, query, py::arg("duration_ns"),
        timeout_ms);
  m.def("echo_throw", &ThrowText, connection, pool_id, query, py::arg("text"));
  m.def("echo_crash", &Crash, connection, pool_id, query, py::arg("kind"),
        timeout_ms);
  m.def("echo_spawn", &Spawn, connection, pool_id, query, py::arg("count"));
}

}  // namespace chi::python

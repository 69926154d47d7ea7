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

py::object None(Task& /*task*/) { return py::none(); }

std::unique_ptr<Call> Null(const ConnectionPtr& connection,
                           const PoolIdTuple& pool, const QueryTuple& query) {
  echo::Client client(ToPoolId(pool));
  const PoolQuery where = ToQuery(query);
  return StartCall<echo::NullTask>(
      connection, [&] { return client.AsyncNull(HSHM_MCTX, where); }, &None);
}

std::unique_ptr<Call> Echo(const ConnectionPtr& connection,
                           const PoolIdTuple& pool, const QueryTuple& query,
                           const std::string& text) {
  echo::Client client(ToPoolId(pool));
  const PoolQuery where = ToQuery(query);
  return StartCall<echo::EchoTask>(
      connection, [&] { return client.AsyncEcho(HSHM_MCTX, where, text); },
      [](echo::EchoTask& task) -> py::object {
        const auto& done = std::as_const(task);
        return py::make_tuple(py::bytes(done.text_.str()), done.container_id_);
      });
}

std::unique_ptr<Call> Sleep(const ConnectionPtr& connection,
                            const PoolIdTuple& pool, const QueryTuple& query,
                            u64 duration_ns) {
  echo::Client client(ToPoolId(pool));
  const PoolQuery where = ToQuery(query);
  return StartCall<echo::SleepTask>(
      connection,
      [&] { return client.AsyncSleep(HSHM_MCTX, where, duration_ns); }, &None);
}

std::unique_ptr<Call> Busy(const ConnectionPtr& connection,
                           const PoolIdTuple& pool, const QueryTuple& query,
                           u64 duration_ns) {
  echo::Client client(ToPoolId(pool));
  const PoolQuery where = ToQuery(query);
  return StartCall<echo::BusyTask>(
      connection,
      [&] { return client.AsyncBusy(HSHM_MCTX, where, duration_ns); }, &None);
}

std::unique_ptr<Call> ThrowText(const ConnectionPtr& connection,
                                const PoolIdTuple& pool,
                                const QueryTuple& query,
                                const std::string& text) {
  echo::Client client(ToPoolId(pool));
  const PoolQuery where = ToQuery(query);
  return StartCall<echo::ThrowTask>(
      connection, [&] { return client.AsyncThrow(HSHM_MCTX, where, text); },
      &None);
}

std::unique_ptr<Call> Crash(const ConnectionPtr& connection,
                            const PoolIdTuple& pool, const QueryTuple& query,
                            u32 kind) {
  echo::Client client(ToPoolId(pool));
  const PoolQuery where = ToQuery(query);
  return StartCall<echo::CrashTask>(
      connection,
      [&] {
        return client.AsyncCrash(HSHM_MCTX, where,
                                 static_cast<echo::CrashKind>(kind));
      },
      &None);
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
  m.def("echo_null", &Null, connection, pool_id, query);
  m.def("echo_echo", &Echo, connection, pool_id, query, py::arg("text"));
  m.def("echo_sleep", &Sleep, connection, pool_id, query,
        py::arg("duration_ns"));
  m.def("echo_busy", &Busy, connection, pool_id, query, py::arg("duration_ns"));
  m.def("echo_throw", &ThrowText, connection, pool_id, query, py::arg("text"));
  m.def("echo_crash", &Crash, connection, pool_id, query, py::arg("kind"));
  m.def("echo_spawn", &Spawn, connection, pool_id, query, py::arg("count"));
}

}  // namespace chi::python

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Connections, buffers, and what the admin pool answers.

#include <chimaera/admin/admin_client.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "chimaera/base/heap_accounts.h"
#include "chimaera/base/log.h"
#include "chimaera/base/log_file.h"
#include "chimaera/core/config.h"
#include "chimaera/ipc/client_core.h"
#include "chimaera/ipc/runtime_dir.h"
#include "python/array.h"
#include "python/call.h"
#include "python/pybind.h"
#include "python/query.h"

namespace chi::python {
namespace {

namespace admin = chimaera::admin;

using ConnectionPtr = std::shared_ptr<Connection>;

// ---- opening
// -----------------------------------------------------------------

// No text: the file of CHI_SERVER_CONF. A mapping of the program's own goes
// before the environment. The level of the log is `log_level` unless it is set.
ConnectionPtr Local(const std::optional<std::string>& config_text,
                    const std::string& origin, bool is_argument,
                    const std::string& log_level) {
  ConfigSources sources;
  if (config_text.has_value()) {
    sources = {*config_text, origin, is_argument, true, {}};
  } else {
    sources = ValueOf(ConfigSources::Of());
  }
  RuntimeConfig config = ValueOf(RuntimeConfig::FromSources(sources));
  if (config.places.count("logging.level") == 0) {
    config.log_level = ValueOf(ParseLogLevel(log_level));
  }
  ThrowIfError(config.ApplyLogging());
  return Connection::Open([config] {
    auto started = Chimaera::StartEmbedded(config);
    if (!started.ok()) CloseLogFile();
    return started;
  });
}

ConnectionPtr Attach(const std::string& runtime_dir, const std::string& name,
                     double timeout_s) {
  ClientConfig config;
  config.runtime_dir = runtime_dir;
  config.name = name;
  config.connect_timeout_ns = static_cast<u64>(timeout_s * 1e9);
  return Connection::Open([config] { return Chimaera::Attach(config); });
}

std::string Locate(const std::string& name) {
  return ValueOf(RuntimeDir::Locate(name));
}

// ---- admin
// -------------------------------------------------------------------

std::unique_ptr<Call> CreatePool(const ConnectionPtr& connection,
                                 const std::string& module,
                                 const std::string& name,
                                 const PoolIdTuple& pool_id, u32 num_containers,
                                 const std::string& config, u32 timeout_ms,
                                 const std::string& query) {
  PoolConfig pool;
  pool.mod_name_ = module;
  pool.pool_name_ = name;
  pool.pool_id_ = ToPoolId(pool_id);
  pool.num_containers_ = num_containers;
  pool.config_ = config;
  if (const auto where = PoolQuery::Parse(query)) pool.pool_query_ = *where;
  return StartCall<CreatePoolTask>(
      connection,
      [&pool, timeout_ms] {
        IpcManager& ipc = *CHI_IPC;
        const auto task = ipc.NewTask<CreatePoolTask>(CreateTaskId(), pool);
        task->SetTimeout(timeout_ms);
        return ipc.Submit(task);
      },
      [](CreatePoolTask& task) -> py::object {
        return py::make_tuple(FromPoolId(task.new_pool_id_),
                              task.created_ != 0);
      });
}

py::object BytesOrNone(u64 bytes) {
  if (bytes == HeapAccounts::kNotCounted) return py::none();
  return py::int_(bytes);
}

Target Admin(u32 timeout_ms) {
  return {kAdminPoolId, PoolQuery::Local(), timeout_ms};
}

std::unique_ptr<Call> DestroyPool(const ConnectionPtr& connection,
                                  const PoolIdTuple& pool_id, u32 timeout_ms) {
  return StartTask<admin::DestroyPoolTask>(
      connection, Admin(timeout_ms),
      [](admin::DestroyPoolTask& task) {
        return BytesOrNone(task.left_bytes_);
      },
      {}, ToPoolId(pool_id));
}

std::unique_ptr<Call> UnloadModule(const ConnectionPtr& connection,
                                   const std::string& module, u32 timeout_ms) {
  return StartTask<admin::UnloadModuleTask>(
      connection, Admin(timeout_ms),
      [](admin::UnloadModuleTask& task) -> py::object {
        return py::bool_(task.is_gone_ != 0);
      },
      {}, module);
}

py::object PoolRows(admin::ListPoolsTask& task) {
  const auto& done = std::as_const(task);
  const std::string names = done.names_.str();
  size_t at = 0;
  const auto next = [&names, &at](u32 size) {
    std::string text = names.substr(std::min(at, names.size()), size);
    at += size;
    return text;
  };
  py::list rows;
  for (const admin::PoolRow& row : done.pools_) {
    std::string name = next(row.name_size_);
    std::string module = next(row.module_size_);
    rows.append(py::make_tuple(
        FromPoolId(row.id_), std::move(name), std::move(module),
        row.num_containers_, PoolStateName(static_cast<PoolState>(row.state_)),
        row.held_runs_, BytesOrNone(row.heap_bytes_), row.cancelled_,
        row.expired_));
  }
  return std::move(rows);
}

std::unique_ptr<Call> ListPools(const ConnectionPtr& connection,
                                u32 timeout_ms) {
  return StartTask<admin::ListPoolsTask>(connection, Admin(timeout_ms),
                                         &PoolRows, {});
}

py::list CostRows(admin::GetStatsTask& task) {
  const auto& done = std::as_const(task);
  const std::string names = done.cost_names_.str();
  size_t at = 0;
  py::list costs;
  for (const admin::CostRow& row : done.costs_) {
    costs.append(
        py::make_tuple(FromPoolId(row.pool_id_),
                       names.substr(std::min(at, names.size()), row.name_size_),
                       row.samples_, row.base_ns_ / 1e9, row.ns_per_unit_ / 1e9,
                       row.error_ns_ / 1e9, row.is_long_ != 0, row.changes_));
    at += row.name_size_;
  }
  return costs;
}

py::object StatsRow(admin::GetStatsTask& task) {
  const auto& done = std::as_const(task);
  py::list workers;
  for (const admin::WorkerRow& row : done.workers_) {
    workers.append(py::make_tuple(
        row.tasks_, row.parks_, row.sleeps_, row.parked_, row.rings_,
        row.fibers_, WorkerKindName(WorkerKind{row.kind_}),
        row.load_permille_ / 1e3, row.busy_ns_ / 1e9, row.handed_over_,
        row.long_waiting_, row.rings_moved_, row.cancelled_, row.expired_,
        row.missed_periods_));
  }
  return py::make_tuple(done.pid_, done.uptime_ns_, done.resident_bytes_,
                        done.num_pools_, done.pools_created_,
                        done.pools_destroyed_, workers, CostRows(task));
}

std::unique_ptr<Call> GetStats(const ConnectionPtr& connection,
                               u32 timeout_ms) {
  return StartTask<admin::GetStatsTask>(connection, Admin(timeout_ms),
                                        &StatsRow, {});
}

std::unique_ptr<Call> Dump(const ConnectionPtr& connection, u64 max_tasks,
                           u32 timeout_ms) {
  return StartTask<admin::DumpTask>(
      connection, Admin(timeout_ms),
      [](admin::DumpTask& task) -> py::object {
        return py::str(std::as_const(task).json_.str());
      },
      {}, max_tasks);
}

std::unique_ptr<Call> GetMetrics(const ConnectionPtr& connection,
                                 u32 timeout_ms) {
  return StartTask<admin::GetMetricsTask>(
      connection, Admin(timeout_ms),
      [](admin::GetMetricsTask& task) -> py::object {
        return py::str(std::as_const(task).json_.str());
      },
      {});
}

std::unique_ptr<Call> SetSampling(const ConnectionPtr& connection, bool on,
                                  u32 one_in, u32 timeout_ms) {
  return StartTask<admin::SetSamplingTask>(connection, Admin(timeout_ms),
                                           &NoResult, {}, on, one_in);
}

std::unique_ptr<Call> Flush(const ConnectionPtr& connection, double wait_s,
                            u32 timeout_ms) {
  return StartTask<admin::FlushTask>(connection, Admin(timeout_ms), &NoResult,
                                     {}, static_cast<u64>(wait_s * 1e9));
}

std::unique_ptr<Call> StopRuntime(const ConnectionPtr& connection,
                                  u32 timeout_ms) {
  return StartTask<admin::StopRuntimeTask>(connection, Admin(timeout_ms),
                                           &NoResult, {});
}

// ---- classes
// -----------------------------------------------------------------

template <class Getter>
auto WhenOpen(Getter getter) {
  return [getter](Connection& connection) {
    if (connection.closed()) ThrowIfError(connection.Check());
    return getter(connection);
  };
}

void BindConnection(py::module_& m) {
  py::class_<Connection, ConnectionPtr>(m, "Connection",
                                        "The one connection of this process.")
      .def_static("local", &Local, py::arg("config_text"), py::arg("origin"),
                  py::arg("is_argument"), py::arg("log_level"),
                  "Start a runtime in this process and attach to it.")
      .def_static("attach", &Attach, py::arg("runtime_dir"), py::arg("name"),
                  py::arg("timeout_s"), "Attach to a running one.")
      .def("close", &Connection::Close, "End it; idempotent.")
      .def(
          "num_views",
          [](const Connection& c, const std::optional<PoolIdTuple>& pool_id) {
            return c.CountViews(pool_id ? ToPoolId(*pool_id) : PoolId());
          },
          py::arg("pool_id") = py::none(),
          "Living views of blocks of this pool, or of all.")
      .def("check", [](const Connection& c) { ThrowIfError(c.Check()); })
      .def_property_readonly("closed", &Connection::closed)
      .def_property_readonly("forked", &Connection::forked)
      .def_property_readonly("is_local", WhenOpen([](Connection& c) {
                               return c.chimaera().is_server();
                             }))
      .def_property_readonly("runtime_dir", WhenOpen([](Connection& c) {
                               return c.chimaera().runtime_dir();
                             }))
      .def_property_readonly("num_workers", WhenOpen([](Connection& c) {
                               return c.client().control().num_workers();
                             }))
      .def_property_readonly("session_id", WhenOpen([](Connection& c) {
                               return c.client().control().session_id();
                             }))
      .def_property_readonly(
          "incarnation", WhenOpen([](Connection& c) {
            return c.client().control().incarnation().ToString();
          }))
      .def_property_readonly("runtime_pid", WhenOpen([](Connection& c) {
                               return c.client().control().page().pid;
                             }))
      .def_property_readonly("buffer_bytes", WhenOpen([](Connection& c) {
                               c.Sweep();
                               return c.client().buffer_bytes();
                             }))
      .def_property_readonly("task_bytes", WhenOpen([](Connection& c) {
                               c.Sweep();
                               return c.client().task_bytes();
                             }))
      .def_property("task_timeout_ms", WhenOpen([](Connection& c) {
                      return c.client().default_timeout_ms();
                    }),
                    [](Connection& c, u32 timeout_ms) {
                      if (c.closed()) ThrowIfError(c.Check());
                      c.client().SetDefaultTimeout(timeout_ms);
                    })
      .def_readwrite("bytes_staged", &Connection::bytes_staged);
}

void BindBuffer(py::module_& m) {
  py::class_<Buffer, std::shared_ptr<Buffer>>(
      m, "Buffer", py::buffer_protocol(), "Memory of the client data segment.")
      .def(py::init<ConnectionPtr, u64, bool>(), py::arg("connection"),
           py::arg("size"), py::arg("for_view") = false)
      .def("__len__", &Buffer::size)
      .def_buffer([](Buffer& buffer) {
        return py::buffer_info(reinterpret_cast<u8*>(buffer.data()),
                               static_cast<py::ssize_t>(buffer.size()));
      });
}

// Python 3.11 cannot offer the buffer protocol from a Python class: this one
// offers what the method _exported() of a derived class returns.
struct Exporter {};

void BindExporter(py::module_& m) {
  py::class_<Exporter>(m, "Exporter", py::buffer_protocol(),
                       "Base of what offers the buffer of an array.")
      .def(py::init<>())
      .def_buffer([](Exporter& self) {
        const py::object object =
            py::cast(&self, py::return_value_policy::reference);
        return py::buffer(object.attr("_exported")()).request();
      });
}

}  // namespace

void BindRuntime(py::module_& m) {
  BindConnection(m);
  BindBuffer(m);
  BindExporter(m);
  const auto connection = py::arg("connection");
  const auto timeout_ms = py::arg("timeout_ms") = 0;
  m.def("close_current", &Connection::CloseCurrent,
        "Close the connection of this process, if there is one.");
  m.def("locate", &Locate, py::arg("name"),
        "The runtime directory that a name stands for.");
  m.def("create_pool", &CreatePool, connection, py::arg("module"),
        py::arg("name"), py::arg("pool_id"), py::arg("num_containers"),
        py::arg("config"), timeout_ms, py::arg("query") = "dynamic");
  m.def("destroy_pool", &DestroyPool, connection, py::arg("pool_id"),
        timeout_ms);
  m.def("unload_module", &UnloadModule, connection, py::arg("module"),
        timeout_ms);
  m.def("list_pools", &ListPools, connection, timeout_ms);
  m.def("get_stats", &GetStats, connection, timeout_ms);
  m.def("dump", &Dump, connection, py::arg("max_tasks"), timeout_ms);
  m.def("get_metrics", &GetMetrics, connection, timeout_ms);
  m.def("set_sampling", &SetSampling, connection, py::arg("on"),
        py::arg("one_in"), timeout_ms);
  m.def("flush", &Flush, connection, py::arg("wait_s"), timeout_ms);
  m.def("stop_runtime", &StopRuntime, connection, timeout_ms);
}

}  // namespace chi::python

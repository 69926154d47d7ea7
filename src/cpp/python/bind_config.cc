// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The table of settings, and configurations that no runtime is started with.

#include <chimaera/admin/admin_client.h>
#include <chimaera/admin/describe_tasks.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "chimaera/core/compose.h"
#include "chimaera/core/config.h"
#include "chimaera/core/module_config.h"
#include "chimaera/core/module_manager.h"
#include "chimaera/core/setting_table.h"
#include "python/call.h"
#include "python/pybind.h"
#include "python/query.h"

namespace chi::python {
namespace {

namespace admin = chimaera::admin;

py::list SettingRows() {
  const RuntimeConfig defaults;
  py::list rows;
  for (const Setting& setting : Settings()) {
    std::vector<std::string_view> choices;
    if (setting.choices != nullptr) choices = setting.choices();
    rows.append(py::make_tuple(
        setting.key, SettingTypeName(setting.type), setting.TextOf(defaults),
        setting.min, setting.max, setting.possible(),
        py::tuple(py::cast(choices)), setting.doc, setting.variable()));
  }
  return rows;
}

py::list ErrorRows(const std::vector<ConfigError>& errors) {
  py::list rows;
  for (const ConfigError& error : errors) {
    rows.append(
        py::make_tuple(error.origin, error.line, error.key, error.what));
  }
  return rows;
}

py::list ValueRows(const ConfigReading& reading) {
  py::list rows;
  for (const Setting& setting : Settings()) {
    const auto found = reading.config.places.find(std::string(setting.key));
    const ConfigPlace place =
        found == reading.config.places.end() ? ConfigPlace() : found->second;
    rows.append(py::make_tuple(setting.key, setting.TextOf(reading.config),
                               place.origin, place.line, place.key));
  }
  return rows;
}

// Of those that a compose entry may name.
const char* QueryWord(const PoolQuery& query) {
  if (query.IsLocalMode()) return "local";
  return query.IsBroadcastMode() ? "broadcast" : "dynamic";
}

py::tuple Read(const std::string& text, const std::string& origin,
               bool environment,
               std::vector<std::pair<std::string, std::string>> arguments) {
  const ConfigReading reading =
      ReadConfig({text, origin, false, environment, std::move(arguments)});
  py::list entries;
  for (const PoolConfig& pool : reading.config.compose) {
    entries.append(py::make_tuple(
        pool.mod_name_, pool.pool_name_, FromPoolId(pool.pool_id_),
        pool.num_containers_, QueryWord(pool.pool_query_), pool.config_));
  }
  return py::make_tuple(ValueRows(reading), ErrorRows(reading.errors), entries);
}

// ---- pools ------------------------------------------------------------------

// As a runtime with these settings would see them: modules are loaded.
py::list Check(const std::string& text, const std::string& origin) {
  ConfigReading reading = ReadConfig({text, origin, false, false, {}});
  ModuleManager modules(reading.config.module_paths);
  CheckCompose(
      reading.config.compose,
      [&modules](const PoolConfig& pool) -> Result<std::string> {
        CHI_ASSIGN_OR_RETURN(const Module* const module,
                             modules.Find(pool.mod_name_));
        return module->ReadParameters(pool);
      },
      &reading.errors);
  return ErrorRows(reading.errors);
}

std::vector<std::string> SplitAtZeros(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\0', at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

// (key, type, minimum, maximum, default) of each setting that a module reads
// from an empty entry.
py::list ModuleSettingRows(const std::string& name) {
  ModuleManager modules;
  PoolConfig pool;
  pool.mod_name_ = name;
  pool.pool_name_ = name;
  pool.config_ = "{}";
  const Module* const module = ValueOf(modules.Find(name));
  py::list rows;
  ModuleSettingRecorder recorder;
  // An entry without the keys that it needs is a mistake, but all were read.
  const Result<std::string> unused = module->ReadParameters(pool);
  static_cast<void>(unused);
  for (const ModuleSetting& each : recorder.settings) {
    rows.append(py::make_tuple(each.key, each.type, each.min, each.max,
                               each.default_text));
  }
  return rows;
}

std::string ModuleMistake(const std::string& name, const std::string& path) {
  const Status status = CheckModuleFile(name, path);
  return status.ok() ? std::string() : std::string(status.message());
}

std::unique_ptr<Call> DescribeRuntime(
    const std::shared_ptr<Connection>& connection, u32 timeout_ms) {
  return StartTask<admin::DescribeRuntimeTask>(
      connection, {kAdminPoolId, PoolQuery::Local(), timeout_ms},
      [](admin::DescribeRuntimeTask& task) -> py::object {
        const auto& done = std::as_const(task);
        return py::make_tuple(SplitAtZeros(done.settings_.str()),
                              SplitAtZeros(done.directories_.str()),
                              SplitAtZeros(done.modules_.str()),
                              done.log_file_.str());
      },
      {});
}

std::unique_ptr<Call> CheckInRuntime(
    const std::shared_ptr<Connection>& connection, const std::string& text,
    const std::string& origin, u32 timeout_ms) {
  return StartTask<admin::CheckComposeTask>(
      connection, {kAdminPoolId, PoolQuery::Local(), timeout_ms},
      [](admin::CheckComposeTask& task) -> py::object {
        const auto& done = std::as_const(task);
        return py::make_tuple(done.errors_.str(),
                              SplitAtZeros(done.settings_.str()));
      },
      {}, text, origin);
}

std::unique_ptr<Call> DescribePool(
    const std::shared_ptr<Connection>& connection, const PoolIdTuple& pool_id,
    u32 timeout_ms) {
  return StartTask<admin::DescribePoolTask>(
      connection, {kAdminPoolId, PoolQuery::Local(), timeout_ms},
      [](admin::DescribePoolTask& task) -> py::object {
        const auto& done = std::as_const(task);
        return py::make_tuple(done.config_.str(), done.settings_.str(),
                              done.serial_, done.num_containers_);
      },
      {}, ToPoolId(pool_id));
}

using EntryTuple =
    std::tuple<std::string, std::string, PoolIdTuple, u32, std::string>;

std::string Write(const std::vector<EntryTuple>& entries) {
  std::vector<PoolConfig> compose;
  for (const auto& [module, name, id, num_containers, config] : entries) {
    PoolConfig pool;
    pool.mod_name_ = module;
    pool.pool_name_ = name;
    pool.pool_id_ = ToPoolId(id);
    pool.num_containers_ = num_containers;
    pool.config_ = config;
    compose.push_back(std::move(pool));
  }
  return ValueOf(WriteCompose(compose));
}

}  // namespace

void BindConfig(py::module_& m) {
  m.def("settings", &SettingRows);
  m.def("read_config", &Read, py::arg("text"), py::arg("origin"),
        py::arg("environment"), py::arg("arguments"));
  m.def("check_config", &Check, py::arg("text"), py::arg("origin"));
  m.def("check_compose", &CheckInRuntime, py::arg("connection"),
        py::arg("text"), py::arg("origin"), py::arg("timeout_ms") = 0);
  m.def("describe_pool", &DescribePool, py::arg("connection"),
        py::arg("pool_id"), py::arg("timeout_ms") = 0);
  m.def("write_compose", &Write, py::arg("entries"));
  m.def("describe_runtime", &DescribeRuntime, py::arg("connection"),
        py::arg("timeout_ms") = 0);
  m.def("module_settings", &ModuleSettingRows, py::arg("module"));
  m.def("module_mistake", &ModuleMistake, py::arg("module"), py::arg("path"));
}

}  // namespace chi::python

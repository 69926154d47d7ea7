// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the runtime was told: for `chimaera config show` and `chimaera modules`.

#include <string>

#include "chimaera/admin/admin_runtime.h"
#include "chimaera/admin/route_here.h"
#include "chimaera/core/module_manager.h"
#include "chimaera/core/setting_table.h"

namespace chimaera::admin {
namespace {

void Add(const std::string& text, std::string* list) { *list += text + '\0'; }

std::string SettingRows(const chi::RuntimeConfig& config) {
  std::string rows;
  for (const chi::Setting& setting : chi::Settings()) {
    const auto found = config.places.find(std::string(setting.key));
    const chi::ConfigPlace place =
        found == config.places.end() ? chi::ConfigPlace() : found->second;
    Add(std::string(setting.key), &rows);
    Add(setting.TextOf(config), &rows);
    Add(place.origin, &rows);
    Add(std::to_string(place.line), &rows);
    Add(place.key, &rows);
  }
  return rows;
}

}  // namespace

void Runtime::DescribeRuntime(hipc::FullPtr<DescribeRuntimeTask> task,
                              chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  chi::Chimaera& runtime = chi::Chimaera::Get();
  task->settings_ = SettingRows(runtime.config());
  std::string directories;
  for (const std::string& each : runtime.modules().directories()) {
    Add(each, &directories);
  }
  task->directories_ = directories;
  std::string modules;
  for (const chi::Module* module : runtime.modules().List()) {
    Add(module->name(), &modules);
    Add(module->path(), &modules);
  }
  task->modules_ = modules;
  task->log_file_ = runtime.config().log_file;
}

}  // namespace chimaera::admin

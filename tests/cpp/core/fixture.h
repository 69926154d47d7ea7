// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the tests of modules and pools share: a manager that finds the test
// modules, and a context to call from.

#ifndef CHIMAERA_TESTS_CORE_FIXTURE_H_
#define CHIMAERA_TESTS_CORE_FIXTURE_H_

#include <string>
#include <utility>

#include "chimaera/core/module_manager.h"
#include "chimaera/core/pool_manager.h"
#include "core/probe.h"

namespace chi::test {

inline PoolRequest Request(const std::string& module, const std::string& name,
                           PoolId id, u32 num_containers = 1) {
  PoolRequest request;
  request.mod_name = module;
  request.pool_name = name;
  request.pool_id = id;
  request.num_containers = num_containers;
  return request;
}

inline hipc::FullPtr<Task> TaskPtr(ProbeTask& task) {
  return hipc::FullPtr<Task>(&task);
}

/// Pools without workers; whoever has some hands in how they are waited for.
struct Pools {
  explicit Pools(PoolManagerOptions options = {}, NodeSet nodes = {})
      : modules({CORE_TEST_MODULE_DIR}),
        manager(modules, std::move(nodes), std::move(options)) {}

  Result<PoolId> Create(const PoolRequest& request,
                        ProbeAct act = ProbeAct::kWork, ContainerId at = 0) {
    ProbeTask task(&log, act, at);
    RunContext ctx;
    return manager.GetOrCreate(request, TaskPtr(task), ctx);
  }
  Status Destroy(PoolId id, ProbeAct act = ProbeAct::kWork,
                 ContainerId at = 0) {
    ProbeTask task(&log, act, at);
    RunContext ctx;
    return manager.Destroy(id, TaskPtr(task), ctx);
  }

  ProbeLog log;  // outlives the containers
  ModuleManager modules;
  PoolManager manager;
};

}  // namespace chi::test

#endif  // CHIMAERA_TESTS_CORE_FIXTURE_H_

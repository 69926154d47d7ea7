// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A pool of the module in fan_tasks.h, as a client sees it.

#ifndef CHIMAERA_TESTS_RUNTIME_FAN_POOL_H_
#define CHIMAERA_TESTS_RUNTIME_FAN_POOL_H_

#include "chimaera/chimaera.h"
#include "chimaera/core/config.h"
#include "chimaera/core/create_pool_task.h"
#include "runtime/fan_tasks.h"
#include "support/catch.h"

namespace chi::test {

struct FanPool {
  static constexpr PoolId kId{700, 0};

  void Create(u32 num_containers, const char* pool_name = "fan") {
    PoolConfig config;
    config.mod_name_ = "fan";
    config.pool_name_ = pool_name;
    config.pool_id_ = kId;
    config.pool_query_ = PoolQuery::Dynamic();
    config.num_containers_ = num_containers;
    auto* ipc = CHI_IPC;
    auto made =
        ipc->Submit(ipc->NewTask<CreatePoolTask>(CreateTaskId(), config));
    const Status status = made.Get();
    INFO(status);
    REQUIRE(status.ok());
  }

  template <class TaskT, class... Args>
  Future<TaskT> Call(const PoolQuery& query, Args... args) {
    auto* ipc = CHI_IPC;
    return ipc->Submit(
        ipc->NewTask<TaskT>(CreateTaskId(), kId, query, args...));
  }
  Future<fan::WorkTask> Work(const PoolQuery& query, fan::Act act,
                             u64 value = 0) {
    return Call<fan::WorkTask>(query, act, value);
  }
};

}  // namespace chi::test

#endif  // CHIMAERA_TESTS_RUNTIME_FAN_POOL_H_

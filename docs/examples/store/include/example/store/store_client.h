// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Client of module store: one call for all methods.

#ifndef EXAMPLE_STORE_STORE_CLIENT_H_
#define EXAMPLE_STORE_STORE_CLIENT_H_

#include <chimaera/admin/outcome.h>
#include <chimaera/chimaera.h>
#include <example/store/store_tasks.h>

#include <string>

namespace example::store {

class Client : public chi::ContainerClient {
 public:
  Client() = default;
  explicit Client(const chi::PoolId& pool_id) { Init(pool_id); }

  chimaera::Outcome Create(const hipc::MemContext& /*mctx*/,
                           const chi::PoolQuery& pool_query,
                           const std::string& pool_name,
                           const chi::PoolId& custom_pool_id,
                           chi::u32 num_containers = 1) {
    auto* ipc_manager = CHI_IPC;
    auto task = ipc_manager->NewTask<CreateTask>(
        chi::CreateTaskId(), chi::kAdminPoolId, pool_query,
        CreateParams::chimod_lib_name, pool_name, custom_pool_id);
    task->num_containers_ = num_containers;
    auto future = ipc_manager->Submit(task);
    const chi::Status status = future.Get();
    if (status.ok()) pool_id_ = future->new_pool_id_;
    return status;
  }

  template <class TaskT, class... Args>
  chi::Future<TaskT> Async(const chi::PoolQuery& pool_query, Args... args) {
    auto* ipc_manager = CHI_IPC;
    return ipc_manager->Submit(ipc_manager->NewTask<TaskT>(
        chi::CreateTaskId(), pool_id_, pool_query, args...));
  }
};

}  // namespace example::store

#endif  // EXAMPLE_STORE_STORE_CLIENT_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The client in the module guide's style: Async calls give a FullPtr, the
// others wait, and DelTask frees.

#ifndef EXTERNAL_GUIDE_GUIDE_CLIENT_H_
#define EXTERNAL_GUIDE_GUIDE_CLIENT_H_

#include <chimaera/chimaera.h>
#include <external/guide/guide_tasks.h>

#include <string>

namespace external::guide {

class Client : public chi::ContainerClient {
 public:
  Client() = default;
  explicit Client(const chi::PoolId& pool_id) { Init(pool_id); }

  void Create(const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
              const std::string& pool_name, const chi::PoolId& custom_pool_id,
              const CreateParams& params = CreateParams()) {
    auto task =
        AsyncCreate(mctx, pool_query, pool_name, custom_pool_id, params);
    task->Wait();
    pool_id_ = task->new_pool_id_;
    CHI_IPC->DelTask(task);
  }

  hipc::FullPtr<CreateTask> AsyncCreate(
      const hipc::MemContext& /*mctx*/, const chi::PoolQuery& pool_query,
      const std::string& pool_name, const chi::PoolId& custom_pool_id,
      const CreateParams& params = CreateParams()) {
    auto* ipc_manager = CHI_IPC;
    auto task = ipc_manager->NewTask<CreateTask>(
        chi::CreateTaskId(), chi::kAdminPoolId, pool_query,
        CreateParams::chimod_lib_name, pool_name, custom_pool_id, params);
    ipc_manager->Enqueue(task);
    return task;
  }

  template <class TaskT, class... Args>
  hipc::FullPtr<TaskT> Async(const hipc::MemContext& /*mctx*/,
                             const chi::PoolQuery& pool_query, Args... args) {
    auto* ipc_manager = CHI_IPC;
    auto task = ipc_manager->NewTask<TaskT>(chi::CreateTaskId(), pool_id_,
                                            pool_query, args...);
    ipc_manager->Enqueue(task, chi::kHighPriority);
    return task;
  }
};

}  // namespace external::guide

#endif  // EXTERNAL_GUIDE_GUIDE_CLIENT_H_

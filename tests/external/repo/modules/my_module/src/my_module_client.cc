// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The calls that do not wait.

#include <myproject/my_module/my_module_client.h>

#if !MY_MODULE_CLIENT || !MY_MODULE_TARGET_WAS_FOUND
#error "add_chimod_client has lost a definition"
#endif
#ifdef CHIMAERA_RUNTIME
#error "CHIMAERA_RUNTIME is for the runtime library"
#endif

namespace myproject::my_module {

hipc::FullPtr<CreateTask> Client::AsyncCreate(const hipc::MemContext& /*mctx*/,
                                              const chi::PoolQuery& pool_query,
                                              const std::string& pool_name,
                                              const CreateParams& params) {
  auto* ipc_manager = CHI_IPC;
  auto task = ipc_manager->NewTask<CreateTask>(
      chi::CreateTaskId(), chi::kAdminPoolId, pool_query,
      CreateParams::chimod_lib_name, pool_name, pool_id_, params);
  ipc_manager->Enqueue(task);
  return task;
}

hipc::FullPtr<CustomTask> Client::AsyncCustom(const hipc::MemContext& /*mctx*/,
                                              const chi::PoolQuery& pool_query,
                                              const std::string& data,
                                              chi::u32 operation_id) {
  auto* ipc_manager = CHI_IPC;
  auto task = ipc_manager->NewTask<CustomTask>(chi::CreateTaskId(), pool_id_,
                                               pool_query, data, operation_id);
  ipc_manager->Enqueue(task);
  return task;
}

}  // namespace myproject::my_module

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The client of the module guide's example: each call in two forms.

#ifndef MYPROJECT_MY_MODULE_MY_MODULE_CLIENT_H_
#define MYPROJECT_MY_MODULE_MY_MODULE_CLIENT_H_

#include <chimaera/chimaera.h>
#include <myproject/my_module/my_module_tasks.h>

#include <string>

namespace myproject::my_module {

class Client : public chi::ContainerClient {
 public:
  Client() = default;
  explicit Client(const chi::PoolId& pool_id) { Init(pool_id); }

  void Create(const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
              const std::string& pool_name,
              const CreateParams& params = CreateParams()) {
    auto task = AsyncCreate(mctx, pool_query, pool_name, params);
    task->Wait();
    pool_id_ = task->new_pool_id_;
    CHI_IPC->DelTask(task);
  }

  hipc::FullPtr<CreateTask> AsyncCreate(
      const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
      const std::string& pool_name,
      const CreateParams& params = CreateParams());

  /// The processed text, and the result code.
  std::string Custom(const hipc::MemContext& mctx,
                     const chi::PoolQuery& pool_query, const std::string& data,
                     chi::u32 operation_id, chi::u32& result_code) {
    auto task = AsyncCustom(mctx, pool_query, data, operation_id);
    task->Wait();
    std::string result = task->data_.str();
    result_code = task->result_code_;
    CHI_IPC->DelTask(task);
    return result;
  }

  hipc::FullPtr<CustomTask> AsyncCustom(const hipc::MemContext& mctx,
                                        const chi::PoolQuery& pool_query,
                                        const std::string& data,
                                        chi::u32 operation_id);
};

}  // namespace myproject::my_module

#endif  // MYPROJECT_MY_MODULE_MY_MODULE_CLIENT_H_

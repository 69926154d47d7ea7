// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The container of the module guide's example.

#ifndef MYPROJECT_MY_MODULE_MY_MODULE_RUNTIME_H_
#define MYPROJECT_MY_MODULE_MY_MODULE_RUNTIME_H_

#include <chimaera/chimaera.h>
#include <myproject/my_module/my_module_client.h>
#include <myproject/my_module/my_module_tasks.h>

#include <string>

namespace myproject::my_module {

class Runtime : public chi::Container {
 public:
  using CreateParams = myproject::my_module::CreateParams;

  Runtime() = default;
  ~Runtime() override = default;

  void Init(const chi::PoolId& pool_id, const std::string& pool_name) override {
    chi::Container::Init(pool_id, pool_name);
    client_ = Client(pool_id);
  }

  void Create(hipc::FullPtr<CreateTask> task, chi::RunContext& ctx);
  void Destroy(hipc::FullPtr<DestroyTask> task, chi::RunContext& ctx);
  void Custom(hipc::FullPtr<CustomTask> task, chi::RunContext& ctx);

 private:
  std::string ProcessData(const std::string& input, chi::u32 op_id) const;

  Client client_;
  CreateParams params_;
};

}  // namespace myproject::my_module

#endif  // MYPROJECT_MY_MODULE_MY_MODULE_RUNTIME_H_

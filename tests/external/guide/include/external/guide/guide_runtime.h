// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A container in the module guide's style; its methods are in guide.cc.

#ifndef EXTERNAL_GUIDE_GUIDE_RUNTIME_H_
#define EXTERNAL_GUIDE_GUIDE_RUNTIME_H_

#include <chimaera/chimaera.h>
#include <chimaera/types.h>
#include <chimaera/unordered_map_ll.h>
#include <external/guide/guide_client.h>
#include <external/guide/guide_tasks.h>

#include <string>

namespace external::guide {

class Runtime : public chi::Container {
 public:
  using CreateParams = external::guide::CreateParams;

  Runtime() = default;
  ~Runtime() override = default;

  void Init(const chi::PoolId& pool_id, const std::string& pool_name) override {
    chi::Container::Init(pool_id, pool_name);
    client_ = Client(pool_id);
  }

  void Create(hipc::FullPtr<CreateTask> task, chi::RunContext& rctx);
  void Destroy(hipc::FullPtr<DestroyTask> task, chi::RunContext& rctx);
  void Custom(hipc::FullPtr<CustomTask> task, chi::RunContext& rctx);
  void Raw(hipc::FullPtr<RawTask> task, chi::RunContext& rctx);
  void Transfer(hipc::FullPtr<TransferTask> task, chi::RunContext& rctx);
  void Count(hipc::FullPtr<CountTask> task, chi::RunContext& rctx);

  void Monitor(chi::MonitorModeId mode, chi::u32 method,
               hipc::FullPtr<chi::Task> task, chi::RunContext& rctx) override {
    chi::Container::Monitor(mode, method, task, rctx);
  }

 private:
  static std::string ProcessData(const std::string& input, chi::u32 op_id) {
    return input + "_processed" + std::to_string(op_id);
  }

  Client client_;
  CreateParams params_;
  chi::hash_map<chi::u32, std::string> names_;
  // One container's, and only one worker's at a time: Count does not park
  // between reading and writing them.
  chi::unordered_map_ll<chi::u32, chi::u64> counts_{32};
};

}  // namespace external::guide

#endif  // EXTERNAL_GUIDE_GUIDE_RUNTIME_H_

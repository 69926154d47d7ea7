// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Parameters and tasks of the module guide's example.

#ifndef MYPROJECT_MY_MODULE_MY_MODULE_TASKS_H_
#define MYPROJECT_MY_MODULE_MY_MODULE_TASKS_H_

#include <chimaera/admin/admin_tasks.h>
#include <chimaera/chimaera.h>
#include <chimaera/config_manager.h>
#include <myproject/my_module/autogen/my_module_methods.h>
#include <yaml-cpp/yaml.h>

#include <string>

namespace myproject::my_module {

struct CreateParams {
  std::string config_data_;
  chi::u32 worker_count_;

  static constexpr const char* chimod_lib_name = "myproject_my_module";

  CreateParams(const std::string& config_data = "", chi::u32 worker_count = 1)
      : config_data_(config_data), worker_count_(worker_count) {}

  template <class Archive>
  void serialize(Archive& ar) {
    ar(config_data_, worker_count_);
  }

  void LoadConfig(const chi::PoolConfig& pool_config) {
    YAML::Node config = YAML::Load(pool_config.config_);
    if (config["config_data"]) {
      config_data_ = config["config_data"].as<std::string>();
    }
    if (config["worker_count"]) {
      worker_count_ = config["worker_count"].as<chi::u32>();
    }
  }
};

using CreateTask = chimaera::admin::GetOrCreatePoolTask<CreateParams>;
using DestroyTask = chimaera::admin::DestroyTask;

struct CustomTask : public chi::Task {
  INOUT chi::string data_;
  IN chi::u32 operation_id_;
  OUT chi::u32 result_code_;

  explicit CustomTask(const hipc::CtxAllocator<CHI_MAIN_ALLOC_T>& alloc)
      : chi::Task(alloc), data_(alloc), operation_id_(0), result_code_(0) {}

  explicit CustomTask(const hipc::CtxAllocator<CHI_MAIN_ALLOC_T>& alloc,
                      const chi::TaskId& task_id, const chi::PoolId& pool_id,
                      const chi::PoolQuery& pool_query, const std::string& data,
                      chi::u32 operation_id)
      : chi::Task(alloc, task_id, pool_id, pool_query, 10),
        data_(alloc, data),
        operation_id_(operation_id),
        result_code_(0) {
    task_id_ = task_id;
    pool_id_ = pool_id;
    method_ = Method::kCustom;
    task_flags_.Clear();
    pool_query_ = pool_query;
  }

  template <typename Archive>
  void SerializeIn(Archive& ar) {
    ar(data_, operation_id_);
  }
  template <typename Archive>
  void SerializeOut(Archive& ar) {
    ar(data_, result_code_);
  }
};

}  // namespace myproject::my_module

#endif  // MYPROJECT_MY_MODULE_MY_MODULE_TASKS_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The request for a pool: what module admin's GetOrCreatePool takes, and what
// the Create of every module is run on. It is here, and not in the module, so
// that the runtime can ask for the pools of its configuration.

#ifndef CHIMAERA_CORE_CREATE_POOL_TASK_H_
#define CHIMAERA_CORE_CREATE_POOL_TASK_H_

#include <string_view>

#include "chimaera/base/types.h"
#include "chimaera/core/config.h"
#include "chimaera/ipc/ids.h"
#include "chimaera/ipc/pool_query.h"
#include "chimaera/ipc/task.h"
#include "chimaera/shm/hipc.h"

namespace chi {

/// Module admin's method for it. Frozen.
inline constexpr MethodId kGetOrCreatePoolMethod = 10;

/// What CreatePoolTask::chimod_params_ holds. Frozen.
enum class ParamsFormat : u32 {
  kBinary = 0,  ///< The module's CreateParams, in cereal's binary format.
  kYaml = 1,    ///< A compose entry, for CreateParams::LoadConfig.
};

struct CreatePoolTask : public Task {
  INOUT string chimod_name_;    ///< The module: "chimaera_bdev".
  IN string pool_name_;         ///< Unique in the runtime.
  INOUT string chimod_params_;  ///< See params_format_.
  IN PoolId target_pool_id_;    ///< The id wanted; never null.
  IN u32 num_containers_ = 1;   ///< On each node.
  IN u32 params_format_ = 0;    ///< A ParamsFormat.
  OUT PoolId new_pool_id_;      ///< The pool's id; null if there is none.
  OUT u32 result_code_ = 0;     ///< As return_code_.
  OUT string error_message_;    ///< The whole text of an error.
  OUT u32 created_ = 0;         ///< 1: it was not there before.
  TEMP bool is_admin_ = false;  ///< A request to the admin container itself.

  explicit CreatePoolTask(const hipc::CtxAllocator<CHI_MAIN_ALLOC_T>& alloc)
      : Task(alloc),
        chimod_name_(alloc),
        pool_name_(alloc),
        chimod_params_(alloc),
        error_message_(alloc) {}

  CreatePoolTask(const hipc::CtxAllocator<CHI_MAIN_ALLOC_T>& alloc,
                 const TaskId& task_id, const PoolId& pool_id,
                 const PoolQuery& pool_query, std::string_view chimod_name,
                 std::string_view pool_name, const PoolId& target_pool_id)
      : Task(alloc, task_id, pool_id, pool_query, kGetOrCreatePoolMethod),
        chimod_name_(alloc, chimod_name),
        pool_name_(alloc, pool_name),
        chimod_params_(alloc),
        target_pool_id_(target_pool_id),
        error_message_(alloc) {}

  /// The request of a compose entry.
  CreatePoolTask(const hipc::CtxAllocator<CHI_MAIN_ALLOC_T>& alloc,
                 const TaskId& task_id, const PoolConfig& config)
      : CreatePoolTask(alloc, task_id, kAdminPoolId, config.pool_query_,
                       config.mod_name_, config.pool_name_, config.pool_id_) {
    chimod_params_ = config.config_;
    params_format_ = static_cast<u32>(ParamsFormat::kYaml);
    num_containers_ = config.num_containers_;
  }

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(chimod_name_, pool_name_, chimod_params_, target_pool_id_,
       num_containers_, params_format_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(new_pool_id_, result_code_, error_message_, created_);
  }

  bool IsYaml() const {
    return params_format_ == static_cast<u32>(ParamsFormat::kYaml);
  }

  /// The compose entry again. REQUIRES: IsYaml().
  PoolConfig ToPoolConfig() const {
    PoolConfig config;
    config.mod_name_ = chimod_name_.str();
    config.pool_name_ = pool_name_.str();
    config.pool_id_ = target_pool_id_;
    config.num_containers_ = num_containers_;
    config.config_ = chimod_params_.str();
    return config;
  }
};

}  // namespace chi

#endif  // CHIMAERA_CORE_CREATE_POOL_TASK_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Tasks in the module guide's style: parameters that read their own YAML, tasks
// written by hand, with and without serialisers.

#ifndef EXTERNAL_GUIDE_GUIDE_TASKS_H_
#define EXTERNAL_GUIDE_GUIDE_TASKS_H_

#include <chimaera/admin/admin_tasks.h>
#include <chimaera/chimaera.h>
#include <chimaera/config_manager.h>
#include <external/guide/autogen/guide_methods.h>
#include <yaml-cpp/yaml.h>

#include <string>

namespace external::guide {

struct CreateParams {
  std::string config_data_;
  chi::u32 worker_count_;
  chi::u64 total_size_ = 0;

  static constexpr const char* chimod_lib_name = "external_guide";

  CreateParams(const std::string& config_data = "", chi::u32 worker_count = 1)
      : config_data_(config_data), worker_count_(worker_count) {}

  template <class Archive>
  void serialize(Archive& ar) {
    ar(config_data_, worker_count_, total_size_);
  }

  void LoadConfig(const chi::PoolConfig& pool_config) {
    YAML::Node config = YAML::Load(pool_config.config_);
    if (config["config_data"]) {
      config_data_ = config["config_data"].as<std::string>();
    }
    if (config["worker_count"]) {
      worker_count_ = config["worker_count"].as<chi::u32>();
    }
    if (config["capacity"]) {
      std::string capacity_str = config["capacity"].as<std::string>();
      total_size_ = hshm::ConfigParse::ParseSize(capacity_str);
    }
  }
};

using CreateTask = chimaera::admin::GetOrCreatePoolTask<CreateParams>;
using DestroyTask = chimaera::admin::DestroyTask;

// The guide's first example, with serialisers.
struct CustomTask : public chi::Task {
  INOUT chi::string data_;
  IN chi::u32 operation_id_;
  INOUT chi::ipc::vector<chi::u64> timestamps_;
  OUT chi::u32 result_code_;

  explicit CustomTask(const hipc::CtxAllocator<CHI_MAIN_ALLOC_T>& alloc)
      : chi::Task(alloc),
        data_(alloc),
        operation_id_(0),
        timestamps_(alloc),
        result_code_(0) {}

  explicit CustomTask(const hipc::CtxAllocator<CHI_MAIN_ALLOC_T>& alloc,
                      const chi::TaskId& task_id, const chi::PoolId& pool_id,
                      const chi::PoolQuery& pool_query, const std::string& data,
                      chi::u32 operation_id)
      : chi::Task(alloc, task_id, pool_id, pool_query, 10),
        data_(alloc, data),
        operation_id_(operation_id),
        timestamps_(alloc),
        result_code_(0) {
    task_id_ = task_id;
    pool_id_ = pool_id;
    method_ = Method::kCustom;
    task_flags_.Clear();
    pool_query_ = pool_query;
  }

  template <typename Archive>
  void SerializeIn(Archive& ar) {
    ar(data_, operation_id_, timestamps_);
  }
  template <typename Archive>
  void SerializeOut(Archive& ar) {
    ar(data_, timestamps_, result_code_);
  }
};

// The same without serialisers: the method works where the task lies.
struct RawTask : public chi::Task {
  INOUT hipc::string data_;
  IN chi::u32 operation_id_;
  OUT chi::u32 result_code_;

  explicit RawTask(const hipc::CtxAllocator<CHI_MAIN_ALLOC_T>& alloc)
      : chi::Task(alloc), data_(alloc), operation_id_(0), result_code_(0) {}

  explicit RawTask(const hipc::CtxAllocator<CHI_MAIN_ALLOC_T>& alloc,
                   const chi::TaskId& task_id, const chi::PoolId& pool_id,
                   const chi::PoolQuery& pool_query, const std::string& data,
                   chi::u32 operation_id)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kRaw),
        data_(alloc, data),
        operation_id_(operation_id),
        result_code_(0) {}
};

// Bulk data that the method turns over in place.
struct TransferTask : public chi::Task {
  IN hipc::Pointer data_;
  IN size_t length_;
  OUT chi::u64 bytes_written_;

  explicit TransferTask(const hipc::CtxAllocator<CHI_MAIN_ALLOC_T>& alloc)
      : chi::Task(alloc), length_(0), bytes_written_(0) {}

  explicit TransferTask(const hipc::CtxAllocator<CHI_MAIN_ALLOC_T>& alloc,
                        const chi::TaskId& task_id, const chi::PoolId& pool_id,
                        const chi::PoolQuery& pool_query, hipc::Pointer data,
                        size_t length)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kTransfer),
        data_(data),
        length_(length),
        bytes_written_(0) {}

  template <typename Archive>
  void SerializeIn(Archive& ar) {
    ar(data_, length_);
    ar.bulk(data_, length_, BULK_XFER);
  }
  template <typename Archive>
  void SerializeOut(Archive& ar) {
    ar(bytes_written_);
    ar.bulk(data_, length_, BULK_EXPOSE);
  }
};

// Counts calls by key; asks itself once more as a subtask.
struct CountTask : public chi::Task {
  IN chi::u32 key_;
  IN chi::u32 depth_;
  OUT chi::u64 count_;

  explicit CountTask(const hipc::CtxAllocator<CHI_MAIN_ALLOC_T>& alloc)
      : chi::Task(alloc), key_(0), depth_(0), count_(0) {}

  explicit CountTask(const hipc::CtxAllocator<CHI_MAIN_ALLOC_T>& alloc,
                     const chi::TaskId& task_id, const chi::PoolId& pool_id,
                     const chi::PoolQuery& pool_query, chi::u32 key,
                     chi::u32 depth)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kCount),
        key_(key),
        depth_(depth),
        count_(0) {}

  template <typename Archive>
  void SerializeIn(Archive& ar) {
    ar(key_, depth_);
  }
  template <typename Archive>
  void SerializeOut(Archive& ar) {
    ar(count_);
  }
};

}  // namespace external::guide

#endif  // EXTERNAL_GUIDE_GUIDE_TASKS_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The tasks of module admin, and the request for a pool from which every
// module derives its own CreateTask.

#ifndef CHIMAERA_ADMIN_ADMIN_TASKS_H_
#define CHIMAERA_ADMIN_ADMIN_TASKS_H_

#include <chimaera/admin/autogen/admin_methods.h>
#include <chimaera/admin/params_archive.h>
#include <chimaera/chimaera.h>
#include <chimaera/core/create_pool_task.h>

#include <string_view>
#include <type_traits>
#include <utility>

namespace chimaera::admin {

static_assert(Method::kGetOrCreatePool == chi::kGetOrCreatePoolMethod);

using AllocT = hipc::CtxAllocator<CHI_MAIN_ALLOC_T>;

/// The admin pool has no settings.
struct CreateParams {
  static constexpr const char* chimod_lib_name = "chimaera_admin";

  template <class Archive>
  void serialize(Archive& /*ar*/) {}
  void LoadConfig(const chi::PoolConfig& /*config*/) {}
};

/// A request for a pool whose module takes `CreateParamsT`. All of them have
/// one layout, so that admin need not know the module.
template <typename CreateParamsT, chi::u32 MethodId = Method::kGetOrCreatePool,
          bool IS_ADMIN = false>
struct BaseCreateTask : public chi::CreatePoolTask {
  explicit BaseCreateTask(const AllocT& alloc) : chi::CreatePoolTask(alloc) {
    is_admin_ = IS_ADMIN;
  }

  /// `args`: the id of the pool, then a CreateParamsT or what its constructor
  /// takes. Without an id the runtime refuses the request.
  template <class... Args>
  BaseCreateTask(const AllocT& alloc, const chi::TaskId& task_id,
                 const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
                 std::string_view chimod_name, std::string_view pool_name,
                 Args&&... args)
      : chi::CreatePoolTask(alloc, task_id, pool_id, pool_query, chimod_name,
                            pool_name, chi::PoolId()) {
    method_ = MethodId;
    is_admin_ = IS_ADMIN;
    SetIdAndParams(alloc, std::forward<Args>(args)...);
  }

  /// Stores a CreateParamsT made from `args`: as YAML, which the runtime can
  /// show and export, if it has ToConfig (core/config.h).
  template <class... Args>
  void SetParams(const AllocT& /*alloc*/, Args&&... args) {
    const CreateParamsT params(std::forward<Args>(args)...);
    chi::ParamsFormat format = chi::ParamsFormat::kBinary;
    if constexpr (chi::internal::HasToConfig<CreateParamsT>::value) {
      chimod_params_ = params.ToConfig();
      format = chi::ParamsFormat::kYaml;
    } else {
      chimod_params_ = WriteParams(params);
    }
    params_format_ = static_cast<chi::u32>(format);
  }

  /// What the module's Create works with: parameters that were set, the
  /// compose entry that LoadConfig has read, or the defaults if there are
  /// neither. Throws StatusError(kBadRequest) if they make no sense.
  CreateParamsT GetParams(const AllocT& /*alloc*/ = AllocT()) const {
    CreateParamsT params;
    if (IsYaml()) {
      params.LoadConfig(ToPoolConfig());
    } else if (!chimod_params_.empty()) {
      ReadParams(chimod_params_.view(), &params);
    }
    return params;
  }

 private:
  void SetIdAndParams(const AllocT& alloc) { SetParams(alloc); }
  template <class First, class... Rest>
  void SetIdAndParams(const AllocT& alloc, First&& first, Rest&&... rest) {
    if constexpr (std::is_same_v<std::decay_t<First>, chi::PoolId>) {
      target_pool_id_ = first;
      SetParams(alloc, std::forward<Rest>(rest)...);
    } else {
      SetParams(alloc, std::forward<First>(first), std::forward<Rest>(rest)...);
    }
  }
};

/// What modules name their CreateTask.
template <typename CreateParamsT>
using GetOrCreatePoolTask =
    BaseCreateTask<CreateParamsT, Method::kGetOrCreatePool, false>;

using CreateTask = BaseCreateTask<CreateParams, Method::kCreate, true>;

/// What a module's Destroy is run on: somebody's request to the admin pool.
struct DestroyTask : public chi::Task {
  explicit DestroyTask(const AllocT& alloc) : chi::Task(alloc) {}

  template <class Archive>
  void SerializeIn(Archive& /*ar*/) {}
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}
};

struct DestroyPoolTask : public chi::Task {
  IN chi::PoolId target_pool_id_;
  /// What it had allocated and nobody has freed; chi::HeapAccounts::kNotCounted
  /// if the runtime does not know.
  OUT chi::u64 left_bytes_ = 0;

  explicit DestroyPoolTask(const AllocT& alloc) : chi::Task(alloc) {}
  DestroyPoolTask(const AllocT& alloc, const chi::TaskId& task_id,
                  const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
                  const chi::PoolId& target_pool_id)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kDestroyPool),
        target_pool_id_(target_pool_id) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(target_pool_id_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(left_bytes_);
  }
};

/// See Client::UnloadModule.
struct UnloadModuleTask : public chi::Task {
  IN chi::string module_;
  OUT chi::u32 is_gone_ = 0;  ///< 1: its code is out of memory.

  explicit UnloadModuleTask(const AllocT& alloc)
      : chi::Task(alloc), module_(alloc) {}
  UnloadModuleTask(const AllocT& alloc, const chi::TaskId& task_id,
                   const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
                   std::string_view module)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kUnloadModule),
        module_(alloc, module) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(module_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(is_gone_);
  }
};

/// See Client::CheckCompose.
struct CheckComposeTask : public chi::Task {
  IN chi::string text_;    ///< Of a configuration file.
  IN chi::string origin_;  ///< Its path, for messages.
  OUT chi::string errors_;
  /// For each pool what chi::Module::ReadParameters gives, and a zero byte.
  OUT chi::string settings_;

  explicit CheckComposeTask(const AllocT& alloc)
      : chi::Task(alloc),
        text_(alloc),
        origin_(alloc),
        errors_(alloc),
        settings_(alloc) {}
  CheckComposeTask(const AllocT& alloc, const chi::TaskId& task_id,
                   const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
                   std::string_view text, std::string_view origin)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kCheckCompose),
        text_(alloc, text),
        origin_(alloc, origin),
        errors_(alloc),
        settings_(alloc) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(text_, origin_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(errors_, settings_);
  }
};

/// What a pool was made with; kNotFound if there is none.
struct DescribePoolTask : public chi::Task {
  IN chi::PoolId target_pool_id_;
  OUT chi::string config_;    ///< As in chi::PoolRequest.
  OUT chi::string settings_;  ///< As in CheckComposeTask, of this pool alone.
  OUT chi::u64 serial_ = 0;   ///< Counts creations.
  OUT chi::u32 num_containers_ = 0;  ///< On each node.

  explicit DescribePoolTask(const AllocT& alloc)
      : chi::Task(alloc), config_(alloc), settings_(alloc) {}
  DescribePoolTask(const AllocT& alloc, const chi::TaskId& task_id,
                   const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
                   const chi::PoolId& target_pool_id)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kDescribePool),
        target_pool_id_(target_pool_id),
        config_(alloc),
        settings_(alloc) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(target_pool_id_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(config_, settings_, serial_, num_containers_);
  }
};

/// One pool in a listing. Name and module are the next bytes of `names_`.
struct PoolRow {
  chi::PoolId id_;
  chi::u64 held_runs_ = 0;
  chi::u64 heap_bytes_ = 0;  ///< See chi::PoolInfo.
  chi::u64 cancelled_ = 0;
  chi::u64 expired_ = 0;
  chi::u32 num_containers_ = 0;
  chi::u32 state_ = 0;  ///< A chi::PoolState.
  chi::u32 name_size_ = 0;
  chi::u32 module_size_ = 0;
};
static_assert(sizeof(PoolRow) == 56, "stored in shared memory");

struct ListPoolsTask : public chi::Task {
  OUT chi::vector<PoolRow> pools_;
  OUT chi::string names_;  ///< "ram://a" "chimaera_bdev" "b" ..., no gaps.

  explicit ListPoolsTask(const AllocT& alloc)
      : chi::Task(alloc), pools_(alloc), names_(alloc) {}
  ListPoolsTask(const AllocT& alloc, const chi::TaskId& task_id,
                const chi::PoolId& pool_id, const chi::PoolQuery& pool_query)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kListPools),
        pools_(alloc),
        names_(alloc) {}

  template <class Archive>
  void SerializeIn(Archive& /*ar*/) {}
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(pools_, names_);
  }
};

/// Counters of one worker since the start, and what it holds now.
struct WorkerRow {
  chi::u64 tasks_ = 0;         ///< Tasks begun.
  chi::u64 parks_ = 0;         ///< Times a method was parked.
  chi::u64 sleeps_ = 0;        ///< Times the worker went to sleep.
  chi::u64 parked_ = 0;        ///< Methods parked now.
  chi::u64 rings_ = 0;         ///< Rings of client threads attached now.
  chi::u64 fibers_ = 0;        ///< Fibers that exist.
  chi::u64 busy_ns_ = 0;       ///< In clients' tasks, estimated from samples.
  chi::u64 handed_over_ = 0;   ///< Tasks given to where long ones wait.
  chi::u64 long_waiting_ = 0;  ///< Long tasks that wait here now.
  chi::u64 rings_moved_ = 0;   ///< Rings given to another worker.
  chi::u64 cancelled_ = 0;     ///< Tasks ended by kCancelled.
  chi::u64 expired_ = 0;       ///< Tasks ended by kDeadlineExceeded.
  /// Times that a periodic task was not run.
  chi::u64 missed_periods_ = 0;
  chi::u32 kind_ = 0;           ///< A chi::WorkerKind.
  chi::u32 load_permille_ = 0;  ///< Of its time in clients' tasks, lately.
};
static_assert(sizeof(WorkerRow) == 112, "stored in shared memory");

/// What a method of a pool costs, as was learned. Its name is the next bytes of
/// `cost_names_`.
struct CostRow {
  chi::PoolId pool_id_;
  chi::u64 samples_ = 0;    ///< Runs learned from.
  chi::u64 changes_ = 0;    ///< Times learning began anew.
  double base_ns_ = 0;      ///< Of a run of size 0.
  double ns_per_unit_ = 0;  ///< And for each unit of its size.
  double error_ns_ = 0;     ///< Typical distance of a run from that line.
  chi::u32 method_ = 0;
  chi::u32 name_size_ = 0;
  chi::u32 is_long_ = 0;  ///< 1: handed over where it comes as a short one.
  chi::u32 reserved_ = 0;
};
static_assert(sizeof(CostRow) == 64, "stored in shared memory");

struct GetStatsTask : public chi::Task {
  OUT chi::u64 uptime_ns_ = 0;
  OUT chi::u64 resident_bytes_ = 0;  ///< Memory of the process, shared too.
  OUT chi::u32 pid_ = 0;
  OUT chi::u32 num_pools_ = 0;
  OUT chi::u64 pools_created_ = 0;  ///< Since the start, the admin pool not.
  OUT chi::u64 pools_destroyed_ = 0;
  OUT chi::u64 sessions_ = 0;        ///< Clients attached now.
  OUT chi::u64 sessions_total_ = 0;  ///< Clients admitted since the start.
  OUT chi::u64 cut_off_ = 0;         ///< Clients thrown out for a violation.
  OUT chi::u64 result_bytes_ = 0;    ///< Runtime data that is handed out.
  OUT chi::vector<WorkerRow> workers_;
  /// The methods that were learned from most often, at most kMaxCosts.
  OUT chi::vector<CostRow> costs_;
  OUT chi::string cost_names_;

  static constexpr chi::u32 kMaxCosts = 256;

  explicit GetStatsTask(const AllocT& alloc)
      : chi::Task(alloc), workers_(alloc), costs_(alloc), cost_names_(alloc) {}
  GetStatsTask(const AllocT& alloc, const chi::TaskId& task_id,
               const chi::PoolId& pool_id, const chi::PoolQuery& pool_query)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kGetStats),
        workers_(alloc),
        costs_(alloc),
        cost_names_(alloc) {}

  template <class Archive>
  void SerializeIn(Archive& /*ar*/) {}
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(uptime_ns_, resident_bytes_, pid_, num_pools_, pools_created_,
       pools_destroyed_, sessions_, sessions_total_, cut_off_, result_bytes_,
       workers_, costs_, cost_names_);
  }
};

/// See Client::Flush.
struct FlushTask : public chi::Task {
  IN chi::u64 wait_ns_ = 0;
  OUT chi::u64 tasks_begun_ = 0;  ///< Of all workers, since the start.

  explicit FlushTask(const AllocT& alloc) : chi::Task(alloc) {}
  FlushTask(const AllocT& alloc, const chi::TaskId& task_id,
            const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
            chi::u64 wait_ns)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kFlush),
        wait_ns_(wait_ns) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(wait_ns_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(tasks_begun_);
  }
};

/// See Client::Dump.
struct DumpTask : public chi::Task {
  IN chi::u64 max_tasks_ = 0;
  OUT chi::string json_;

  explicit DumpTask(const AllocT& alloc) : chi::Task(alloc), json_(alloc) {}
  DumpTask(const AllocT& alloc, const chi::TaskId& task_id,
           const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
           chi::u64 max_tasks)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kDump),
        max_tasks_(max_tasks),
        json_(alloc) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(max_tasks_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(json_);
  }
};

/// See Client::GetMetrics.
struct GetMetricsTask : public chi::Task {
  OUT chi::string json_;

  explicit GetMetricsTask(const AllocT& alloc)
      : chi::Task(alloc), json_(alloc) {}
  GetMetricsTask(const AllocT& alloc, const chi::TaskId& task_id,
                 const chi::PoolId& pool_id, const chi::PoolQuery& pool_query)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kGetMetrics),
        json_(alloc) {}

  template <class Archive>
  void SerializeIn(Archive& /*ar*/) {}
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(json_);
  }
};

/// See chi::Sampling.
struct SetSamplingTask : public chi::Task {
  IN chi::u32 on_ = 1;
  IN chi::u32 one_in_ = 0;  ///< 0: as it is.

  explicit SetSamplingTask(const AllocT& alloc) : chi::Task(alloc) {}
  SetSamplingTask(const AllocT& alloc, const chi::TaskId& task_id,
                  const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
                  bool on, chi::u32 one_in)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kSetSampling),
        on_(on ? 1 : 0),
        one_in_(one_in) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(on_, one_in_);
  }
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}
};

struct StopRuntimeTask : public chi::Task {
  explicit StopRuntimeTask(const AllocT& alloc) : chi::Task(alloc) {}
  StopRuntimeTask(const AllocT& alloc, const chi::TaskId& task_id,
                  const chi::PoolId& pool_id, const chi::PoolQuery& pool_query)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kStopRuntime) {}

  template <class Archive>
  void SerializeIn(Archive& /*ar*/) {}
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}
};

}  // namespace chimaera::admin

#endif  // CHIMAERA_ADMIN_ADMIN_TASKS_H_

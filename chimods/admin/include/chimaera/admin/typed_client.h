// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The base of the generated clients of typed methods: what each of them says in
// one line per call.

#ifndef CHIMAERA_ADMIN_TYPED_CLIENT_H_
#define CHIMAERA_ADMIN_TYPED_CLIENT_H_

#include <chimaera/admin/admin_tasks.h>
#include <chimaera/admin/outcome.h>
#include <chimaera/chimaera.h>

#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace chimaera {

/// What the waiting form of a typed call returns.
template <class TaskT>
using TypedResult =
    std::conditional_t<std::is_empty_v<typename TaskT::Out>, Outcome,
                       chi::Result<typename TaskT::Out>>;

/// A value, used by one caller at a time. Async calls return at once; the
/// others wait, at most the client's default timeout and the method's deadline.
template <class CreateParamsT>
class TypedClient : public chi::ContainerClient {
 public:
  using CreateTask = admin::GetOrCreatePoolTask<CreateParamsT>;

  TypedClient() = default;
  explicit TypedClient(const chi::PoolId& pool_id) { Init(pool_id); }

  /// Makes the pool, or finds the one of this name, and talks to it from then
  /// on.
  Outcome Create(const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
                 const std::string& pool_name,
                 const chi::PoolId& custom_pool_id,
                 const CreateParamsT& params = CreateParamsT(),
                 chi::u32 num_containers = 1) {
    return FinishCreate(AsyncCreate(mctx, pool_query, pool_name, custom_pool_id,
                                    params, num_containers),
                        this);
  }
  chi::Future<CreateTask> AsyncCreate(
      const hipc::MemContext& /*mctx*/, const chi::PoolQuery& pool_query,
      const std::string& pool_name, const chi::PoolId& custom_pool_id,
      const CreateParamsT& params = CreateParamsT(),
      chi::u32 num_containers = 1) {
    auto* ipc = CHI_IPC;
    auto task = ipc->template NewTask<CreateTask>(
        chi::CreateTaskId(), chi::kAdminPoolId, pool_query,
        CreateParamsT::chimod_lib_name, pool_name, custom_pool_id, params);
    task->num_containers_ = num_containers;
    return ipc->Submit(task);
  }

 protected:
  template <class TaskT, class... Args>
  chi::Future<TaskT> SendTyped(const chi::PoolQuery& pool_query,
                               const Args&... args) {
    auto* ipc = CHI_IPC;
    return ipc->Submit(ipc->template NewTask<TaskT>(
        chi::CreateTaskId(), pool_id_, pool_query, args...));
  }

  /// One publication for all; a row of arguments per task.
  template <class TaskT>
  std::vector<chi::Future<TaskT>> SendMany(
      const chi::PoolQuery& pool_query,
      const std::vector<typename TaskT::Args>& requests) {
    auto* ipc = CHI_IPC;
    std::vector<hipc::FullPtr<TaskT>> tasks;
    tasks.reserve(requests.size());
    for (const auto& request : requests) {
      tasks.push_back(std::apply(
          [&](const auto&... args) {
            return ipc->template NewTask<TaskT>(chi::CreateTaskId(), pool_id_,
                                                pool_query, args...);
          },
          request));
    }
    ipc->EnqueueBatch(tasks);
    return std::vector<chi::Future<TaskT>>(tasks.begin(), tasks.end());
  }

  template <class TaskT>
  static TypedResult<TaskT> ResultOf(chi::Future<TaskT> future) {
    const chi::u64 extra_ns = chi::u64{future->timeout_ms_} * 1'000'000;
    const chi::Status status = future.Get(chi::kDefaultTimeoutNs + extra_ns);
    if (!status.ok()) return Explain(status);
    if constexpr (std::is_empty_v<typename TaskT::Out>) {
      return status;
    } else {
      return std::as_const(*future).out_;
    }
  }

  template <class TaskT>
  static std::vector<TypedResult<TaskT>> ResultsOf(
      std::vector<chi::Future<TaskT>> futures) {
    std::vector<TypedResult<TaskT>> results;
    results.reserve(futures.size());
    for (auto& future : futures) results.push_back(ResultOf(std::move(future)));
    return results;
  }

 private:
  // CreateParams that were written by hand need not tell it.
  template <class ParamsT>
  static auto Version(int /*preferred*/)
      -> decltype(std::string(ParamsT::chimod_version)) {
    return std::string(" ") + ParamsT::chimod_version;
  }
  template <class ParamsT>
  static std::string Version(
      long /*otherwise*/) {  // NOLINT(google-runtime-int)
    return "";
  }

  // The module has told its version; this is ours.
  static chi::Status Explain(const chi::Status& status) {
    if (status.code() != chi::StatusCode::kVersionMismatch) return status;
    return chi::Status::VersionMismatch(
        std::string(status.message()) + "; this client is of " +
        CreateParamsT::chimod_lib_name + Version<CreateParamsT>(0));
  }
};

}  // namespace chimaera

#endif  // CHIMAERA_ADMIN_TYPED_CLIENT_H_

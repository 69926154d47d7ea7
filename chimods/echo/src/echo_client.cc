// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Requests to an echo pool.

#include "chimaera/echo/echo_client.h"

namespace chimaera::echo {

template <class TaskT, class... Args>
chi::Future<TaskT> Client::Send(const chi::PoolQuery& pool_query,
                                const Args&... args) {
  auto* ipc = CHI_IPC;
  return ipc->Submit(
      ipc->NewTask<TaskT>(chi::CreateTaskId(), pool_id_, pool_query, args...));
}

Outcome Client::Create(const hipc::MemContext& mctx,
                       const chi::PoolQuery& pool_query,
                       const std::string& pool_name,
                       const chi::PoolId& custom_pool_id, bool allow_crash,
                       chi::u32 num_containers) {
  return FinishCreate(AsyncCreate(mctx, pool_query, pool_name, custom_pool_id,
                                  allow_crash, num_containers),
                      this);
}

chi::Future<CreateTask> Client::AsyncCreate(const hipc::MemContext& /*mctx*/,
                                            const chi::PoolQuery& pool_query,
                                            const std::string& pool_name,
                                            const chi::PoolId& custom_pool_id,
                                            bool allow_crash,
                                            chi::u32 num_containers) {
  auto* ipc = CHI_IPC;
  auto task = ipc->NewTask<CreateTask>(
      chi::CreateTaskId(), chi::kAdminPoolId, pool_query,
      CreateParams::chimod_lib_name, pool_name, custom_pool_id, allow_crash);
  task->num_containers_ = num_containers;
  return ipc->Submit(task);
}

Outcome Client::Null(const hipc::MemContext& mctx,
                     const chi::PoolQuery& pool_query) {
  return AsyncNull(mctx, pool_query).Get();
}
chi::Future<NullTask> Client::AsyncNull(const hipc::MemContext& /*mctx*/,
                                        const chi::PoolQuery& pool_query) {
  return Send<NullTask>(pool_query);
}

chi::Result<std::string> Client::Echo(const hipc::MemContext& mctx,
                                      const chi::PoolQuery& pool_query,
                                      std::string_view text) {
  auto future = AsyncEcho(mctx, pool_query, text);
  CHI_RETURN_IF_ERROR(future.Get());
  return future->text_.str();
}
chi::Future<EchoTask> Client::AsyncEcho(const hipc::MemContext& /*mctx*/,
                                        const chi::PoolQuery& pool_query,
                                        std::string_view text,
                                        const std::vector<chi::u64>& numbers,
                                        chi::u64 number) {
  return Send<EchoTask>(pool_query, text, numbers, number);
}

Outcome Client::Sleep(const hipc::MemContext& mctx,
                      const chi::PoolQuery& pool_query, chi::u64 duration_ns) {
  return AsyncSleep(mctx, pool_query, duration_ns)
      .Get(chi::DeadlineNs(chi::kDefaultTimeoutNs, duration_ns));
}
chi::Future<SleepTask> Client::AsyncSleep(const hipc::MemContext& /*mctx*/,
                                          const chi::PoolQuery& pool_query,
                                          chi::u64 duration_ns) {
  return Send<SleepTask>(pool_query, duration_ns);
}

Outcome Client::Lock(const hipc::MemContext& mctx,
                     const chi::PoolQuery& pool_query, LockMode mode,
                     chi::u64 hold_ns, chi::u32 subtasks) {
  return AsyncLock(mctx, pool_query, mode, hold_ns, subtasks)
      .Get(chi::DeadlineNs(chi::kDefaultTimeoutNs, hold_ns));
}
chi::Future<LockTask> Client::AsyncLock(const hipc::MemContext& /*mctx*/,
                                        const chi::PoolQuery& pool_query,
                                        LockMode mode, chi::u64 hold_ns,
                                        chi::u32 subtasks) {
  return Send<LockTask>(pool_query, mode, hold_ns, subtasks);
}

Outcome Client::Busy(const hipc::MemContext& mctx,
                     const chi::PoolQuery& pool_query, chi::u64 duration_ns) {
  return AsyncBusy(mctx, pool_query, duration_ns).Get();
}
chi::Future<BusyTask> Client::AsyncBusy(const hipc::MemContext& /*mctx*/,
                                        const chi::PoolQuery& pool_query,
                                        chi::u64 duration_ns) {
  return Send<BusyTask>(pool_query, duration_ns);
}

Outcome Client::Throw(const hipc::MemContext& mctx,
                      const chi::PoolQuery& pool_query, std::string_view text) {
  return AsyncThrow(mctx, pool_query, text).Get();
}
chi::Future<ThrowTask> Client::AsyncThrow(const hipc::MemContext& /*mctx*/,
                                          const chi::PoolQuery& pool_query,
                                          std::string_view text) {
  return Send<ThrowTask>(pool_query, text);
}

Outcome Client::Crash(const hipc::MemContext& mctx,
                      const chi::PoolQuery& pool_query, CrashKind kind) {
  return AsyncCrash(mctx, pool_query, kind).Get();
}
chi::Future<CrashTask> Client::AsyncCrash(const hipc::MemContext& /*mctx*/,
                                          const chi::PoolQuery& pool_query,
                                          CrashKind kind) {
  return Send<CrashTask>(pool_query, kind);
}

chi::Result<chi::u32> Client::Spawn(const hipc::MemContext& mctx,
                                    const chi::PoolQuery& pool_query,
                                    chi::u32 count) {
  auto future = AsyncSpawn(mctx, pool_query, count);
  CHI_RETURN_IF_ERROR(future.Get());
  return future->succeeded_;
}
chi::Future<SpawnTask> Client::AsyncSpawn(const hipc::MemContext& /*mctx*/,
                                          const chi::PoolQuery& pool_query,
                                          chi::u32 count) {
  return Send<SpawnTask>(pool_query, count);
}

chi::Result<std::string> Client::Grow(const hipc::MemContext& mctx,
                                      const chi::PoolQuery& pool_query,
                                      chi::u64 size) {
  auto future = AsyncGrow(mctx, pool_query, size);
  CHI_RETURN_IF_ERROR(future.Get());
  return future->text_.str();
}
chi::Future<GrowTask> Client::AsyncGrow(const hipc::MemContext& /*mctx*/,
                                        const chi::PoolQuery& pool_query,
                                        chi::u64 size) {
  return Send<GrowTask>(pool_query, size);
}

}  // namespace chimaera::echo

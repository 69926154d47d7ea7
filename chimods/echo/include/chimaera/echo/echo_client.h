// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Client of module echo.

#ifndef CHIMAERA_ECHO_ECHO_CLIENT_H_
#define CHIMAERA_ECHO_ECHO_CLIENT_H_

#include <chimaera/admin/outcome.h>
#include <chimaera/chimaera.h>
#include <chimaera/echo/autogen/echo_client.h>
#include <chimaera/echo/echo_tasks.h>

#include <string>
#include <string_view>
#include <vector>

namespace chimaera::echo {

/// A value, used by one caller at a time. Async calls return at once; the
/// others wait, at most the client's default timeout. Its base has the calls of
/// typed methods.
class Client : public ClientBase {
 public:
  using ClientBase::ClientBase;

  /// Makes the pool, or finds the one of this name, and talks to it from then
  /// on. `num_containers` is per node.
  Outcome Create(const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
                 const std::string& pool_name,
                 const chi::PoolId& custom_pool_id, bool allow_crash = false,
                 chi::u32 num_containers = 1);
  chi::Future<CreateTask> AsyncCreate(const hipc::MemContext& mctx,
                                      const chi::PoolQuery& pool_query,
                                      const std::string& pool_name,
                                      const chi::PoolId& custom_pool_id,
                                      bool allow_crash = false,
                                      chi::u32 num_containers = 1);

  /// Does nothing.
  Outcome Null(const hipc::MemContext& mctx, const chi::PoolQuery& pool_query);
  chi::Future<NullTask> AsyncNull(const hipc::MemContext& mctx,
                                  const chi::PoolQuery& pool_query);

  /// The same text again.
  chi::Result<std::string> Echo(const hipc::MemContext& mctx,
                                const chi::PoolQuery& pool_query,
                                std::string_view text);
  chi::Future<EchoTask> AsyncEcho(const hipc::MemContext& mctx,
                                  const chi::PoolQuery& pool_query,
                                  std::string_view text,
                                  const std::vector<chi::u64>& numbers = {},
                                  chi::u64 number = 0);

  /// Parks for so long; other tasks of the worker run.
  Outcome Sleep(const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
                chi::u64 duration_ns);
  chi::Future<SleepTask> AsyncSleep(const hipc::MemContext& mctx,
                                    const chi::PoolQuery& pool_query,
                                    chi::u64 duration_ns);

  /// Parks for so long inside a lock that all containers of all echo pools
  /// share. With `subtasks`, a subtask does so meanwhile, inside the same lock.
  Outcome Lock(const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
               LockMode mode, chi::u64 hold_ns, chi::u32 subtasks = 0);
  chi::Future<LockTask> AsyncLock(const hipc::MemContext& mctx,
                                  const chi::PoolQuery& pool_query,
                                  LockMode mode, chi::u64 hold_ns,
                                  chi::u32 subtasks = 0);

  /// Keeps a worker busy for so long, at most 10 s.
  Outcome Busy(const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
               chi::u64 duration_ns);
  chi::Future<BusyTask> AsyncBusy(const hipc::MemContext& mctx,
                                  const chi::PoolQuery& pool_query,
                                  chi::u64 duration_ns);

  /// kModuleException with `text`; without text a number is thrown.
  Outcome Throw(const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
                std::string_view text);
  chi::Future<ThrowTask> AsyncThrow(const hipc::MemContext& mctx,
                                    const chi::PoolQuery& pool_query,
                                    std::string_view text);

  /// Ends the runtime. kPermissionDenied if the pool does not allow it.
  Outcome Crash(const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
                CrashKind kind);
  chi::Future<CrashTask> AsyncCrash(const hipc::MemContext& mctx,
                                    const chi::PoolQuery& pool_query,
                                    CrashKind kind);

  /// How many of `count` Null subtasks succeeded.
  chi::Result<chi::u32> Spawn(const hipc::MemContext& mctx,
                              const chi::PoolQuery& pool_query, chi::u32 count);
  chi::Future<SpawnTask> AsyncSpawn(const hipc::MemContext& mctx,
                                    const chi::PoolQuery& pool_query,
                                    chi::u32 count);

  /// A text of `size` bytes, made by the runtime.
  chi::Result<std::string> Grow(const hipc::MemContext& mctx,
                                const chi::PoolQuery& pool_query,
                                chi::u64 size);
  chi::Future<GrowTask> AsyncGrow(const hipc::MemContext& mctx,
                                  const chi::PoolQuery& pool_query,
                                  chi::u64 size);

 private:
  template <class TaskT, class... Args>
  chi::Future<TaskT> Send(const chi::PoolQuery& pool_query,
                          const Args&... args);
};

}  // namespace chimaera::echo

#endif  // CHIMAERA_ECHO_ECHO_CLIENT_H_

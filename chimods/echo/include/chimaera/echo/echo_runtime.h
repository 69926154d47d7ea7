// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A container of an echo pool. It has no state but its settings.

#ifndef CHIMAERA_ECHO_ECHO_RUNTIME_H_
#define CHIMAERA_ECHO_ECHO_RUNTIME_H_

#include <chimaera/chimaera.h>
#include <chimaera/echo/autogen/echo_runtime.h>
#include <chimaera/echo/echo_client.h>
#include <chimaera/echo/echo_tasks.h>

#include <atomic>
#include <string>

namespace chimaera::echo {

class Runtime : public RuntimeBase {
 public:
  using CreateParams = chimaera::echo::CreateParams;

  void Init(const chi::PoolId& pool_id, const std::string& pool_name) override;

  void Create(hipc::FullPtr<CreateTask> task, chi::RunContext& rctx);
  void Null(hipc::FullPtr<NullTask> task, chi::RunContext& rctx);
  void Echo(hipc::FullPtr<EchoTask> task, chi::RunContext& rctx);
  void Sleep(hipc::FullPtr<SleepTask> task, chi::RunContext& rctx);
  void Busy(hipc::FullPtr<BusyTask> task, chi::RunContext& rctx);
  void Throw(hipc::FullPtr<ThrowTask> task, chi::RunContext& rctx);
  void Crash(hipc::FullPtr<CrashTask> task, chi::RunContext& rctx);
  void Spawn(hipc::FullPtr<SpawnTask> task, chi::RunContext& rctx);
  void Grow(hipc::FullPtr<GrowTask> task, chi::RunContext& rctx);
  void Lock(hipc::FullPtr<LockTask> task, chi::RunContext& rctx);

  chi::Status TypedNull(const TypedNullIn& in, TypedNullOut& out,
                        chi::RunContext& ctx) override;

  /// Busy says how long it takes, Grow how much it has to write.
  void Monitor(chi::MonitorModeId mode, chi::MethodId method,
               hipc::FullPtr<chi::Task> task, chi::RunContext& rctx) override;

 private:
  void InsideLock(LockTask& task);

  // Shared by all containers, to be seen from outside.
  static chi::CoMutex mutex_;
  static chi::CoRwLock rw_lock_;
  static std::atomic<chi::u64> num_inside_;  // how often a lock was taken

  Client client_;             // of this pool; constant after Init
  bool allow_crash_ = false;  // constant after Create
};

}  // namespace chimaera::echo

#endif  // CHIMAERA_ECHO_ECHO_RUNTIME_H_

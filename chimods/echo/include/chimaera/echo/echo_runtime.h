// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A container of an echo pool. It has no state but its settings.

#ifndef CHIMAERA_ECHO_ECHO_RUNTIME_H_
#define CHIMAERA_ECHO_ECHO_RUNTIME_H_

#include <chimaera/chimaera.h>
#include <chimaera/echo/echo_client.h>
#include <chimaera/echo/echo_tasks.h>

#include <string>

namespace chimaera::echo {

class Runtime : public chi::Container {
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

 private:
  Client client_;             // of this pool; constant after Init
  bool allow_crash_ = false;  // constant after Create
};

}  // namespace chimaera::echo

#endif  // CHIMAERA_ECHO_ECHO_RUNTIME_H_

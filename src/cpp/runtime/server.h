// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The runtime half of the root object. Members are declared in the order in
// which they start.

#ifndef CHIMAERA_RUNTIME_SERVER_H_
#define CHIMAERA_RUNTIME_SERVER_H_

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "chimaera/base/clock.h"
#include "chimaera/base/result.h"
#include "chimaera/core/config.h"
#include "chimaera/core/dispatcher.h"
#include "chimaera/core/module_manager.h"
#include "chimaera/core/pool_manager.h"
#include "chimaera/ipc/control_server.h"
#include "chimaera/ipc/runtime_dir.h"
#include "chimaera/runtime/watchdog.h"
#include "chimaera/sched/work_orchestrator.h"

namespace chi {

class Server final : private SessionEvents {
 public:
  Server(const RuntimeConfig& config, RuntimeDir dir);

  /// Everything runs when this returns, the configured pools included. On
  /// error the server can only be destroyed.
  [[nodiscard]] Status Start();

  /// Waits for the end of every method.
  ~Server() override { static_cast<void>(Stop()); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Answers what is in flight, then tells the clients and ends. Methods that
  /// run meanwhile use this object: not to be left to the destructor by who
  /// gives them access. False, and the log names them, if some are not over
  /// after the configured time: then all of this must stay.
  [[nodiscard]] bool Stop();

  const RuntimeConfig& config() const { return config_; }
  const std::string& runtime_dir() const { return dir_.path(); }
  ControlServer& control() { return *control_; }
  ModuleManager& modules() { return *modules_; }
  PoolManager& pools() { return *pools_; }
  /// Not after a start that failed before there were any.
  bool has_workers() const { return workers_ != nullptr; }
  WorkOrchestrator& workers() { return *workers_; }
  Watchdog& watchdog() { return *watchdog_; }
  const TaskErrors& errors() const { return dispatcher_->errors(); }
  u64 uptime_ns() const { return SystemClock::Get().NowNs() - start_ns_; }
  /// See Chimaera::health.
  const char* health();

  void RequestStop();
  bool WaitForStop(u64 timeout_ns);

 private:
  Status StartParts();
  PoolManagerOptions PoolOptions();
  Status CreateAdminPool();
  Status Compose();
  std::string LongestWait(PoolId pool);
  void TellWhatIsLeft();

  Result<u32> OnAttachRing(const std::shared_ptr<Session>& session,
                           const RingRequest& ring) override;
  void OnSessionGone(const std::shared_ptr<Session>& session) override;

  const RuntimeConfig config_;
  const u64 start_ns_ = SystemClock::Get().NowNs();
  RuntimeDir dir_;
  std::unique_ptr<ModuleManager> modules_;
  std::unique_ptr<ControlServer> control_;
  std::unique_ptr<PoolManager> pools_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<WorkOrchestrator> workers_;
  std::unique_ptr<Watchdog> watchdog_;
  // workers_ while they run: what waits for all of them asks this one.
  std::atomic<WorkOrchestrator*> running_workers_{nullptr};

  // RequestStop to WaitForStop.
  std::mutex stop_mutex_;
  std::condition_variable stop_changed_;
  bool stop_requested_ = false;
};

}  // namespace chi

#endif  // CHIMAERA_RUNTIME_SERVER_H_

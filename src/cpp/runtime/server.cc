// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Starting and stopping a runtime, and what it does when clients come and go.

#include "runtime/server.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include "chimaera/base/log.h"
#include "chimaera/core/compose.h"
#include "chimaera/core/create_pool_task.h"
#include "chimaera/core/sampling.h"
#include "chimaera/ipc/ipc_manager.h"
#include "chimaera/runtime/dump.h"

namespace chi {
namespace {

constexpr char kAdminModule[] = "chimaera_admin";
constexpr char kAdminPoolName[] = "admin";

ControlServerOptions ControlOptions(const RuntimeConfig& config,
                                    const std::string& dir, u32 num_workers) {
  ControlServerOptions options;
  options.runtime_dir = dir;
  options.num_workers = num_workers;
  options.main_segment_bytes = config.main_segment_bytes;
  options.client_data_segment_bytes = config.client_data_segment_bytes;
  options.runtime_data.segment_bytes = config.runtime_data_segment_bytes;
  options.runtime_data.max_bytes = config.max_runtime_data_bytes;
  options.max_sessions = config.max_sessions;
  options.limits.max_bytes = config.max_client_bytes;
  options.limits.max_result_bytes = config.max_result_bytes;
  options.limits.max_tasks_in_flight = config.max_tasks_in_flight;
  options.limits.max_rings = config.max_rings;
  options.limits.task_timeout_ms = config.task_timeout_ms;
  options.limits.max_ring_capacity = config.queue_depth;
  options.admit_at_once = false;
  return options;
}

SchedOptions WorkerOptionsOf(const RuntimeConfig& config) {
  SchedOptions options;
  options.num_workers = config.num_threads;
  options.pin_workers = config.pin_workers;
  options.num_long_workers = config.num_long_workers;
  options.policy = config.mapping_policy;
  options.rebalance_interval_ns = config.rebalance_interval_ns;
  options.first_busy_wait_ns = config.first_busy_wait_ns;
  return options;
}

// So many methods that do not end are named, by workers that answer so soon.
constexpr u64 kMaxTold = 100;
constexpr u64 kTellingNs = kNsPerSec;

}  // namespace

Server::Server(const RuntimeConfig& config, RuntimeDir dir)
    : config_(config), dir_(std::move(dir)) {}

Status Server::Start() {
  try {
    return StartParts();
  } catch (const std::system_error& error) {
    return Status::FromErrno(error.code().value(), "thread of the runtime");
  }
}

Status Server::StartParts() {
  SetSampling({config_.statistics, config_.sample_one_in});
  const SchedOptions sched = WorkerOptionsOf(config_);
  modules_ = std::make_unique<ModuleManager>(config_.module_paths);
  CHI_ASSIGN_OR_RETURN(
      control_, ControlServer::Start(ControlOptions(config_, dir_.path(),
                                                    ResolveNumWorkers(sched)),
                                     *this));
  pools_ = std::make_unique<PoolManager>(*modules_, NodeSet(), PoolOptions());
  dispatcher_ = std::make_unique<Dispatcher>(*pools_);
  workers_ = std::make_unique<WorkOrchestrator>(
      sched, *dispatcher_, &control_->page(), &control_->commons());
  CHI_RETURN_IF_ERROR(CreateAdminPool());
  CHI_RETURN_IF_ERROR(workers_->Start());
  running_workers_ = workers_.get();
  watchdog_ = std::make_unique<Watchdog>(*workers_);
  watchdog_->Start();
  CHI_RETURN_IF_ERROR(Compose());
  control_->Admit();
  CHI_LOG(kInfo, "runtime ready in {}: {} workers", dir_.path(),
          workers_->num_workers());
  return Status();
}

// Waits of the pool manager: of the fiber in a method, of the thread elsewhere.
PoolManagerOptions Server::PoolOptions() {
  PoolManagerOptions options;
  options.long_task_ns = config_.long_task_ns;
  options.quiesce = [this] {
    WorkOrchestrator* running = running_workers_.load();
    if (running != nullptr) running->Quiesce();
  };
  options.pause = [](u64 ns) { this_task::SleepFor(ns); };
  options.end_periodic = [this](const std::atomic<u64>* held_runs) {
    WorkOrchestrator* running = running_workers_.load();
    if (running == nullptr) return;
    running->RunOnEachWorker(
        [held_runs](Worker& worker) { worker.EndPeriodic(held_runs); });
  };
  options.longest_wait = [this](PoolId pool) { return LongestWait(pool); };
  return options;
}

std::string Server::LongestWait(PoolId pool) {
  if (running_workers_.load() == nullptr) return "";
  const LiveTask* longest = nullptr;
  const RuntimeDump dump = TakeDump(*workers_, *watchdog_, ~u64{0}, kTellingNs);
  for (const LiveTask& task : dump.tasks) {
    if (task.pool != pool) continue;
    if (longest == nullptr || task.waited_ns > longest->waited_ns) {
      longest = &task;
    }
  }
  return longest == nullptr ? "" : DescribeWait(*longest);
}

Status Server::CreateAdminPool() {
  PoolRequest request;
  request.mod_name = kAdminModule;
  request.pool_name = kAdminPoolName;
  request.pool_id = kAdminPoolId;
  RunContext ctx;
  Result<PoolId> created = pools_->GetOrCreate(request, {}, ctx);
  return created.status().WithContext("admin pool");
}

// The pools of the configuration, as if a client had asked for each of them.
// What their modules refuse is told with its line before any is made.
Status Server::Compose() {
  if (config_.compose.empty()) return Status();
  std::vector<ConfigError> errors;
  CheckCompose(
      config_.compose,
      [this](const PoolConfig& pool) { return pools_->ReadParameters(pool); },
      &errors);
  CHI_RETURN_IF_ERROR(StatusOf(errors));
  IpcManager ipc;
  ipc.SetPortSource(workers_.get());
  for (const PoolConfig& pool : config_.compose) {
    Future<CreatePoolTask> created =
        ipc.Submit(ipc.NewTask<CreatePoolTask>(CreateTaskId(), pool));
    const Status status = created.Get();
    if (!status.ok()) {
      return status.WithContext(Format("compose: pool '{}'", pool.pool_name_));
    }
  }
  return Status();
}

bool Server::Stop() {
  if (control_ != nullptr) control_->StopAdmitting();
  if (watchdog_ != nullptr) watchdog_->Stop();
  if (workers_ != nullptr && !workers_->StopWithin(config_.stop_timeout_ns)) {
    TellWhatIsLeft();
    return false;
  }
  running_workers_ = nullptr;
  // Pools go while the segments of their devices are still registered.
  pools_.reset();
  if (control_ != nullptr) control_->Stop();
  return true;
}

void Server::TellWhatIsLeft() {
  const RuntimeDump dump =
      TakeDump(*workers_, *watchdog_, kMaxTold, kTellingNs);
  for (const LiveTask& task : dump.tasks) {
    CHI_LOG(kError, "left by the stop: pool {} ({}): {}", task.pool,
            task.pool_name, DescribeWait(task));
  }
  for (const Worker* worker : workers_->AllWorkers()) {
    const std::vector<u32>& silent = dump.silent_workers;
    const bool answers = std::find(silent.begin(), silent.end(),
                                   worker->index()) == silent.end();
    // One that has ended is silent, too.
    if (answers || worker->stats().tid == 0) continue;
    CHI_LOG(kError, "left by the stop: worker {}, held by a method",
            worker->index());
  }
  CHI_LOG(kError, "not all methods are over after {} ms: the runtime leaves {}",
          config_.stop_timeout_ns / kNsPerMs,
          dump.tasks.size() + dump.num_omitted);
}

Result<u32> Server::OnAttachRing(const std::shared_ptr<Session>& session,
                                 const RingRequest& ring) {
  RingSource source;
  source.session = session;
  source.ring = ring.memory;
  source.capacity = ring.capacity;
  source.priority = static_cast<Priority>(ring.priority);
  const u32 index = workers_->MapRing(
      {session->id(), static_cast<u32>(ring.pid), static_cast<u32>(ring.tid)},
      source.priority);
  source.wake_fd = session->worker_eventfd(index);
  workers_->worker(index).AttachRing(std::move(source));
  return index;
}

void Server::OnSessionGone(const std::shared_ptr<Session>& session) {
  // The last worker that lets go tells the modules, on a worker of its own
  // choosing, since a module may park.
  struct Farewell {
    Farewell(Server& owner, std::shared_ptr<Session> gone)
        : server(owner), session(std::move(gone)) {}
    ~Farewell() {
      // A stopped worker drops its jobs, and this with them.
      if (server.running_workers_.load() == nullptr) return;
      server.workers_->worker(0).InjectCall(
          [pools = server.pools_.get(), id = session->id()](RunContext&) {
            pools->NotifyClientGone(id);
          });
    }
    Server& server;
    std::shared_ptr<Session> session;
  };
  session->MarkEnded();
  if (running_workers_ == nullptr) return;
  auto farewell = std::make_shared<Farewell>(*this, session);
  for (Worker* worker : workers_->AllWorkers()) {
    worker->DetachSession(session->id(), [farewell] {});
  }
}

void Server::RequestStop() {
  std::lock_guard<std::mutex> lock(stop_mutex_);
  stop_requested_ = true;
  stop_changed_.notify_all();
}

const char* Server::health() {
  {
    std::lock_guard<std::mutex> lock(stop_mutex_);
    if (stop_requested_) return "stopping";
  }
  return watchdog_->Stuck().empty() ? "ok" : "busy";
}

bool Server::WaitForStop(u64 timeout_ns) {
  std::unique_lock<std::mutex> lock(stop_mutex_);
  return stop_changed_.wait_for(lock, std::chrono::nanoseconds(timeout_ns),
                                [this] { return stop_requested_; });
}

}  // namespace chi

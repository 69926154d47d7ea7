// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Workers are made, started and stopped together; a round visits each of them.

#include "chimaera/sched/work_orchestrator.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "chimaera/base/check.h"
#include "sched/cpu_claims.h"
#include "sched/worker_port.h"

namespace chi {
namespace {

// Sanitizers put far more on a stack than the code asks for.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr u64 kStackFactor = 8;
#else
constexpr u64 kStackFactor = 1;
#endif

// A job on every worker, and whoever waits until the last one has run it.
struct Round {
  explicit Round(u32 num_workers) : left(num_workers) {}

  void OneDone() {
    if (run != nullptr) {
      ParkedRun* sleeper = run;
      // The sleeper may be gone as soon as the count is 0 and it looks; it
      // looks only after it was unparked.
      if (left.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        Worker::Unpark(*sleeper);
      }
      return;
    }
    std::lock_guard<std::mutex> lock(mutex);
    if (left.fetch_sub(1, std::memory_order_acq_rel) == 1) done.notify_one();
  }

  std::atomic<u32> left;
  ParkedRun* run = nullptr;  // a method waits; else a thread
  std::mutex mutex;
  std::condition_variable done;
};

}  // namespace

u32 ResolveNumWorkers(const SchedOptions& options) {
  if (options.num_workers > 0)
    return std::min(options.num_workers, kMaxWorkers);
  const u32 cpus = static_cast<u32>(AllowedCpus().size());
  return std::clamp<u32>(cpus - 1, 1, kMaxWorkers);
}

WorkOrchestrator::WorkOrchestrator(const SchedOptions& options,
                                   Executor& executor, ControlPage* page,
                                   SessionCommons* commons)
    : claims_(std::make_unique<CpuClaims>()) {
  const u32 count = ResolveNumWorkers(options);
  std::vector<i32> cpus;
  if (options.pin_workers) cpus = claims_->Claim(count);
  for (u32 i = 0; i < count; ++i) {
    WorkerOptions worker;
    worker.index = i;
    worker.stack_bytes = options.stack_bytes * kStackFactor;
    worker.first_busy_wait_ns = options.first_busy_wait_ns;
    worker.max_busy_wait_ns = options.max_busy_wait_ns;
    worker.cpu = i < cpus.size() ? cpus[i] : -1;
    worker.stop_grace_ns = options.stop_grace_ns;
    worker.clock = options.clock;
    worker.line = page == nullptr ? nullptr : &page->workers[i];
    worker.commons = commons;
    worker.peers = &peers_;
    workers_.push_back(std::make_unique<Worker>(worker, executor));
  }
  for (const auto& worker : workers_) peers_.push_back(worker.get());
}

WorkOrchestrator::~WorkOrchestrator() { Stop(); }

Status WorkOrchestrator::Start() {
  for (auto& worker : workers_) {
    Status started = worker->Start();
    if (!started.ok()) {
      Stop();
      return started;
    }
  }
  started_.store(true);
  return Status();
}

void WorkOrchestrator::Stop() {
  for (auto& worker : workers_) worker->Stop();
}

u32 WorkOrchestrator::MapRing(u32 pid, u32 tid) const {
  u64 hash = (u64{pid} << 32 | tid) * 0x9e3779b97f4a7c15;
  return static_cast<u32>((hash >> 32) % workers_.size());
}

void WorkOrchestrator::RunOnEachWorker(
    const std::function<void(Worker&)>& job) {
  if (!started_.load()) return;
  Round round(num_workers());
  const bool in_method = CurrentRun() != nullptr;
  std::unique_ptr<ParkedRun> run;
  if (in_method) {
    run = std::make_unique<ParkedRun>();
    round.run = run.get();
  }
  for (auto& worker : workers_) {
    const bool taken = worker->Inject([&round, &job, &worker] {
      job(*worker);
      round.OneDone();
    });
    // A worker that has ended runs nothing any more, which is as good.
    if (!taken) round.OneDone();
  }
  if (in_method) {
    run->worker->ParkForCertain(*run);
    return;
  }
  std::unique_lock<std::mutex> lock(round.mutex);
  round.done.wait(lock, [&round] { return round.left.load() == 0; });
}

ThreadPort* WorkOrchestrator::AcquirePort() {
  MutexLock lock(mu_);
  if (!idle_ports_.empty()) {
    ThreadPort* port = idle_ports_.back();
    idle_ports_.pop_back();
    return port;
  }
  ports_.push_back(std::make_unique<InjectPort>(*workers_[0]));
  return ports_.back().get();
}

void WorkOrchestrator::ReleasePort(ThreadPort* port) {
  MutexLock lock(mu_);
  idle_ports_.push_back(port);
}

}  // namespace chi

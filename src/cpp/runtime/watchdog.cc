// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A worker that is awake goes round its loop, or begins tasks within one turn,
// many times between two looks, unless a method (or a job of the runtime)
// holds it.

#include "chimaera/runtime/watchdog.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>

#include "chimaera/base/log.h"
#include "chimaera/base/start_thread.h"
#include "chimaera/sched/work_orchestrator.h"
#include "runtime/stack_probe.h"

namespace chi {
namespace {

u64 Read(const std::atomic<u64>& counter) {
  return counter.load(std::memory_order_relaxed);
}

}  // namespace

Watchdog::Watchdog(WorkOrchestrator& workers, const WatchdogOptions& options)
    : workers_(workers), options_(options) {}

Watchdog::~Watchdog() { Stop(); }

void Watchdog::Start() {
  if (const Status ready = StackProbe::Install(); !ready.ok()) {
    CHI_LOG(kWarning, "reports of stuck workers will have no stack: {}", ready);
  }
  thread_ = StartThread([this] { ThreadMain(); });
}

void Watchdog::Stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_one();
  thread_.join();
}

std::vector<StuckWorker> Watchdog::Stuck() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return stuck_;
}

u64 Watchdog::num_reports() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return num_reports_;
}

void Watchdog::ThreadMain() {
  pthread_setname_np(pthread_self(), "chi-watchdog");
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const bool any_awake = Look();
    lock.lock();
    const u64 pause_ns =
        any_awake ? options_.period_ns : options_.idle_period_ns;
    stop_.wait_for(lock, std::chrono::nanoseconds(pause_ns),
                   [this] { return stopping_; });
  }
}

// Whether any worker is awake.
bool Watchdog::Look() {
  const u64 now_ns = options_.clock->NowNs();
  const std::vector<Worker*> all = workers_.AllWorkers();
  while (seen_.size() < all.size()) {
    seen_.emplace_back();
    seen_.back().since_ns = now_ns;
  }
  bool any_awake = false;
  for (size_t i = 0; i < all.size(); ++i) {
    LookAt(*all[i], seen_[i], now_ns);
    any_awake |= !all[i]->stats().asleep.load();
  }
  return any_awake;
}

void Watchdog::LookAt(Worker& worker, Seen& seen, u64 now_ns) {
  const WorkerStats& stats = worker.stats();
  Seen now;
  now.turns = Read(stats.turns);
  now.tasks = Read(stats.tasks);
  now.parks = Read(stats.parks);
  now.since_ns = now_ns;
  const bool moved = now.turns != seen.turns || now.tasks != seen.tasks ||
                     now.parks != seen.parks;
  if (moved || stats.asleep.load()) {
    if (seen.reported) Forget(worker.index(), seen, now_ns);
    seen = now;
    return;
  }
  const u64 stuck_ns = now_ns - seen.since_ns;
  if (!seen.reported && stuck_ns >= options_.report_after_ns) {
    seen.reported = Report(worker, seen.since_ns, now_ns);
  }
  if (stuck_ns < options_.relieve_after_ns) return;
  if (seen.reported && !seen.warned) {
    seen.warned = true;
    Warn(worker.index(), stuck_ns);
  }
  if (!seen.relieved) Relieve(worker, seen);
}

void Watchdog::Relieve(Worker& worker, Seen& seen) {
  const Result<bool> relieved = workers_.Relieve(worker);
  if (!relieved.ok()) {
    CHI_LOG(kError, "worker {} cannot be relieved: {}", worker.index(),
            relieved.status());
  } else if (*relieved) {
    CHI_LOG(kWarning, "a stand-in does what worker {} had not begun",
            worker.index());
  }
  seen.relieved = !relieved.ok() || *relieved;
}

// False for a worker that no method holds: the machine may have had no CPU for
// it. Nothing of the runtime's own takes as long as to be relieved of it.
bool Watchdog::Report(const Worker& worker, u64 since_ns, u64 now_ns) {
  StuckWorker stuck;
  stuck.worker = worker.index();
  stuck.since_ns = since_ns;
  const pid_t tid = worker.stats().tid.load();
  if (tid == 0) return false;
  Result<StackSample> sample = StackProbe::Take(tid, options_.answer_ns);
  if (sample.ok()) {
    if (!sample->in_method && now_ns - since_ns < options_.relieve_after_ns) {
      return false;
    }
    stuck.run = std::move(sample->run);
    stuck.stack = std::move(sample->stack);
  } else {
    stuck.run = Format(" (no stack: {})", sample.status().message());
  }
  CHI_LOG(kInfo, "worker {} has not moved for {} ms{}\n{}", stuck.worker,
          (now_ns - since_ns) / kNsPerMs, stuck.run, stuck.stack);
  std::lock_guard<std::mutex> lock(mutex_);
  ++num_reports_;
  stuck_.push_back(std::move(stuck));
  return true;
}

// A short hold is for who writes the method, and may be the machine's: who only
// uses it would take a warning for an error.
void Watchdog::Warn(u32 index, u64 stuck_ns) {
  for (const StuckWorker& stuck : Stuck()) {
    if (stuck.worker != index) continue;
    CHI_LOG(kWarning, "worker {} has not moved for {} ms{}\n{}", index,
            stuck_ns / kNsPerMs, stuck.run, stuck.stack);
  }
}

void Watchdog::Forget(u32 index, const Seen& seen, u64 now_ns) {
  const u64 stuck_ms = (now_ns - seen.since_ns) / kNsPerMs;
  if (seen.warned) {
    CHI_LOG(kWarning, "worker {} goes on after {} ms", index, stuck_ms);
  } else {
    CHI_LOG(kInfo, "worker {} goes on after {} ms", index, stuck_ms);
  }
  std::lock_guard<std::mutex> lock(mutex_);
  stuck_.erase(
      std::remove_if(stuck_.begin(), stuck_.end(),
                     [index](const auto& s) { return s.worker == index; }),
      stuck_.end());
}

}  // namespace chi

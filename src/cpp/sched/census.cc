// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Asks every worker for its parked runs, and waits no longer than it was told
// to: a worker that is stuck is what people who ask want to find.

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "chimaera/base/heap_accounts.h"
#include "chimaera/sched/work_orchestrator.h"

namespace chi {
namespace {

/// Shared with jobs that may come late.
class Census {
 public:
  Census(const std::function<void(u32, const ParkedRun&)>& visit,
         u32 num_workers)
      : visit_(&visit), answered_(num_workers), left_(num_workers) {}

  /// On the worker.
  void Answer(const Worker& worker) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (visit_ == nullptr) return;
    worker.VisitRuns([this, &worker](const ParkedRun& run) {
      (*visit_)(worker.index(), run);
    });
    answered_[worker.index()] = true;
    OneLess();
  }

  void NeverAsked() {
    std::lock_guard<std::mutex> lock(mutex_);
    OneLess();
  }

  /// Where it was asked for by a thread.
  std::vector<bool> Wait(u64 timeout_ns) {
    std::unique_lock<std::mutex> lock(mutex_);
    all_answered_.wait_for(lock, std::chrono::nanoseconds(timeout_ns),
                           [this] { return left_ == 0; });
    visit_ = nullptr;
    return answered_;
  }

  /// Where it was asked for by a method.
  std::vector<bool> WaitParked(u64 timeout_ns) {
    ParkedRun run(WaitKind::kOther, this);
    Worker& worker = *run.worker;
    bool all_answered;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      all_answered = left_ == 0;
      if (!all_answered) sleeper_ = &run;
    }
    if (!all_answered) {
      const u64 now_ns = worker.clock().NowNs();
      if (!worker.Park(run, DeadlineNs(now_ns, timeout_ns)).ok()) GiveUp(run);
    }
    std::lock_guard<std::mutex> lock(mutex_);
    visit_ = nullptr;
    return answered_;
  }

 private:
  void OneLess() {
    if (--left_ > 0) return;
    all_answered_.notify_one();
    if (sleeper_ != nullptr) Worker::Unpark(*std::exchange(sleeper_, nullptr));
  }

  void GiveUp(ParkedRun& run) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (std::exchange(sleeper_, nullptr) != nullptr) return;
    }
    // The last answer came meanwhile, and the wake-up is on its way.
    run.worker->ParkForCertain(run);
  }

  std::mutex mutex_;
  std::condition_variable all_answered_;
  const std::function<void(u32, const ParkedRun&)>* visit_;  // null: closed
  std::vector<bool> answered_;
  u32 left_;
  ParkedRun* sleeper_ = nullptr;
};

}  // namespace

std::vector<bool> WorkOrchestrator::VisitRuns(
    const std::function<void(u32, const ParkedRun&)>& visit, u64 timeout_ns) {
  const HeapScope heap;
  const std::vector<Worker*> all = AllWorkers();
  const u32 num_all = static_cast<u32>(all.size());
  if (!started_.load()) return std::vector<bool>(num_all);
  const auto census = std::make_shared<Census>(visit, num_all);
  for (Worker* const worker : all) {
    const bool asked =
        worker->Inject([census, worker] { census->Answer(*worker); });
    if (!asked) census->NeverAsked();
  }
  return CurrentRun() != nullptr ? census->WaitParked(timeout_ns)
                                 : census->Wait(timeout_ns);
}

}  // namespace chi

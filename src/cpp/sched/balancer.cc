// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One ring a look, from the busiest worker to the idlest of its kind.

#include "sched/balancer.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>

#include "chimaera/base/start_thread.h"

namespace chi {
namespace {

// Who is less busy than this is left alone, and so are smaller differences.
constexpr u64 kBusyPermille = 500;
constexpr u64 kDifferencePermille = 250;
// Between two looks while nothing runs.
constexpr u64 kIdleIntervalNs = kNsPerSec;

}  // namespace

Balancer::Balancer(std::vector<Worker*> workers, u64 interval_ns,
                   const Clock& clock)
    : interval_ns_(interval_ns), clock_(clock) {
  for (Worker* worker : workers) {
    workers_.push_back(std::make_unique<Watched>());
    workers_.back()->worker = worker;
  }
}

void Balancer::Start() {
  thread_ = StartThread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "chi-balance");
}

void Balancer::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  stop_requested_.notify_all();
  if (thread_.joinable()) thread_.join();
}

u32 Balancer::LoadPermille(u32 worker) const {
  return workers_[worker]->load_permille.load(std::memory_order_relaxed);
}

void Balancer::Run() {
  u64 last_ns = clock_.NowNs();
  u64 pause_ns = interval_ns_;
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stop_requested_.wait_for(lock, std::chrono::nanoseconds(pause_ns),
                                   [this] { return stop_; })) {
    const u64 now_ns = clock_.NowNs();
    Look(std::max<u64>(now_ns - last_ns, 1));
    last_ns = now_ns;
    const bool idle =
        std::all_of(workers_.begin(), workers_.end(),
                    [](const auto& watched) { return watched->since_ns == 0; });
    pause_ns = idle ? std::max(interval_ns_, kIdleIntervalNs) : interval_ns_;
  }
}

void Balancer::Look(u64 elapsed_ns) {
  ++round_;
  for (auto& watched : workers_) {
    const u64 busy_ns =
        watched->worker->stats().busy_ns.load(std::memory_order_relaxed);
    watched->since_ns = busy_ns - watched->busy_ns;
    watched->busy_ns = busy_ns;
    const u64 permille =
        std::min<u64>(watched->since_ns * 1000 / elapsed_ns, 1000);
    watched->load_permille.store(static_cast<u32>(permille),
                                 std::memory_order_relaxed);
  }
  Even(WorkerKind::kShort, elapsed_ns);
  Even(WorkerKind::kLong, elapsed_ns);
}

void Balancer::Even(WorkerKind kind, u64 elapsed_ns) {
  Watched* busiest = nullptr;
  Watched* idlest = nullptr;
  for (auto& watched : workers_) {
    if (watched->worker->kind() != kind) continue;
    if (busiest == nullptr || watched->since_ns > busiest->since_ns) {
      busiest = watched.get();
    }
    if (idlest == nullptr || watched->since_ns < idlest->since_ns) {
      idlest = watched.get();
    }
  }
  if (busiest == nullptr || busiest == idlest) return;
  const u64 difference_ns = busiest->since_ns - idlest->since_ns;
  if (busiest->since_ns * 1000 < kBusyPermille * elapsed_ns) return;
  if (difference_ns * 1000 < kDifferencePermille * elapsed_ns) return;
  if (busiest->worker->stats().rings.load(std::memory_order_relaxed) < 2) {
    return;  // its only ring would be as busy elsewhere
  }
  // A larger one would only swap the two.
  busiest->worker->GiveRing(*idlest->worker,
                            kind == WorkerKind::kLong ? Priority::kHighLatency
                                                      : Priority::kLowLatency,
                            difference_ns * 3 / 4, round_);
}

}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Flush: waits for quiet. The proof is two looks in a row, each taken when
// every worker had just been between two tasks: if no task began from one to
// the other, the rings were empty at the second; if no run was held, none was
// parked or waiting for its turn either. Periodic tasks that wait for their
// next time are held, and nothing to wait for: they are counted after all
// others, so that whoever becomes one meanwhile was counted as held, or began
// meanwhile.

#include <algorithm>

#include "chimaera/admin/admin_runtime.h"
#include "chimaera/admin/route_here.h"
#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"

namespace chimaera::admin {
namespace {

constexpr chi::u64 kFirstPauseNs = 20'000;
constexpr chi::u64 kLongestPauseNs = 5'000'000;

// Counts a Flush for as long as it runs.
class Counted {
 public:
  explicit Counted(std::atomic<chi::u64>& count) : count_(count) {
    count_.fetch_add(1, std::memory_order_relaxed);
  }
  ~Counted() { count_.fetch_sub(1, std::memory_order_relaxed); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::atomic<chi::u64>& count_;
};

}  // namespace

Runtime::Activity Runtime::LookAround() const {
  chi::WorkOrchestrator& workers = *CHI_WORK_ORCHESTRATOR;
  workers.Quiesce();
  Activity seen;
  for (const chi::Worker* worker : workers.AllWorkers()) {
    const chi::WorkerStats& stats = worker->stats();
    seen.tasks_begun += stats.tasks.load(std::memory_order_relaxed);
    seen.held_runs += stats.long_waiting.load(std::memory_order_relaxed);
  }
  for (const chi::PoolInfo& pool : CHI_POOL_MANAGER->List()) {
    seen.held_runs += pool.held_runs;
  }
  chi::u64 not_waited_for = 0;
  for (const chi::Worker* worker : workers.AllWorkers()) {
    not_waited_for +=
        worker->stats().between_periods.load(std::memory_order_relaxed);
  }
  // Every Flush is held once it has parked, which all have in Quiesce by the
  // second look.
  not_waited_for += flushes_.load(std::memory_order_relaxed);
  seen.held_runs -= std::min(seen.held_runs, not_waited_for);
  return seen;
}

void Runtime::Flush(hipc::FullPtr<FlushTask> task, chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const Counted counted(flushes_);
  const chi::Clock& clock = chi::SystemClock::Get();
  const chi::u64 deadline_ns = chi::DeadlineNs(clock.NowNs(), task->wait_ns_);
  chi::u64 pause_ns = kFirstPauseNs;
  Activity before = LookAround();
  for (;;) {
    const Activity now = LookAround();
    task->tasks_begun_ = now.tasks_begun;
    if (before.held_runs == 0 && now.held_runs == 0 &&
        before.tasks_begun == now.tasks_begun) {
      return;
    }
    if (clock.NowNs() >= deadline_ns) {
      task->SetError(
          static_cast<chi::u32>(chi::StatusCode::kDeadlineExceeded),
          chi::Format("after {} ms {} methods are not over and {} tasks have "
                      "just begun",
                      task->wait_ns_ / chi::kNsPerMs, now.held_runs,
                      now.tasks_begun - before.tasks_begun));
      return;
    }
    before = now;
    chi::this_task::SleepFor(pause_ns);
    pause_ns = std::min(2 * pause_ns, kLongestPauseNs);
  }
}

}  // namespace chimaera::admin

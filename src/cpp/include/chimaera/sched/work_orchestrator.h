// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Owns the workers: how many, on which CPUs, which ring goes to which of them,
// starting and stopping.

#ifndef CHIMAERA_SCHED_WORK_ORCHESTRATOR_H_
#define CHIMAERA_SCHED_WORK_ORCHESTRATOR_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "chimaera/base/clock.h"
#include "chimaera/base/mutex.h"
#include "chimaera/base/result.h"
#include "chimaera/base/types.h"
#include "chimaera/ipc/control.h"
#include "chimaera/ipc/ipc_manager.h"
#include "chimaera/sched/executor.h"
#include "chimaera/sched/mapping_policy.h"
#include "chimaera/sched/tracer.h"
#include "chimaera/sched/worker.h"

namespace chi {

struct SchedOptions {
  /// 0: one less than there are usable CPUs, at least 1. At most kMaxWorkers.
  u32 num_workers = 0;
  /// How many of them are for long tasks only. 0: a quarter, at least 1. A
  /// single worker is for both.
  u32 num_long_workers = 0;
  /// Which worker gets a ring; see mapping_policy.h. An unknown name counts as
  /// the default: the configuration has checked it.
  std::string policy = kDefaultMappingPolicy;
  /// How often to look whether rings should move; 0: never.
  u64 rebalance_interval_ns = 100 * kNsPerMs;
  /// Bind each worker to a CPU of its own, where there are more CPUs than
  /// workers and no other runtime of this user has claimed them.
  bool pin_workers = true;
  u64 stack_bytes = 64 * kKiB;
  u64 first_busy_wait_ns = 50 * kNsPerUs;
  u64 max_busy_wait_ns = 200 * kNsPerUs;
  u64 stop_grace_ns = 2 * kNsPerSec;
  const Clock* clock = &SystemClock::Get();
};

/// The number of workers that `options` means on this machine.
u32 ResolveNumWorkers(const SchedOptions& options);

/// What worker `index` of `num_workers` is for: the last ones for long tasks.
WorkerKind KindOfWorker(const SchedOptions& options, u32 index,
                        u32 num_workers);

class Balancer;
class CpuClaims;

/// All methods may be called from any thread unless they say otherwise.
class WorkOrchestrator : public PortSource {
 public:
  /// `page` receives what clients read about the workers, `commons` is the
  /// runtime's memory; both may be null. All three outlive this object.
  WorkOrchestrator(const SchedOptions& options, Executor& executor,
                   ControlPage* page, SessionCommons* commons);
  ~WorkOrchestrator() override;

  /// Starts the workers; on error none is left running. Not concurrently.
  [[nodiscard]] Status Start();
  /// Stops and joins them; see Worker::Stop. Not from a worker.
  void Stop();
  /// The same for at most `timeout_ns`, all of them together; false as
  /// Worker::StopWithin.
  [[nodiscard]] bool StopWithin(u64 timeout_ns);

  /// Without stand-ins.
  u32 num_workers() const { return static_cast<u32>(workers_.size()); }
  Worker& worker(u32 index) { return *workers_[index]; }
  const Worker& worker(u32 index) const { return *workers_[index]; }

  /// The workers and the stand-ins that were started up to now. An index in
  /// this list is the worker's own. They live as long as this object.
  std::vector<Worker*> AllWorkers() const;

  /// Lets a stand-in have the rings and waiting long tasks of `stuck` until the
  /// run that holds it is over. A stand-in is an unbound worker more; it is
  /// kept for the next time. False if `stuck` has just gone on; kOverloaded
  /// when kMaxStandIns are at work; kUnimplemented without membarrier. One
  /// caller at a time.
  Result<bool> Relieve(Worker& stuck);
  static constexpr u32 kMaxStandIns = 16;

  /// The worker that is to poll a new ring, as the policy says, among those
  /// for tasks of this priority.
  u32 MapRing(const NewRing& ring, Priority priority);

  /// What traces the tasks that come by these workers.
  Tracer& tracer() { return tracer_; }

  /// What part of its time a worker spent in clients' tasks, lately; 0 where
  /// nobody looks.
  u32 LoadPermille(u32 worker) const;

  /// Runs `job` on every worker between two tasks, and returns when all have.
  /// Workers that have not begun or have ended are left out.
  /// Parks the fiber in a method, blocks the thread elsewhere; bounded by the
  /// workers' longest method.
  void RunOnEachWorker(const std::function<void(Worker&)>& job);

  /// Calls `visit` for every run that is parked or about to go on, each on its
  /// own worker but one at a time. Says for each of AllWorkers whether it
  /// answered within `timeout_ns`: one that is stuck in a method does not.
  /// `visit` is not called any more after the return. From a method (which
  /// parks) or any thread that is no worker.
  std::vector<bool> VisitRuns(
      const std::function<void(u32 worker, const ParkedRun&)>& visit,
      u64 timeout_ns);

  /// Returns when every worker has passed the top of its loop.
  void Quiesce() {
    RunOnEachWorker([](Worker&) {});
  }

  /// Ports for threads of the runtime that are not workers.
  ThreadPort* AcquirePort() override;
  void ReleasePort(ThreadPort* port) override;

 private:
  Result<Worker*> FindStandIn();

  const std::unique_ptr<CpuClaims> claims_;
  std::vector<Worker*> peers_;  // for the workers: outlives them
  Executor& executor_;
  Tracer tracer_;
  WorkerOptions stand_in_options_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Worker*> long_workers_;
  std::unique_ptr<Balancer> balancer_;  // null if there is nothing to balance
  std::atomic<bool> started_{false};
  mutable Mutex mu_;
  std::vector<std::unique_ptr<Worker>> stand_ins_ CHI_GUARDED_BY(mu_);
  std::unique_ptr<MappingPolicy> policy_ CHI_GUARDED_BY(mu_);
  std::vector<std::unique_ptr<ThreadPort>> ports_ CHI_GUARDED_BY(mu_);
  std::vector<ThreadPort*> idle_ports_ CHI_GUARDED_BY(mu_);
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_WORK_ORCHESTRATOR_H_

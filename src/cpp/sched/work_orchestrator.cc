// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Workers are made, started and stopped together; a round visits each of them.

#include "chimaera/sched/work_orchestrator.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "chimaera/base/check.h"
#include "chimaera/base/heap_accounts.h"
#include "sched/balancer.h"
#include "sched/cpu_claims.h"
#include "sched/membarrier.h"
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

WorkerKind KindOfWorker(const SchedOptions& options, u32 index,
                        u32 num_workers) {
  if (num_workers == 1) return WorkerKind::kBoth;
  const u32 wanted = options.num_long_workers != 0 ? options.num_long_workers
                                                   : (num_workers + 3) / 4;
  const u32 num_long = std::min(wanted, num_workers - 1);
  return index < num_workers - num_long ? WorkerKind::kShort
                                        : WorkerKind::kLong;
}

WorkOrchestrator::WorkOrchestrator(const SchedOptions& options,
                                   Executor& executor, ControlPage* page,
                                   SessionCommons* commons)
    : claims_(std::make_unique<CpuClaims>()),
      executor_(executor),
      tracer_(page) {
  const u32 count = ResolveNumWorkers(options);
  std::vector<i32> cpus;
  if (options.pin_workers) cpus = claims_->Claim(count);
  for (u32 i = 0; i < count; ++i) {
    WorkerOptions worker;
    worker.index = i;
    worker.kind = KindOfWorker(options, i, count);
    worker.long_task_workers = &long_workers_;
    worker.stack_bytes = options.stack_bytes * kStackFactor;
    worker.first_busy_wait_ns = options.first_busy_wait_ns;
    worker.max_busy_wait_ns = options.max_busy_wait_ns;
    worker.cpu = i < cpus.size() ? cpus[i] : -1;
    worker.stop_grace_ns = options.stop_grace_ns;
    worker.clock = options.clock;
    worker.line = page == nullptr ? nullptr : &page->workers[i];
    worker.commons = commons;
    worker.tracer = &tracer_;
    worker.peers = &peers_;
    worker.all_workers = [this] { return AllWorkers(); };
    if (i == 0) stand_in_options_ = worker;
    workers_.push_back(std::make_unique<Worker>(worker, executor));
    if (worker.kind == WorkerKind::kLong) {
      long_workers_.push_back(workers_.back().get());
    }
  }
  stand_in_options_.kind = WorkerKind::kBoth;
  stand_in_options_.cpu = -1;
  stand_in_options_.line = nullptr;
  stand_in_options_.peers = nullptr;  // nobody spreads work to it, nor it
  for (const auto& worker : workers_) peers_.push_back(worker.get());
  Result<std::unique_ptr<MappingPolicy>> policy =
      MakeMappingPolicy(options.policy);
  if (!policy.ok()) policy = MakeMappingPolicy(kDefaultMappingPolicy);
  const MutexLock lock(mu_);
  policy_ = std::move(policy).value();
  // Two workers differ in kind, so there is nobody to share with.
  if (count > 2 && options.rebalance_interval_ns > 0) {
    std::vector<Worker*> all;
    for (const auto& worker : workers_) all.push_back(worker.get());
    balancer_ = std::make_unique<Balancer>(
        std::move(all), options.rebalance_interval_ns, *options.clock);
  }
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
  if (balancer_ != nullptr) balancer_->Start();
  return Status();
}

void WorkOrchestrator::Stop() {
  if (balancer_ != nullptr) balancer_->Stop();
  for (Worker* worker : AllWorkers()) worker->Stop();
}

bool WorkOrchestrator::StopWithin(u64 timeout_ns) {
  if (balancer_ != nullptr) balancer_->Stop();
  const Clock& clock = SystemClock::Get();
  const u64 deadline_ns = DeadlineNs(clock.NowNs(), timeout_ns);
  bool all_ended = true;
  for (Worker* worker : AllWorkers()) {
    const u64 now_ns = clock.NowNs();
    const u64 left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    if (!worker->StopWithin(left_ns)) all_ended = false;
  }
  return all_ended;
}

std::vector<Worker*> WorkOrchestrator::AllWorkers() const {
  std::vector<Worker*> all;
  for (const auto& worker : workers_) all.push_back(worker.get());
  const MutexLock lock(mu_);
  for (const auto& worker : stand_ins_) all.push_back(worker.get());
  return all;
}

// One that has nothing to do, or a new one.
Result<Worker*> WorkOrchestrator::FindStandIn() {
  const MutexLock lock(mu_);
  for (const auto& worker : stand_ins_) {
    const WorkerStats& stats = worker->stats();
    if (stats.asleep.load() && stats.rings.load() == 0 &&
        stats.long_waiting.load() == 0) {
      return worker.get();
    }
  }
  if (stand_ins_.size() == kMaxStandIns) {
    return Status::Overloaded(
        Format("{} stand-ins are at work already", kMaxStandIns));
  }
  WorkerOptions options = stand_in_options_;
  options.index = num_workers() + static_cast<u32>(stand_ins_.size());
  auto worker = std::make_unique<Worker>(options, executor_);
  CHI_RETURN_IF_ERROR(worker->Start());
  stand_ins_.push_back(std::move(worker));
  return stand_ins_.back().get();
}

Result<bool> WorkOrchestrator::Relieve(Worker& stuck) {
  if (!RegisterMembarrier()) {
    return Status::Unimplemented("this kernel has no membarrier");
  }
  CHI_ASSIGN_OR_RETURN(Worker* const stand_in, FindStandIn());
  return stuck.RelieveBy(*stand_in);
}

u32 WorkOrchestrator::MapRing(const NewRing& ring, Priority priority) {
  const WorkerKind unfit = priority == Priority::kHighLatency
                               ? WorkerKind::kShort
                               : WorkerKind::kLong;
  const MutexLock lock(mu_);
  std::vector<Candidate> candidates;
  for (u32 i = 0; i < num_workers(); ++i) {
    if (workers_[i]->kind() == unfit) continue;
    const WorkerStats& stats = workers_[i]->stats();
    candidates.push_back(
        {i, stats.rings.load(std::memory_order_relaxed), LoadPermille(i)});
  }
  return policy_->Choose(ring, candidates);
}

u32 WorkOrchestrator::LoadPermille(u32 worker) const {
  const bool watched = balancer_ != nullptr && worker < num_workers();
  return watched ? balancer_->LoadPermille(worker) : 0;
}

void WorkOrchestrator::RunOnEachWorker(
    const std::function<void(Worker&)>& job) {
  if (!started_.load()) return;
  // The jobs refer to this call: it ends when the last one has run.
  const HeapScope heap;
  const std::vector<Worker*> all = AllWorkers();
  Round round(static_cast<u32>(all.size()));
  const bool in_method = CurrentRun() != nullptr;
  std::unique_ptr<ParkedRun> run;
  if (in_method) {
    run = std::make_unique<ParkedRun>();
    round.run = run.get();
  }
  for (Worker* const worker : all) {
    const bool taken = worker->Inject([&round, &job, worker] {
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
  const HeapScope heap;
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
  const HeapScope heap;
  MutexLock lock(mu_);
  idle_ports_.push_back(port);
}

}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Tasks that wait. The first two figures are of one worker thread, beside
// Boost.Fiber on the same CPU; the others of a runtime in which very many
// tasks of one client wait for one lock.

#include "tasks.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "boost_peers.h"
#include "chimaera/sched/coevent.h"
#include "chimaera/sched/comutex.h"
#include "chimaera/sched/executor.h"
#include "chimaera/sched/worker.h"
#include "runtime_process.h"
#include "topics.h"

namespace chi::bench {
namespace {

class NoTasks final : public Executor {
 public:
  void RunSubmitted(ShmPtr, RunContext&) override {}
  void EndSubmitted(ShmPtr, RunContext&, const Status&) override {}
  void RunInternal(hipc::FullPtr<Task>, RunContext&) override {}
};

// A worker without clients, on whose thread things are measured.
class BareWorker {
 public:
  explicit BareWorker(i32 cpu) : worker_(Options(cpu), executor_) {
    CHI_CHECK_OK(worker_.Start());
  }
  ~BareWorker() { worker_.Stop(); }

  // As a method of the worker.
  Samples Run(const std::function<Samples()>& measure) {
    Samples samples;
    CoEvent done;
    worker_.InjectCall([&](RunContext&) {
      samples = measure();
      done.Set();
    });
    CHI_CHECK_OK(done.Wait());
    return samples;
  }
  Worker& worker() { return worker_; }

 private:
  static WorkerOptions Options(i32 cpu) {
    WorkerOptions options;
    options.cpu = cpu;
    return options;
  }
  NoTasks executor_;
  Worker worker_;
};

// Two methods that wake each other in turn: half a turn is a park and a wake.
Samples ParkAndWake(BareWorker& bare, u64 slice_ns) {
  return bare.Run([&] {
    Worker& worker = bare.worker();
    ParkedRun self;
    ParkedRun* partner = nullptr;
    bool over = false;
    worker.InjectCall([&](RunContext&) {
      ParkedRun run;
      partner = &run;
      while (!over) {
        Worker::Unpark(self);
        worker.ParkForCertain(run);
      }
      Worker::Unpark(self);
    });
    worker.ParkForCertain(self);
    Samples samples = TimeHundreds(slice_ns, [&] {
      Worker::Unpark(*partner);
      worker.ParkForCertain(self);
    });
    over = true;
    Worker::Unpark(*partner);
    worker.ParkForCertain(self);
    for (f64& sample : samples) sample /= 2;
    return samples;
  });
}

Samples CoMutexPairs(BareWorker& bare, u64 slice_ns) {
  return bare.Run([&] {
    static CoMutex mutex;
    return TimeHundreds(slice_ns, [] {
      mutex.Lock();
      mutex.Unlock();
    });
  });
}

f64 ResidentGiB(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) {
      return std::stod(line.substr(6)) / (1 << 20);
    }
  }
  return 0;
}

struct Blocked {
  f64 succeeded = 0;
  f64 resident_gib = 0;
  f64 released_per_s = 0;
};

// One task holds the lock of echo while `count` others come to wait for it.
Blocked BlockMany(const RuntimeProcess& runtime, EchoClient& client, u32 count,
                  u64 hold_ns) {
  using chimaera::echo::LockMode;
  Blocked result;
  const auto lock = [&client](u64 ns) {
    return client.echo().AsyncLock(HSHM_MCTX, PoolQuery::Local(),
                                   LockMode::kMutex, ns);
  };
  auto holder = lock(hold_ns);
  std::vector<Future<chimaera::echo::LockTask>> waiting;
  waiting.reserve(count);
  for (u32 i = 0; i < count; ++i) waiting.push_back(lock(0));
  client.Null();  // behind them in the same ring
  CHI_CHECK(!holder.IsDone(), "{} tasks not parked in time", count);
  result.resident_gib = ResidentGiB(runtime.pid());
  CHI_CHECK_OK(holder.Get());
  const u64 begin = Ticks();
  CHI_CHECK_OK(waiting.back().Get());  // the last in line
  const u64 end = Ticks();
  CHI_CHECK_OK(WaitAll(waiting));
  for (auto& task : waiting) {
    result.succeeded += task->GetStatus().ok() ? 1 : 0;
  }
  result.released_per_s =
      count / (static_cast<f64>(end - begin) * NsPerTick() / 1e9);
  return result;
}

std::vector<Figure> BlockedFigures(const Effort& effort) {
  const bool quick = effort.num_rounds < Effort().num_rounds;
  const u32 count = quick ? 2'000 : 100'000;
  const u64 hold_ns = (quick ? 1 : 4) * kNsPerSec;
  const Cpus cpus = AllowedCpus();
  const RuntimeProcess runtime;
  EchoClient client(runtime.dir());
  const Pinned pinned(cpus.client);
  Samples rates;
  Blocked worst{static_cast<f64>(count), 0, 0};
  for (u32 round = 0; round < 3; ++round) {
    const Blocked now = BlockMany(runtime, client, count, hold_ns);
    rates.push_back(now.released_per_s);
    worst.succeeded = std::min(worst.succeeded, now.succeeded);
    worst.resident_gib = std::max(worst.resident_gib, now.resident_gib);
  }
  return {AtLeast("blocked_tasks", worst.succeeded, "tasks", 100'000),
          AtMost("blocked_tasks_rss", worst.resident_gib, "GiB", 2),
          AtLeast("blocked_release", Quantile(rates, 0.5), "1/s", 1e6)};
}

}  // namespace

std::vector<Figure> Tasks(const Effort& effort) {
  std::vector<Figure> figures = BlockedFigures(effort);  // forks first
  for (Figure& figure : SchedulingFigures(effort)) figures.push_back(figure);
  const Cpus cpus = AllowedCpus();
  BareWorker bare(cpus.worker);
  const Pinned pinned(cpus.worker);
  const auto slices = TakeTurns({[&](u64 ns) { return ParkAndWake(bare, ns); },
                                 [](u64 ns) { return YieldFibers(ns); },
                                 [&](u64 ns) { return CoMutexPairs(bare, ns); },
                                 [](u64 ns) { return LockFiberMutex(ns); }},
                                effort);
  figures.push_back(MedianNs("park_wake", slices[0],
                             {"Boost.Fiber yield and back", slices[1]}, 2));
  figures.push_back(MedianNs("comutex_uncontended", slices[2],
                             {"boost::fibers::mutex", slices[3]}, 1.2));
  return figures;
}

}  // namespace chi::bench

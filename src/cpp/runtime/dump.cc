// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A parked run lies still while its worker answers, and what it waits for
// lives as long as it waits: both may be looked at then, and only then.

#include "chimaera/runtime/dump.h"

#include <unordered_map>
#include <utility>

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/core/container.h"
#include "chimaera/core/method_table.h"
#include "chimaera/sched/comutex.h"
#include "chimaera/sched/corwlock.h"
#include "runtime/wait_graph.h"

namespace chi {
namespace {

LiveTask Describe(u32 worker, const ParkedRun& run, u64 now_ns) {
  LiveTask task;
  const RunContext& context = *run.context;
  if (context.container != nullptr) {
    task.pool = context.container->pool_id_;
    task.pool_name = context.container->pool_name_;
    task.module = context.container->module_name();
  }
  if (context.method != nullptr) task.method = context.method->name;
  task.group = {context.client_id, context.task_id.major_};
  task.task_minor = context.task_id.minor_;
  task.worker = worker;
  task.ready = run.wake != ParkedRun::Wake::kNone;
  task.kind = run.kind;
  task.object = reinterpret_cast<u64>(run.object);
  const bool known = run.since_ns != 0 && run.since_ns < now_ns;
  task.waited_ns = known ? now_ns - run.since_ns : 0;
  return task;
}

class Collector {
 public:
  Collector(RuntimeDump* dump, u64 max_tasks)
      : dump_(*dump),
        max_tasks_(max_tasks),
        now_ns_(SystemClock::Get().NowNs()) {}

  void Add(u32 worker, const ParkedRun& run) {
    LiveTask task = Describe(worker, run, now_ns_);
    if (!task.ready) AddWait(run, task);
    if (dump_.tasks.size() < max_tasks_) {
      dump_.tasks.push_back(std::move(task));
    } else {
      ++dump_.num_omitted;
    }
  }

  std::vector<std::string> Cycles() const { return graph_.Cycles(); }

 private:
  void AddWait(const ParkedRun& run, const LiveTask& task) {
    switch (run.kind) {
      case WaitKind::kMutex:
        return AddLock<CoMutex>(run, WaitKind::kMutex, task);
      case WaitKind::kReadLock:
      case WaitKind::kWriteLock:
        return AddLock<CoRwLock>(run, WaitKind::kReadLock, task);
      case WaitKind::kTask: {
        const Task& awaited = *static_cast<const Task*>(run.object);
        graph_.Add(task, {awaited.client_id_, awaited.task_id_.major_});
        return;
      }
      default:
        return;
    }
  }

  // Each lock is asked once, however many wait for it.
  template <class Lock>
  void AddLock(const ParkedRun& run, WaitKind kind, const LiveTask& task) {
    const auto [known, is_new] =
        lock_index_.emplace(task.object, dump_.locks.size());
    if (is_new) {
      dump_.locks.push_back(
          {task.object, kind, static_cast<const Lock*>(run.object)->Report()});
    }
    for (const auto& owner : dump_.locks[known->second].report.owners) {
      graph_.Add(task, owner.group);
    }
  }

  RuntimeDump& dump_;
  const u64 max_tasks_;
  const u64 now_ns_;
  WaitGraph graph_;
  std::unordered_map<u64, size_t> lock_index_;  // in dump_.locks
};

}  // namespace

const char* WaitKindName(WaitKind kind) {
  switch (kind) {
    case WaitKind::kTask:
      return "task";
    case WaitKind::kTasks:
      return "tasks";
    case WaitKind::kMutex:
      return "mutex";
    case WaitKind::kReadLock:
      return "read_lock";
    case WaitKind::kWriteLock:
      return "write_lock";
    case WaitKind::kSleep:
      return "sleep";
    case WaitKind::kIo:
      return "io";
    case WaitKind::kYield:
      return "yield";
    default:
      return "other";
  }
}

std::string DescribeWait(const LiveTask& task) {
  return Format("{} has waited for {} for {} ms",
                task.method.empty() ? "a call" : task.method,
                WaitKindName(task.kind), task.waited_ns / kNsPerMs);
}

RuntimeDump TakeDump(WorkOrchestrator& workers, const Watchdog& watchdog,
                     u64 max_tasks, u64 timeout_ns) {
  RuntimeDump dump;
  Collector collector(&dump, max_tasks);
  const std::vector<bool> answered = workers.VisitRuns(
      [&collector](u32 worker, const ParkedRun& run) {
        collector.Add(worker, run);
      },
      timeout_ns);
  for (u32 i = 0; i < answered.size(); ++i) {
    if (!answered[i]) dump.silent_workers.push_back(i);
  }
  dump.cycles = collector.Cycles();
  dump.stuck = watchdog.Stuck();
  return dump;
}

}  // namespace chi

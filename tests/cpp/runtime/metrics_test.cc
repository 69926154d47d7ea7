// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What is counted of tasks: exactly as many as there were, whatever becomes of
// them and whoever runs them. Counts decide, no clock does.

#include "chimaera/runtime/metrics.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "chimaera/core/sampling.h"
#include "chimaera/core/task_errors.h"
#include "chimaera/ipc/control_server.h"
#include "embedded.h"
#include "runtime/fan_pool.h"
#include "support/wait_until.h"

namespace chi::test {
namespace {

constexpr PoolId kEcho(300, 0);
constexpr u64 kHourNs = 3600 * kNsPerSec;

PoolMetrics Pool(Embedded& e, PoolId id = kEcho) {
  for (const PoolMetrics& pool : e.runtime().pools().ListMetrics()) {
    if (pool.info.id == id) return pool;
  }
  FAIL("no pool");
  return {};
}

MethodMetrics::Row Method(Embedded& e, const std::string& name) {
  for (const MethodMetrics::Row& row : Pool(e).methods) {
    if (row.name == name) return row;
  }
  FAIL("no method " + name);
  return {};
}

struct WorkerTotals {
  u64 tasks = 0;
  u64 handed_over = 0;
};

WorkerTotals Totals(Embedded& e) {
  WorkerTotals totals;
  for (Worker* worker : e.runtime().workers().AllWorkers()) {
    totals.tasks += worker->stats().tasks.load();
    totals.handed_over += worker->stats().handed_over.load();
  }
  return totals;
}

u64 ClientTasks(Embedded& e) {
  u64 tasks = 0;
  for (const auto& session : e.runtime().control().Sessions()) {
    tasks += session->tasks_taken();
  }
  return tasks;
}

TEST_CASE("Metrics: tasks and failures of many threads are counted exactly") {
  Embedded e(2);
  constexpr u32 kThreads = 4;
  constexpr u32 kNulls = 5000;
  constexpr u32 kThrows = 30;
  const u64 before = ClientTasks(e);
  const u64 errors_before = e.runtime().errors().total();
  std::vector<std::thread> threads;
  for (u32 t = 0; t < kThreads; ++t) {
    threads.emplace_back([&e] {
      chimaera::echo::Client echo = e.echo;
      for (u32 i = 0; i < kNulls; ++i) {
        echo.AsyncNull(HSHM_MCTX, PoolQuery::Local()).Wait();
        if (i < kThrows) {
          echo.AsyncThrow(HSHM_MCTX, PoolQuery::Local(), "no").Wait();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(Method(e, "Null").tasks == kThreads * kNulls);
  CHECK(Method(e, "Null").failed == 0);
  CHECK(Method(e, "Throw").tasks == kThreads * kThrows);
  CHECK(Method(e, "Throw").failed == kThreads * kThrows);
  CHECK(ClientTasks(e) - before == kThreads * (kNulls + kThrows));
  const auto sessions = e.runtime().control().Sessions();
  REQUIRE(sessions.size() == 1);
  CHECK(sessions[0]->tasks_failed() == kThreads * kThrows);
  CHECK(e.runtime().errors().total() - errors_before == kThreads * kThrows);
}

TEST_CASE("Metrics: the last errors say what failed") {
  Embedded e(1);
  for (u64 i = 0; i < TaskErrors::kKept; ++i) {
    e.echo.AsyncThrow(HSHM_MCTX, PoolQuery::Local(), "early").Wait();
  }
  e.echo.AsyncThrow(HSHM_MCTX, PoolQuery::Local(), "late").Wait();
  const std::vector<TaskError> last = e.runtime().errors().Last();
  REQUIRE(last.size() == TaskErrors::kKept);
  CHECK(last[0].pool_id == kEcho);
  CHECK(last[0].pool_name == "echo");
  CHECK(last[0].method_name == "Throw");
  CHECK(last[0].code == static_cast<u32>(StatusCode::kModuleException));
  CHECK(last[0].message.find("late") != std::string::npos);
  CHECK(last[1].message.find("early") != std::string::npos);
  CHECK(last[0].client_id != 0);
  CHECK(last[0].unix_ns >= last[1].unix_ns);
}

TEST_CASE("Metrics: what names no pool fails with its client alone") {
  Embedded e(1);
  const u64 before = e.runtime().errors().total();
  chimaera::echo::Client nobody;
  nobody.Init(PoolId(999, 0));
  CHECK_FALSE(nobody.AsyncNull(HSHM_MCTX, PoolQuery::Local()).Get().ok());
  CHECK(e.runtime().errors().total() == before + 1);
  CHECK(e.runtime().errors().Last()[0].pool_id == PoolId(999, 0));
  CHECK(e.runtime().errors().Last()[0].pool_name.empty());
}

TEST_CASE("Metrics: a cancelled task is one that failed; the wish is none") {
  Embedded e(2);
  const u64 before = ClientTasks(e);
  for (int i = 0; i < 3; ++i) {
    auto sleep = e.echo.AsyncSleep(HSHM_MCTX, PoolQuery::Local(), kHourNs);
    CHECK(sleep.Cancel());
    CHECK(sleep.Get().code() == StatusCode::kCancelled);
  }
  CHECK(Method(e, "Sleep").tasks == 3);
  CHECK(Method(e, "Sleep").failed == 3);
  CHECK(WaitUntil([&] { return ClientTasks(e) - before == 3; }));
}

// A worker takes a task that it hands over out of its figure when another one
// may have run it already.
bool HasBegun(Embedded& e, const WorkerTotals& before, u64 tasks) {
  return WaitUntil([&] { return Totals(e).tasks - before.tasks == tasks; });
}

TEST_CASE("Metrics: long tasks are counted once, wherever they run") {
  Embedded e(2);
  const WorkerTotals before = Totals(e);
  // It says that it is long, and is handed over.
  for (int i = 0; i < 40; ++i) {
    auto busy = e.echo.AsyncBusy(HSHM_MCTX, PoolQuery::Local(), 200'000);
    CHECK(busy.Get().ok());
  }
  CHECK(Method(e, "Busy").tasks == 40);
  CHECK(HasBegun(e, before, 40));
  CHECK(WaitUntil(
      [&] { return Totals(e).handed_over - before.handed_over == 40; }));
}

// Behind one that holds the long worker; cancelled before it is their turn.
u32 CancelWaiting(Embedded& e, u32 count) {
  auto first = e.echo.AsyncBusy(HSHM_MCTX, PoolQuery::Local(), kNsPerSec / 5);
  std::vector<Future<chimaera::echo::BusyTask>> waiting;
  for (u32 i = 0; i < count; ++i) {
    waiting.push_back(
        e.echo.AsyncBusy(HSHM_MCTX, PoolQuery::Local(), kNsPerMs));
  }
  for (auto& each : waiting) static_cast<void>(each.Cancel());
  u32 cancelled = 0;
  for (auto& each : waiting) {
    cancelled += each.Get().code() == StatusCode::kCancelled;
  }
  CHECK(first.Get().ok());
  return cancelled;
}

TEST_CASE("Metrics: what is cancelled before a worker had it is a task, too") {
  Embedded e(2);
  const WorkerTotals before = Totals(e);
  const u64 errors_before = e.runtime().errors().total();
  constexpr u32 kCount = 50;
  u64 submitted = 0;
  u64 cancelled = 0;
  // Again, should all of them have run already.
  CHECK(WaitUntil([&] {
    cancelled += CancelWaiting(e, kCount);
    submitted += 1 + kCount;
    return cancelled > 0;
  }));
  CHECK(Method(e, "Busy").tasks == submitted);
  CHECK(Method(e, "Busy").failed == cancelled);
  CHECK(e.runtime().errors().total() - errors_before == cancelled);
  CHECK(HasBegun(e, before, submitted));
}

TEST_CASE("Metrics: a client's broadcast fails once, whoever it fails for") {
  Embedded e(2, CHI_TEST_FAN_DIR);
  FanPool fan;
  fan.Create(4);
  constexpr u64 kTasks = 10;
  for (u64 i = 0; i < kTasks; ++i) {
    CHECK_FALSE(
        fan.Work(PoolQuery::Broadcast(), fan::Act::kFail, 0xf).Get().ok());
  }
  const auto sessions = e.runtime().control().Sessions();
  REQUIRE(sessions.size() == 1);
  CHECK(sessions[0]->tasks_failed() == kTasks);
}

TEST_CASE("Metrics: what fails as it is decided is no more than was begun") {
  Embedded e(1, CHI_TEST_FAN_DIR);
  FanPool fan;
  fan.Create(2);
  const auto fail = [&fan](fan::Act act) {
    return fan.Work(PoolQuery::Dynamic(), act).Get().ok();
  };
  CHECK_FALSE(fail(fan::Act::kUndecided));
  CHECK_FALSE(fail(fan::Act::kBeyond));
  std::atomic<int> over{0};
  e.worker(0).InjectCall([&](RunContext&) {
    over += fail(fan::Act::kUndecided) ? 100 : 1;
    over += fail(fan::Act::kBeyond) ? 100 : 1;
  });
  REQUIRE(WaitUntil([&] { return over.load() >= 2; }));
  CHECK(over.load() == 2);
  const PoolMetrics pool = Pool(e, FanPool::kId);
  for (const MethodMetrics::Row& row : pool.methods) {
    INFO(row.name << ": " << row.failed << " of " << row.tasks);
    CHECK(row.failed <= row.tasks);
    if (row.name == "Work") CHECK(row.failed == 2);
  }
}

TEST_CASE("Metrics: a task for the pool dynamically is one task") {
  Embedded e(1);
  for (int i = 0; i < 10; ++i) {
    CHECK(e.echo.AsyncNull(HSHM_MCTX, PoolQuery::Dynamic()).Get().ok());
  }
  CHECK(Method(e, "Null").tasks == 10);
}

TEST_CASE("Metrics: samples stand for all runs, whatever the rate") {
  for (const u32 one_in : {1u, 8u}) {
    Embedded e(1);
    SetSampling({true, one_in});
    constexpr u64 kTasks = 4000;
    for (u64 i = 0; i < kTasks; ++i) {
      e.echo.AsyncNull(HSHM_MCTX, PoolQuery::Local()).Wait();
    }
    SetSampling({});
    const LatencyCounts runs = Method(e, "Null").runs;
    INFO(one_in << ": " << runs.total());
    // The random distances between samples even out; the first ones may be
    // those of the rate before.
    CHECK(runs.total() > kTasks * 3 / 4);
    CHECK(runs.total() < kTasks * 5 / 4);
    CHECK(runs.max_ns > 0);
    const auto sessions = e.runtime().control().Sessions();
    CHECK(sessions[0]->runs().total() >= runs.total());
    CHECK(e.worker(0).runs().total() >= runs.total());
  }
}

TEST_CASE("Metrics: costs are learned however few samples are wanted") {
  Embedded e(1);
  SetSampling({true, Sampling::kMaxOneIn});
  constexpr u64 kTasks = 20'000;
  for (u64 i = 0; i < kTasks; ++i) {
    e.echo.AsyncNull(HSHM_MCTX, PoolQuery::Local()).Wait();
  }
  SetSampling({});
  u64 samples = 0;
  for (const MethodCosts::Row& cost : Pool(e).costs) {
    if (cost.method_name == "Null") samples = cost.estimate.samples;
  }
  // One in 96 at the most; a few may be of others' tasks.
  CHECK(samples >= kTasks / 200);
}

TEST_CASE("Metrics: switched off, histograms stand still, counters do not") {
  Embedded e(1);
  SetSampling({false, 1});
  for (u64 i = 0; i < 500; ++i) {
    e.echo.AsyncNull(HSHM_MCTX, PoolQuery::Local()).Wait();
  }
  SetSampling({});
  CHECK(Method(e, "Null").tasks == 500);
  CHECK(Method(e, "Null").runs.total() == 0);
}

TEST_CASE("Metrics: a method that holds a worker is shown while it runs") {
  Embedded e(2);
  const auto shown = [&e] {
    for (Worker* worker : e.runtime().workers().AllWorkers()) {
      const Running running = worker->running();
      if (running.since_ns != 0 && running.pool_id == kEcho) return true;
    }
    return false;
  };
  // Again, should this thread not have run meanwhile.
  CHECK(WaitUntil([&] {
    bool seen = false;
    auto busy = e.echo.AsyncBusy(HSHM_MCTX, PoolQuery::Local(), kNsPerSec);
    while (!seen && !busy.IsDone()) seen = shown();
    return busy.Get().ok() && seen;
  }));
  for (Worker* worker : e.runtime().workers().AllWorkers()) {
    CHECK(WaitUntil([&] { return worker->running().since_ns == 0; }));
  }
}

TEST_CASE("Metrics: a new pool in an old one's place begins at 0") {
  Embedded e(1);
  for (int round = 0; round < 3; ++round) {
    chimaera::echo::Client echo;
    const PoolId id(400, 0);
    REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Dynamic(), "again", id).ok());
    for (int i = 0; i < 5; ++i) {
      CHECK(echo.AsyncNull(HSHM_MCTX, PoolQuery::Local()).Get().ok());
    }
    u64 tasks = 0;
    for (const auto& row : Pool(e, id).methods) tasks += row.tasks;
    CHECK(tasks == 5);
    RunContext ctx;
    REQUIRE(e.runtime().pools().Destroy(id, {}, ctx).ok());
  }
}

TEST_CASE("Metrics: counters never go back while tasks run") {
  Embedded e(2);
  std::atomic<bool> stop{false};
  std::thread load([&] {
    chimaera::echo::Client echo = e.echo;
    while (!stop.load()) {
      echo.AsyncBusy(HSHM_MCTX, PoolQuery::Local(), 60'000).Wait();
      for (int i = 0; i < 50; ++i) {
        echo.AsyncNull(HSHM_MCTX, PoolQuery::Local()).Wait();
      }
    }
  });
  u64 begun = 0;
  u64 taken = 0;
  u64 counted = 0;
  int looks = 0;
  const auto look = [&] {
    u64 now = 0;
    for (Worker* worker : e.runtime().workers().AllWorkers()) {
      now += worker->TasksBegun();
    }
    CHECK(now >= begun);
    begun = now;
    now = ClientTasks(e);
    CHECK(now >= taken);
    taken = now;
    now = Method(e, "Null").tasks + Method(e, "Busy").tasks;
    CHECK(now >= counted);
    counted = now;
    return ++looks >= 300 && counted > 3000;
  };
  CHECK(WaitUntil(look));
  stop = true;
  load.join();
}

}  // namespace
}  // namespace chi::test

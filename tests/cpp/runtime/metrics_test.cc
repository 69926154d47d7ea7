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

TEST_CASE("Metrics: long tasks are counted once, wherever they run") {
  Embedded e(2);
  // Learned to be long after the first few, and handed over from then on.
  for (int i = 0; i < 40; ++i) {
    auto busy = e.echo.AsyncBusy(HSHM_MCTX, PoolQuery::Local(), 200'000);
    CHECK(busy.Get().ok());
  }
  CHECK(Method(e, "Busy").tasks == 40);
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
  for (int look = 0; look < 300; ++look) {
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
  }
  stop = true;
  load.join();
}

}  // namespace
}  // namespace chi::test

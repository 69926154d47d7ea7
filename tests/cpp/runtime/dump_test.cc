// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a dump says of methods that wait, of locks, and of deadlocks.

#include "chimaera/runtime/dump.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "chimaera/admin/admin_client.h"
#include "chimaera/sched/comutex.h"
#include "embedded.h"
#include "runtime/wait_graph.h"
#include "support/wait_until.h"

namespace chi::test {
namespace {

constexpr u64 kAnswerNs = 5 * kNsPerSec;
constexpr u64 kAll = 1000;
constexpr u64 kHourNs = 3600 * kNsPerSec;

RuntimeDump Dump(Embedded& e, u64 max_tasks = kAll,
                 u64 timeout_ns = kAnswerNs) {
  return TakeDump(e.runtime().workers(), e.runtime().watchdog(), max_tasks,
                  timeout_ns);
}

bool Holds(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

LiveTask TaskOf(u64 client, u64 major) {
  LiveTask task;
  task.group = {client, major};
  task.method = "Copy";
  task.pool = PoolId(300, 0);
  task.kind = WaitKind::kMutex;
  task.object = 0xbeef;
  return task;
}

TEST_CASE("WaitGraph: a chain is no ring, a ring is named once") {
  WaitGraph graph;
  CHECK(graph.Cycles().empty());
  graph.Add(TaskOf(1, 1), {1, 1});
  graph.Add(TaskOf(1, 1), {1, 2});
  graph.Add(TaskOf(1, 2), {1, 3});
  graph.Add(TaskOf(7, 7), {1, 1});
  CHECK(graph.Cycles().empty());
  graph.Add(TaskOf(1, 3), {1, 1});
  graph.Add(TaskOf(1, 3), {1, 1});
  const auto cycles = graph.Cycles();
  REQUIRE(cycles.size() == 1);
  CHECK(Holds(cycles[0],
              "client 1 task 3 (Copy of pool 300.0) waits for mutex "
              "0xbeef of client 1 task 1"));
}

TEST_CASE("WaitGraph: 100,000 that wait in a row are no deep recursion") {
  WaitGraph graph;
  for (u64 i = 0; i < 100'000; ++i) graph.Add(TaskOf(1, i), {1, i + 1});
  CHECK(graph.Cycles().empty());
  graph.Add(TaskOf(1, 100'000), {1, 0});
  CHECK(graph.Cycles().size() == 1);
}

TEST_CASE("Dump: a method that sleeps is listed with what and for whom") {
  Embedded e(2);
  auto sleep = e.echo.AsyncSleep(HSHM_MCTX, PoolQuery::Local(), kHourNs);
  RuntimeDump dump;
  REQUIRE(WaitUntil([&] {
    dump = Dump(e);
    return dump.tasks.size() == 1 && dump.silent_workers.empty();
  }));
  const LiveTask& task = dump.tasks[0];
  CHECK(task.pool == PoolId(300, 0));
  CHECK(task.pool_name == "echo");
  CHECK(task.module == "chimaera_echo");
  CHECK(task.method == "Sleep");
  CHECK(task.group.major == sleep->task_id_.major_);
  CHECK(task.group.client != 0);
  CHECK(task.kind == WaitKind::kSleep);
  CHECK(dump.locks.empty());
  CHECK(dump.cycles.empty());
  CHECK(Holds(dump.ToJson(), "\"waits_for\": \"sleep\""));
  CHECK(sleep.Cancel());
}

TEST_CASE("Dump: what clients chose cannot break the document") {
  RuntimeDump dump;
  dump.cycles = {"\xff \"\n"};
  CHECK(Holds(dump.ToJson(), R"("cycles": ["\ufffd \"\u000a"])"));
  Embedded e(1);
  chimaera::echo::Client other;
  const chimaera::Outcome made =
      other.Create(HSHM_MCTX, PoolQuery::Dynamic(), "\xff", PoolId(301, 0));
  CHECK(made.code() == StatusCode::kBadRequest);
  CHECK(Holds(std::string(made.message()), "not UTF-8"));
}

TEST_CASE("Dump: over a limit, tasks are counted and not listed") {
  Embedded e(1);
  std::vector<Future<chimaera::echo::SleepTask>> sleeps;
  for (int i = 0; i < 5; ++i) {
    sleeps.push_back(e.echo.AsyncSleep(HSHM_MCTX, PoolQuery::Local(), kHourNs));
  }
  REQUIRE(WaitUntil([&] {
    const RuntimeDump dump = Dump(e, 2);
    return dump.tasks.size() == 2 && dump.num_omitted == 3;
  }));
  for (auto& sleep : sleeps) CHECK(sleep.Cancel());
}

TEST_CASE("Dump: two groups that hold what the other wants are a deadlock") {
  Embedded e(2);
  CoMutex first;
  CoMutex second;
  std::atomic<int> holding{0};
  std::atomic<int> over{0};
  const auto cross = [&](CoMutex& mine, CoMutex& others) {
    return [&](RunContext&) {
      const ScopedCoMutex hold(mine);
      holding.fetch_add(1);
      while (holding.load() < 2) this_task::Yield();
      if (others.TryLockFor(3 * kNsPerSec)) others.Unlock();
      over.fetch_add(1);
    };
  };
  e.worker(0).InjectCall(cross(first, second));
  e.worker(1).InjectCall(cross(second, first));
  RuntimeDump dump;
  REQUIRE(WaitUntil([&] {
    dump = Dump(e);
    return dump.locks.size() == 2 || over.load() == 2;
  }));
  if (dump.locks.size() == 2) {
    REQUIRE(dump.cycles.size() == 1);
    CHECK(Holds(dump.cycles[0], "waits for mutex 0x"));
    for (const LiveLock& lock : dump.locks) {
      REQUIRE(lock.report.owners.size() == 1);
      REQUIRE(lock.report.waiting.size() == 1);
      CHECK(lock.report.owners[0].group != lock.report.waiting[0].group);
    }
    CHECK(Holds(dump.ToJson(), "\"kind\": \"mutex\""));
  }
  REQUIRE(WaitUntil([&] { return over.load() == 2; }));
}

TEST_CASE("Dump: a worker that a method holds is silent, and named") {
  std::atomic<bool> release{false};
  std::atomic<bool> over{false};
  Embedded e(2);
  e.worker(1).InjectCall([&](RunContext&) {
    while (!release.load()) std::this_thread::yield();
    over = true;
  });
  CHECK(WaitUntil([&] {
    const RuntimeDump dump = Dump(e, kAll, 20 * kNsPerMs);
    return dump.silent_workers == std::vector<u32>{1} &&
           dump.stuck.size() == 1 && dump.stuck[0].worker == 1;
  }));
  release = true;
  REQUIRE(WaitUntil([&] { return over.load(); }));
  REQUIRE(WaitUntil([&] {
    const RuntimeDump dump = Dump(e);
    return dump.silent_workers.empty() && dump.stuck.empty();
  }));
}

TEST_CASE("Dump: a client is told too, by the admin pool") {
  Embedded e(2);
  const auto json = CHI_ADMIN->Dump(HSHM_MCTX);
  INFO(json.status());
  REQUIRE(json.ok());
  CHECK(Holds(*json, "\"tasks\": [{\"pool\": \"1.0\""));
  CHECK(Holds(*json, "\"method\": \"Dump\""));
}

}  // namespace
}  // namespace chi::test

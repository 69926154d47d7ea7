// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Several workers together: rounds over all of them, and the mapping of rings.

#include "chimaera/sched/work_orchestrator.h"

#include <atomic>
#include <set>
#include <thread>

#include "sched/worker_harness.h"
#include "support/catch.h"

namespace chi::test {
namespace {

SchedOptions Options(u32 num_workers) {
  SchedOptions options;
  options.num_workers = num_workers;
  options.pin_workers = false;
  options.stop_grace_ns = 0;
  return options;
}

struct Workers {
  explicit Workers(
      u32 count, LambdaExecutor::Method method = [](u64, RunContext&) {})
      : executor(std::move(method)),
        all(Options(count), executor, nullptr, nullptr) {
    CHI_CHECK_OK(all.Start());
  }
  LambdaExecutor executor;
  WorkOrchestrator all;
};

TEST_CASE("ResolveNumWorkers: there is at least one and at most kMaxWorkers") {
  SchedOptions options;
  CHECK(ResolveNumWorkers(options) >= 1);
  options.num_workers = 3;
  CHECK(ResolveNumWorkers(options) == 3);
  options.num_workers = 100'000;
  CHECK(ResolveNumWorkers(options) == kMaxWorkers);
}

TEST_CASE("WorkOrchestrator: a thread keeps its worker, threads spread") {
  Workers workers(4);
  std::set<u32> used;
  for (u32 tid = 1000; tid < 1064; ++tid) {
    const u32 worker = workers.all.MapRing({5, 77, tid}, kLowLatency);
    REQUIRE(worker < 3);  // the last one is for long tasks
    CHECK(workers.all.MapRing({5, 77, tid}, kLowLatency) == worker);
    CHECK(workers.all.MapRing({5, 77, tid}, kHighLatency) == 3);
    used.insert(worker);
  }
  CHECK(used.size() == 3);
}

TEST_CASE("WorkOrchestrator: a round visits every worker once, from a thread") {
  const u32 count = GENERATE(1u, 2u, 4u);
  Workers workers(count);
  Log<u32> visited;
  workers.all.RunOnEachWorker([&](Worker& worker) {
    visited.Add(Worker::Current() == &worker ? worker.index() : 99);
  });
  const std::vector<u32> seen = visited.Get();
  CHECK(seen.size() == count);
  const std::set<u32> different(seen.begin(), seen.end());
  CHECK(different.size() == count);
  CHECK(*different.rbegin() == count - 1);
}

TEST_CASE("WorkOrchestrator: a round visits every worker from a method") {
  const u32 count = GENERATE(1u, 2u, 4u);
  Workers workers(count);
  std::atomic<u32> visits{0};
  std::atomic<u32> seen_after{0};
  workers.all.worker(count - 1).InjectCall([&](RunContext&) {
    workers.all.RunOnEachWorker([&](Worker&) { ++visits; });
    seen_after = visits.load();
  });
  CHECK(WaitUntil([&] { return seen_after != 0; }));
  CHECK(seen_after == count);
}

TEST_CASE("WorkOrchestrator: rounds of all workers at once end") {
  const u32 count = GENERATE(1u, 2u, 4u);
  constexpr u32 kRounds = 100;
  Workers workers(count);
  std::atomic<u32> visits{0}, ended{0};
  for (u32 i = 0; i < count; ++i) {
    for (u32 round = 0; round < kRounds; ++round) {
      workers.all.worker(i).InjectCall([&](RunContext&) {
        workers.all.RunOnEachWorker([&](Worker&) { ++visits; });
        ++ended;
      });
    }
  }
  CHECK(WaitUntil([&] { return ended == count * kRounds; }));
  CHECK(visits == count * count * kRounds);
}

TEST_CASE(
    "WorkOrchestrator: a client at its limit of tasks may ask for a round") {
  // The bug: parking for the round counted against the client, was refused,
  // and the method tried again for ever on a worker that did nothing else.
  std::atomic<bool> done{false};
  WorkOrchestrator* all = nullptr;
  LambdaExecutor executor([&](u64 value, RunContext&) {
    if (value == 1) {
      ParkedRun run;
      static_cast<void>(Worker::Current()->Park(run, kNoDeadlineNs));
    } else {
      all->Quiesce();
      done = true;
    }
  });
  FakeClient client(5, /*max_tasks=*/1);
  WorkOrchestrator workers(Options(1), executor, nullptr, nullptr);
  all = &workers;
  REQUIRE(workers.Start().ok());
  RingProducer<> ring = client.Attach(workers.worker(0));
  client.Push(ring, 1);
  REQUIRE(WaitUntil([&] { return workers.worker(0).stats().parked == 1; }));
  client.Push(ring, 2);
  CHECK(WaitUntil([&] { return done.load(); }));
  CHECK(client.session->tasks_in_flight() == 1);
  workers.Stop();
  CHECK(client.session->tasks_in_flight() == 0);
}

TEST_CASE("WorkOrchestrator: rounds end while the workers stop") {
  // Threads and methods keep asking for rounds; the workers end one after the
  // other, and whoever waits for one that has ended is let go.
  for (int i = 0; i < 50; ++i) {
    std::atomic<bool> stop{false};
    std::atomic<u64> rounds{0};
    Workers workers(2);
    std::thread thread([&] {
      while (!stop) {
        workers.all.Quiesce();
        ++rounds;
      }
    });
    for (u32 w = 0; w < 2; ++w) {
      workers.all.worker(w).InjectCall([&](RunContext&) {
        for (int n = 0; n < 20; ++n) workers.all.Quiesce();
      });
    }
    REQUIRE(WaitUntil([&] { return rounds > 0; }));
    workers.all.Stop();
    stop = true;
    thread.join();
  }
}

TEST_CASE(
    "WorkOrchestrator: before its start and after its end rounds are empty") {
  LambdaExecutor executor([](u64, RunContext&) {});
  WorkOrchestrator workers(Options(2), executor, nullptr, nullptr);
  u32 visits = 0;
  workers.RunOnEachWorker([&](Worker&) { ++visits; });
  REQUIRE(workers.Start().ok());
  workers.Stop();
  workers.RunOnEachWorker([&](Worker&) { ++visits; });
  CHECK(visits == 0);
}

TEST_CASE("WorkOrchestrator: clients read where the workers run") {
  ControlPage page{};
  LambdaExecutor executor([](u64, RunContext&) {});
  WorkOrchestrator workers(Options(2), executor, &page, nullptr);
  REQUIRE(workers.Start().ok());
  workers.Quiesce();
  CHECK(page.workers[0].cpu.load() < 4096);
  CHECK(WaitUntil([&] { return page.workers[1].spinning.load() == 0; }));
  workers.Stop();
}

}  // namespace
}  // namespace chi::test

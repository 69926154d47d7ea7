// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Handing over: which worker runs a long task, in which order, and what holds
// when its client goes at any moment. The executor plays the dispatcher: values
// from kLong on are long tasks.

#include "sched/long_tasks.h"

#include <atomic>
#include <thread>

#include "sched/worker_harness.h"
#include "support/catch.h"

namespace chi::test {
namespace {

constexpr u64 kLong = 1000;

// A short worker and a long one, which start when the test says so.
struct TwoWorkers {
  explicit TwoWorkers(LambdaExecutor::Method method, u32 max_tasks = 1024)
      : client(5, max_tasks),
        executor(
            [this, method = std::move(method)](u64 value, RunContext& ctx) {
              if (value >= kLong) {
                const Result<bool> away =
                    Worker::Current()->HandOver(ShmPtr::FromBits(value));
                if (!away.ok())
                  refused.Add(std::string(away.status().message()));
                if (!away.ok() || *away) return;
              }
              ran.Add({value, Worker::Current()->index()});
              method(value, ctx);
            }),
        short_worker(Options(WorkerKind::kShort, 0), executor),
        long_worker(Options(WorkerKind::kLong, 1), executor) {
    long_workers.push_back(&long_worker);
  }
  ~TwoWorkers() {
    short_worker.Stop();
    long_worker.Stop();
  }
  WorkerOptions Options(WorkerKind kind, u32 index) {
    WorkerOptions options = TestOptions();
    options.index = index;
    options.kind = kind;
    options.long_task_workers = &long_workers;
    options.stop_grace_ns = 0;
    return options;
  }
  void Start() {
    CHI_CHECK_OK(short_worker.Start());
    CHI_CHECK_OK(long_worker.Start());
  }

  std::vector<Worker*> long_workers;
  FakeClient client;
  Log<std::string> refused;
  Log<std::pair<u64, u32>> ran;
  LambdaExecutor executor;
  Worker short_worker;
  Worker long_worker;
};

using Ran = std::vector<std::pair<u64, u32>>;

TEST_CASE("LongTasks: lanes take turns, each in its own order") {
  FakeClient a{5}, b{6};
  auto of_a = std::make_shared<LaneHold>(a.session);
  auto of_b = std::make_shared<LaneHold>(b.session);
  LongTasks tasks;
  CHECK(tasks.empty());
  for (u64 i = 1; i <= 3; ++i) tasks.Push({of_a, ShmPtr::FromBits(i)});
  for (u64 i = 11; i <= 12; ++i) tasks.Push({of_b, ShmPtr::FromBits(i)});
  CHECK(tasks.size() == 5);
  std::vector<u64> order;
  while (!tasks.empty()) order.push_back(tasks.Pop().pointer.bits_);
  CHECK(order == std::vector<u64>{1, 11, 2, 12, 3});
}

TEST_CASE("Worker: long tasks are run by the long worker, in order") {
  TwoWorkers w([](u64, RunContext&) {});
  RingProducer<> ring = w.client.Attach(w.short_worker);
  for (u64 i = 0; i < 4; ++i) {
    REQUIRE(ring.TryPush(kLong + i));
    REQUIRE(ring.TryPush(i + 1));
  }
  w.Start();
  REQUIRE(w.ran.Reaches(8));
  Ran on_long, on_short;
  for (const auto& run : w.ran.Get()) {
    (run.second == 1 ? on_long : on_short).push_back(run);
  }
  CHECK(on_long == Ran{{1000, 1}, {1001, 1}, {1002, 1}, {1003, 1}});
  CHECK(on_short == Ran{{1, 0}, {2, 0}, {3, 0}, {4, 0}});
  CHECK(WaitUntil([&] { return w.client.session->tasks_in_flight() == 0; }));
  CHECK(w.short_worker.stats().handed_over == 4);
  CHECK(w.short_worker.stats().tasks == 4);
  CHECK(w.long_worker.stats().tasks == 4);
  CHECK(w.long_worker.stats().long_waiting == 0);
}

TEST_CASE("Worker: a single worker runs waiting short tasks first") {
  Log<u64> ran;
  LambdaExecutor executor([&](u64 value, RunContext&) {
    if (value >= kLong &&
        *Worker::Current()->HandOver(ShmPtr::FromBits(value))) {
      return;
    }
    ran.Add(value);
  });
  FakeClient client;
  Worker worker(TestOptions(), executor);
  RingProducer<> a = client.Attach(worker);
  RingProducer<> b = client.Attach(worker);
  REQUIRE(a.TryPush(kLong));
  REQUIRE(a.TryPush(1));
  REQUIRE(b.TryPush(2));
  REQUIRE(worker.Start().ok());
  REQUIRE(ran.Reaches(3));
  CHECK(ran.Get() == std::vector<u64>{1, 2, kLong});
  worker.Stop();
}

TEST_CASE("Worker: long tasks are not starved by short ones without end") {
  std::atomic<u64> short_ran{0}, long_ran{0};
  std::atomic<bool> stop{false};
  LambdaExecutor executor([&](u64 value, RunContext&) {
    if (value >= kLong) {
      if (*Worker::Current()->HandOver(ShmPtr::FromBits(value))) return;
      Worker::Current()->CountRun(kNsPerMs, 1);
      ++long_ran;
    } else {
      ++short_ran;
    }
  });
  FakeClient client;
  Worker worker(TestOptions(), executor);
  RingProducer<> ring = client.Attach(worker);
  RingProducer<> other = client.Attach(worker);
  REQUIRE(worker.Start().ok());
  for (u64 i = 0; i < 10; ++i) client.Push(other, kLong);
  std::thread filler([&] {
    while (!stop) {
      if (ring.TryPush(1)) client.Wake(ring);
    }
  });
  CHECK(WaitUntil([&] { return long_ran == 10; }));
  stop = true;
  filler.join();
  worker.Stop();
}

TEST_CASE("Worker: what came by a high-latency ring is run where it came") {
  TwoWorkers w([](u64, RunContext&) {});
  RingProducer<> ring = w.client.Attach(w.long_worker, Priority::kHighLatency);
  REQUIRE(ring.TryPush(kLong));
  w.Start();
  REQUIRE(w.ran.Reaches(1));
  CHECK(w.ran.Get() == Ran{{kLong, 1}});
  CHECK(w.long_worker.stats().handed_over == 0);
}

TEST_CASE("Worker: a client with too many long tasks is told the numbers") {
  TwoWorkers w([](u64, RunContext&) {}, /*max_tasks=*/2);
  RingProducer<> ring = w.client.Attach(w.short_worker);
  for (u64 i = 0; i < 3; ++i) REQUIRE(ring.TryPush(kLong + i));
  REQUIRE(w.short_worker.Start().ok());  // the long worker sleeps on
  REQUIRE(w.refused.Reaches(1));
  CHECK(w.refused.Get()[0] ==
        "client 5 (process 4711) has 2 of 2 tasks in flight");
  REQUIRE(w.long_worker.Start().ok());
  REQUIRE(w.ran.Reaches(2));
}

TEST_CASE("Worker: a client that goes takes its waiting long tasks along") {
  // The long worker is held up while the client leaves: what waits is dropped,
  // and `done` comes after the last task that was handed over.
  std::atomic<bool> go_on{false};
  TwoWorkers w([&](u64, RunContext&) {
    while (!go_on) sched_yield();
  });
  RingProducer<> ring = w.client.Attach(w.short_worker);
  for (u64 i = 0; i < 8; ++i) REQUIRE(ring.TryPush(kLong + i));
  w.Start();
  REQUIRE(w.ran.Reaches(1));
  REQUIRE(WaitUntil([&] { return w.short_worker.stats().handed_over == 8; }));
  std::atomic<int> done{0};
  w.client.session->MarkEnded();
  w.short_worker.DetachSession(5, [&] { ++done; });
  w.long_worker.DetachSession(5, [&] { ++done; });
  REQUIRE(WaitUntil([&] { return w.short_worker.stats().rings == 0; }));
  CHECK(done == 0);
  go_on = true;
  CHECK(WaitUntil([&] { return done == 2; }));
  CHECK(w.ran.size() == 1);
  CHECK(WaitUntil([&] { return w.client.session->tasks_in_flight() == 0; }));
  CHECK(WaitUntil([&] { return w.client.session.use_count() == 1; }));
}

TEST_CASE("Worker: a parked long task is woken when its client goes") {
  std::atomic<bool> cancelled{false};
  TwoWorkers w([&](u64, RunContext&) {
    ParkedRun run;
    const Status parked = Worker::Current()->Park(run, kNoDeadlineNs);
    cancelled = parked.code() == StatusCode::kCancelled;
  });
  RingProducer<> ring = w.client.Attach(w.short_worker);
  REQUIRE(ring.TryPush(kLong));
  w.Start();
  REQUIRE(WaitUntil([&] { return w.long_worker.stats().parked == 1; }));
  std::atomic<int> done{0};
  w.client.session->MarkEnded();
  w.short_worker.DetachSession(5, [&] { ++done; });
  w.long_worker.DetachSession(5, [&] { ++done; });
  CHECK(WaitUntil([&] { return done == 2; }));
  CHECK(cancelled);
}

TEST_CASE("Worker: clients that come and go in the middle of it all") {
  // Many lives of a client, each ended at another moment of its hand-overs.
  TwoWorkers w([](u64 value, RunContext&) {
    if (value % 2 == 0) static_cast<void>(Worker::Current()->Yield());
  });
  w.Start();
  for (u64 life = 0; life < 200; ++life) {
    FakeClient client(100 + life);
    RingProducer<> ring = client.Attach(w.short_worker);
    for (u64 i = 0; i <= life % 40; ++i) {
      client.Push(ring, i % 3 == 0 ? 1 : kLong + i);
    }
    std::atomic<int> done{0};
    client.session->MarkEnded();
    w.long_worker.DetachSession(client.session->id(), [&] { ++done; });
    w.short_worker.DetachSession(client.session->id(), [&] { ++done; });
    REQUIRE(WaitUntil([&] { return done == 2; }));
    REQUIRE(WaitUntil([&] { return client.session.use_count() == 1; }));
    REQUIRE(client.session->tasks_in_flight() == 0);
  }
  CHECK(w.long_worker.stats().long_waiting == 0);
}

}  // namespace
}  // namespace chi::test

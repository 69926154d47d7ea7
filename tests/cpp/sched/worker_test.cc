// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A worker with a session and real rings, but with methods that the test
// writes: the order of things, parking and waking. Each value in a ring is a
// number that the method interprets.

#include "chimaera/sched/worker.h"

#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "sched/worker_harness.h"
#include "support/catch.h"

namespace chi::test {
namespace {

constexpr u64 kPark = 1'000'000;  // values from here on park

TEST_CASE("Worker: the tasks of a ring run in the order they were pushed") {
  Log<u64> log;
  OneWorker w([&](u64 value, RunContext&) { log.Add(value); });
  std::vector<u64> expected;
  for (u64 i = 1; i <= 200; ++i) {
    w.Push(i);
    expected.push_back(i);
  }
  REQUIRE(log.Reaches(200));
  CHECK(log.Get() == expected);
  CHECK(w.worker.stats().tasks == 200);
}

TEST_CASE("Worker: a batch runs whole, however often the ring wraps") {
  Log<u64> log;
  OneWorker w([&](u64 value, RunContext&) { log.Add(value); });
  std::vector<u64> values(100);
  std::vector<u64> expected;
  for (u64 batch = 0; batch < 10; ++batch) {
    for (u64 i = 0; i < 100; ++i) values[i] = batch * 100 + i + 1;
    expected.insert(expected.end(), values.begin(), values.end());
    REQUIRE(w.ring.TryPushBatch(values.data(), 100) == 100);
    w.client.Wake(w.ring);
    REQUIRE(log.Reaches(expected.size()));
  }
  CHECK(log.Get() == expected);
}

TEST_CASE("Worker: a method sees its session and its run") {
  std::atomic<bool> right{false};
  OneWorker w([&](u64, RunContext& ctx) {
    right = ctx.client_id == 5 && ctx.session != nullptr &&
            ctx.session->id() == 5 && CurrentRun() == &ctx &&
            Worker::Current() != nullptr && Worker::Current()->index() == 0;
  });
  w.Push(1);
  CHECK(WaitUntil([&] { return right.load(); }));
  CHECK(Worker::Current() == nullptr);
  CHECK(CurrentRun() == nullptr);
}

TEST_CASE(
    "Worker: a subtask runs for the client and in the group of its maker") {
  std::atomic<bool> done{false};
  std::atomic<bool> right{false};
  OneWorker w(
      [&](u64, RunContext& ctx) {
        ctx.task_id = TaskId{77, 1};
        IpcManager ipc;
        const auto subtask = ipc.NewTask<Task>(CreateTaskId(), PoolId{1, 0},
                                               PoolQuery::Local(), MethodId{3});
        ipc.Enqueue(subtask);
        subtask->Wait();
        ipc.DelTask(subtask);
        done = true;
      },
      TestOptions(), 1024,
      [&](Task&, RunContext& ctx) {
        right = ctx.client_id == 5 && ctx.task_id.major_ == 77 &&
                ctx.session == nullptr;
      });
  w.Push(1);
  REQUIRE(WaitUntil([&] { return done.load(); }));
  CHECK(right);
}

TEST_CASE("Worker: low latency comes before high latency in every turn") {
  Log<u64> log;
  LambdaExecutor executor([&](u64 value, RunContext&) { log.Add(value); });
  FakeClient client;
  Worker worker(TestOptions(), executor);
  // Filled before the start, so that one turn finds both.
  RingProducer<> slow = client.Attach(worker, Priority::kHighLatency);
  RingProducer<> fast = client.Attach(worker, Priority::kLowLatency);
  for (u64 i = 1; i <= 3; ++i) {
    REQUIRE(slow.TryPush(100 + i));
    REQUIRE(fast.TryPush(i));
  }
  REQUIRE(worker.Start().ok());
  REQUIRE(log.Reaches(6));
  worker.Stop();
  CHECK(log.Get() == std::vector<u64>{1, 2, 3, 101, 102, 103});
}

TEST_CASE("Worker: a parked method lets the others run, then goes on") {
  Log<std::string> log;
  std::atomic<ParkedRun*> parked{nullptr};
  OneWorker w([&](u64 value, RunContext& ctx) {
    if (value == kPark) {
      ParkedRun run;
      parked = &run;
      log.Add("parks");
      const Status status = Worker::Current()->Park(run, kNoDeadlineNs);
      log.Add(status.ok() && CurrentRun() == &ctx ? "goes on" : "wrong");
    } else {
      log.Add(std::to_string(value));
      if (value == 2) Worker::Unpark(*parked.load());  // the same thread
    }
  });
  for (u64 value : {kPark, u64{1}, u64{2}}) w.Push(value);
  REQUIRE(log.Reaches(4));
  CHECK(log.Get() == std::vector<std::string>{"parks", "1", "2", "goes on"});
  CHECK(w.worker.stats().parks == 1);
  CHECK(w.HasParked(0));
}

TEST_CASE("Worker: another thread unparks a method of a worker that sleeps") {
  std::atomic<ParkedRun*> parked{nullptr};
  std::atomic<bool> done{false};
  OneWorker w([&](u64, RunContext&) {
    ParkedRun run;
    parked = &run;
    done = Worker::Current()->Park(run, kNoDeadlineNs).ok();
  });
  const u64 sleeps = w.worker.stats().sleeps;
  w.Push(kPark);
  REQUIRE(w.HasParked(1));
  REQUIRE(WaitUntil([&] { return w.worker.stats().sleeps > sleeps; }));
  Worker::Unpark(*parked.load());
  CHECK(WaitUntil([&] { return done.load(); }));
}

TEST_CASE("Worker: an unpark before the park makes it return at once") {
  std::atomic<bool> done{false};
  OneWorker w([&](u64, RunContext&) {
    ParkedRun run;
    Worker::Unpark(run);
    done = Worker::Current()->Park(run, kNoDeadlineNs).ok();
  });
  w.Push(kPark);
  CHECK(WaitUntil([&] { return done.load(); }));
}

TEST_CASE("Worker: methods yield in turn") {
  Log<std::string> log;
  OneWorker w([&](u64 value, RunContext&) {
    for (int i = 0; i < 3; ++i) {
      log.Add(std::to_string(value) + "abc"[i]);
      this_task::Yield();
    }
  });
  const u64 values[] = {1, 2};
  REQUIRE(w.ring.TryPushBatch(values, 2) == 2);
  w.client.Wake(w.ring);
  REQUIRE(log.Reaches(6));
  CHECK(log.Get() ==
        std::vector<std::string>{"1a", "2a", "1b", "2b", "1c", "2c"});
}

TEST_CASE("Worker: a deadline on a clock that the test turns") {
  ManualClock clock(1'000);
  Claims claims;
  Log<u64> log;
  OneWorker w(
      [&](u64 value, RunContext&) {
        ParkedRun run;
        const Status status = Worker::Current()->Park(run, value);
        claims.Expect(status.code() == StatusCode::kDeadlineExceeded, "late");
        log.Add(value);
      },
      TestOptions(&clock));
  for (u64 deadline : {3'000, 2'000, 4'000}) w.Push(deadline);
  REQUIRE(w.HasParked(3));
  clock.Advance(2'500);    // now 3,500
  w.worker.Inject([] {});  // the clock does not wake anybody
  REQUIRE(log.Reaches(2));
  CHECK(log.Get() == std::vector<u64>{2'000, 3'000});
  clock.Advance(1'000);
  w.worker.Inject([] {});
  REQUIRE(log.Reaches(3));
  CHECK(claims.Broken() == "");
}

TEST_CASE("Worker: a sleeping method wakes by the system's clock, not early") {
  std::atomic<u64> slept_ns{0};
  OneWorker w([&](u64, RunContext&) {
    const u64 start_ns = SystemClock::Get().NowNs();
    this_task::SleepFor(3 * kNsPerMs);
    slept_ns = SystemClock::Get().NowNs() - start_ns;
  });
  w.Push(1);
  REQUIRE(WaitUntil([&] { return slept_ns != 0; }));
  CHECK(slept_ns >= 3 * kNsPerMs);
}

TEST_CASE("Worker: an unpark that races the deadline loses nothing") {
  // Every method parks with a deadline at about the time at which another
  // thread unparks it, while a third one sends jobs through the same inbox.
  // Whatever wins, each method ends, and so does each job.
  constexpr u64 kRounds = 4'000;
  std::atomic<ParkedRun*> parked{nullptr};
  std::atomic<u64> by_deadline{0}, ended{0}, jobs{0};
  OneWorker w([&](u64 value, RunContext&) {
    Worker& worker = *Worker::Current();
    ParkedRun run;
    parked.store(&run);
    const u64 now_ns = SystemClock::Get().NowNs();
    const Status status = worker.Park(run, now_ns + value % 8 * kNsPerUs);
    if (!status.ok()) {
      ++by_deadline;
      // Taken back, or the unpark is on its way.
      ParkedRun* expected = &run;
      if (!parked.compare_exchange_strong(expected, nullptr)) {
        worker.ParkForCertain(run);
      }
    }
    ++ended;
  });
  std::atomic<bool> stop{false};
  std::thread unparker([&] {
    while (!stop) {
      if (ParkedRun* run = parked.exchange(nullptr)) Worker::Unpark(*run);
    }
  });
  u64 injected = 0;
  bool hangs = false;
  for (u64 i = 1; i <= kRounds && !hangs; ++i) {
    w.Push(i);
    w.worker.Inject([&] { ++jobs; });
    ++injected;
    hangs = !WaitUntil([&] { return ended >= i; });
  }
  CHECK_FALSE(hangs);
  CHECK(WaitUntil([&] { return jobs == injected; }));
  stop = true;
  unparker.join();
  INFO(by_deadline << " of " << kRounds << " by deadline");
  CHECK(w.HasParked(0));
}

TEST_CASE("Worker: jobs run in order, outside of any method") {
  Log<int> log;
  std::atomic<bool> outside{true};
  OneWorker w([](u64, RunContext&) {});
  for (int i = 0; i < 100; ++i) {
    w.worker.Inject([&, i] {
      if (CurrentRun() != nullptr || Worker::Current() == nullptr) {
        outside = false;
      }
      log.Add(i);
    });
  }
  REQUIRE(log.Reaches(100));
  const std::vector<int> seen = log.Get();
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  CHECK(outside);
}

TEST_CASE("Worker: an injected call may park like a method") {
  std::atomic<bool> done{false};
  OneWorker w([](u64, RunContext&) {});
  w.worker.InjectCall([&](RunContext& ctx) {
    this_task::SleepFor(kNsPerMs);
    done = ctx.session == nullptr && ctx.client_id == 0;
  });
  CHECK(WaitUntil([&] { return done.load(); }));
}

TEST_CASE("Worker: a client with too many parked tasks is refused, not stuck") {
  Log<StatusCode> log;
  std::atomic<ParkedRun*> parked{nullptr};
  OneWorker w(
      [&](u64, RunContext&) {
        ParkedRun run;
        ParkedRun* expected = nullptr;
        parked.compare_exchange_strong(expected, &run);
        log.Add(Worker::Current()->Park(run, kNoDeadlineNs).code());
      },
      TestOptions(), /*max_tasks=*/1);
  w.Push(1);
  w.Push(2);
  REQUIRE(log.Reaches(1));
  CHECK(log.Get() == std::vector<StatusCode>{StatusCode::kOverloaded});
  CHECK(w.client.session->tasks_in_flight() == 1);
  Worker::Unpark(*parked.load());
  REQUIRE(log.Reaches(2));
  CHECK(WaitUntil([&] { return w.client.session->tasks_in_flight() == 0; }));
}

TEST_CASE("Worker: exceptions live on while their method is parked") {
  Log<std::string> log;
  OneWorker w([&](u64 value, RunContext&) {
    try {
      throw std::runtime_error(std::to_string(value));
    } catch (const std::exception&) {
      this_task::Yield();
      try {
        throw;
      } catch (const std::exception& error) {
        log.Add(error.what());
      }
    }
  });
  const u64 values[] = {1, 2, 3};
  REQUIRE(w.ring.TryPushBatch(values, 3) == 3);
  w.client.Wake(w.ring);
  REQUIRE(log.Reaches(3));
  CHECK(log.Get() == std::vector<std::string>{"1", "2", "3"});
}

}  // namespace
}  // namespace chi::test

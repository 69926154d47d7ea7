// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How a worker ends, and how it lets a session go, with methods parked.

#include <unistd.h>

#include <atomic>
#include <thread>

#include "chimaera/base/fault_point.h"
#include "chimaera/ipc/ipc_manager.h"
#include "sched/worker_harness.h"
#include "sched/worker_port.h"
#include "support/catch.h"

namespace chi::test {
namespace {

WorkerOptions WithGrace(u64 grace_ns) {
  WorkerOptions options = TestOptions();
  options.stop_grace_ns = grace_ns;
  return options;
}

TEST_CASE("Worker: one that was never started ends, and drops its jobs") {
  LambdaExecutor executor([](u64, RunContext&) {});
  Worker worker(TestOptions(), executor);
  worker.Inject([] {});
  worker.Stop();
}

TEST_CASE("Worker: what lies in the rings is answered before it stops") {
  Log<u64> log;
  LambdaExecutor executor([&](u64 value, RunContext&) { log.Add(value); });
  FakeClient client;
  Worker worker(WithGrace(kHangNs), executor);
  RingProducer<> ring = client.Attach(worker);
  for (u64 i = 1; i <= 200; ++i) REQUIRE(ring.TryPush(i));
  REQUIRE(worker.Start().ok());
  worker.Stop();
  CHECK(log.size() == 200);
}

TEST_CASE("Worker: a method that is woken within the grace finishes") {
  std::atomic<ParkedRun*> parked{nullptr};
  Log<StatusCode> log;
  OneWorker w(
      [&](u64, RunContext&) {
        ParkedRun run;
        parked = &run;
        log.Add(Worker::Current()->Park(run, kNoDeadlineNs).code());
      },
      WithGrace(kHangNs));
  w.Push(1);
  REQUIRE(w.HasParked(1));
  std::thread waker([&] { Worker::Unpark(*parked.load()); });
  w.worker.Stop();
  waker.join();
  CHECK(log.Get() == std::vector<StatusCode>{StatusCode::kOk});
}

TEST_CASE("Worker: methods that stay parked are cancelled after the grace") {
  Log<StatusCode> log;
  OneWorker w(
      [&](u64, RunContext&) {
        ParkedRun run;
        log.Add(Worker::Current()->Park(run, kNoDeadlineNs).code());
      },
      WithGrace(0));
  for (u64 i = 1; i <= 50; ++i) w.Push(i);
  REQUIRE(w.HasParked(50));
  w.worker.Stop();
  CHECK(log.Get() == std::vector<StatusCode>(50, StatusCode::kCancelled));
}

TEST_CASE("Worker: a method that yields for ever is cancelled, too") {
  std::atomic<bool> running{false}, cancelled{false};
  OneWorker w(
      [&](u64, RunContext&) {
        try {
          for (;;) {
            running = true;
            this_task::Yield();
          }
        } catch (const StatusError& error) {
          cancelled = error.status().code() == StatusCode::kCancelled;
        }
      },
      WithGrace(0));
  w.Push(1);
  REQUIRE(WaitUntil([&] { return running.load(); }));
  w.worker.Stop();
  CHECK(cancelled);
}

TEST_CASE("Worker: a stop leaves a run that cannot be ended, or waits on") {
  std::atomic<ParkedRun*> parked{nullptr};
  std::atomic<bool> over{false};
  OneWorker w(
      [&](u64, RunContext&) {
        ParkedRun run;
        parked = &run;
        Worker::Current()->ParkForCertain(run);
        over = true;
      },
      WithGrace(0));
  w.Push(1);
  REQUIRE(w.HasParked(1));
  CHECK_FALSE(w.worker.StopWithin(0));
  CHECK_FALSE(w.worker.StopWithin(10 * kNsPerMs));
  CHECK_FALSE(over);
  Worker::Unpark(*parked.load());
  CHECK(w.worker.StopWithin(kHangNs));
  CHECK(over);
}

TEST_CASE("Worker: it does not end before who woke its last run is out of it") {
  std::atomic<ParkedRun*> parked{nullptr};
  OneWorker w(
      [&](u64, RunContext&) {
        ParkedRun run;
        parked = &run;
        Worker::Current()->ParkForCertain(run);
      },
      WithGrace(0));
  w.Push(1);
  REQUIRE(w.HasParked(1));
  CHECK_FALSE(w.worker.StopWithin(0));  // nobody else wakes it from here on
  FaultPoints::Arm("sched.worker.after_push", FaultPoints::kAlways);
  std::thread waker([&] { Worker::Unpark(*parked.load()); });
  // The run ends, and with it the worker's thread, though nobody woke that.
  REQUIRE(WaitUntil([&] { return w.worker.stats().tid == 0; }));
  CHECK_FALSE(w.worker.StopWithin(10 * kNsPerMs));
  FaultPoints::Reset();
  CHECK(w.worker.StopWithin(kHangNs));
  waker.join();
}

TEST_CASE("Worker: a client that keeps its ring full does not hinder a stop") {
  std::atomic<u64> tasks{0};
  OneWorker w([&](u64, RunContext&) { ++tasks; }, WithGrace(0));
  std::atomic<bool> stop{false};
  std::thread filler([&] {
    while (!stop) {
      if (w.ring.TryPush(1)) w.client.Wake(w.ring);
    }
  });
  REQUIRE(WaitUntil([&] { return tasks > 1'000; }));
  w.worker.Stop();
  stop = true;
  filler.join();
}

TEST_CASE("Worker: after its end it takes no jobs, and fails tasks") {
  LambdaExecutor executor([](u64, RunContext&) {});
  Worker worker(TestOptions(), executor);
  REQUIRE(worker.Start().ok());
  worker.Stop();
  auto token = std::make_shared<int>(0);
  CHECK_FALSE(worker.Inject([token] {}));
  CHECK(token.use_count() == 1);  // dropped at once

  InjectPort port(worker);
  Task task{hipc::CtxAllocator<CHI_MAIN_ALLOC_T>()};
  port.Submit(hipc::FullPtr<Task>(&task), kLowLatency);
  REQUIRE(task.IsComplete());
  CHECK(task.GetStatus().code() == StatusCode::kRuntimeDied);
}

TEST_CASE("Worker: a detached session is polled no more") {
  std::atomic<u64> tasks{0};
  std::atomic<bool> gone{false};
  OneWorker w([&](u64, RunContext&) { ++tasks; });
  w.Push(1);
  REQUIRE(WaitUntil([&] { return tasks == 1; }));
  CHECK(w.worker.stats().rings == 1);
  w.worker.DetachSession(5, [&] { gone = true; });
  REQUIRE(WaitUntil([&] { return gone.load(); }));
  CHECK(w.worker.stats().rings == 0);
  CHECK(w.client.session.use_count() == 1);
  REQUIRE(w.ring.TryPush(2));
  bool looked = false;
  w.worker.Inject([&] { looked = true; });
  w.worker.Stop();
  CHECK(looked);
  CHECK(tasks == 1);
}

TEST_CASE("Worker: the parked runs of a detached session are cancelled") {
  Log<StatusCode> woken;
  std::atomic<bool> gone{false};
  OneWorker w([&](u64, RunContext&) {
    ParkedRun run;
    woken.Add(Worker::Current()->Park(run, kNoDeadlineNs).code());
  });
  w.Push(1);
  w.Push(2);
  REQUIRE(w.HasParked(2));
  w.worker.DetachSession(5, [&] { gone = true; });
  REQUIRE(WaitUntil([&] { return gone.load(); }));
  REQUIRE(woken.Reaches(2));
  CHECK(woken.Get()[0] == StatusCode::kCancelled);
  CHECK(woken.Get()[1] == StatusCode::kCancelled);
}

TEST_CASE("Worker: a session with parked runs is let go after the last one") {
  // Each run then waits for what cannot be called back.
  Log<ParkedRun*> parked;
  std::atomic<bool> gone{false};
  OneWorker w([&](u64, RunContext&) {
    ParkedRun run;
    static_cast<void>(Worker::Current()->Park(run, kNoDeadlineNs));
    ParkedRun again;
    parked.Add(&again);
    Worker::Current()->ParkForCertain(again);
  });
  w.Push(1);
  w.Push(2);
  REQUIRE(w.HasParked(2));
  w.worker.DetachSession(5, [&] { gone = true; });
  REQUIRE(parked.Reaches(2));
  REQUIRE(w.HasParked(2));
  CHECK_FALSE(gone);
  Worker::Unpark(*parked.Get()[0]);
  REQUIRE(w.HasParked(1));
  CHECK_FALSE(gone);
  CHECK(w.client.session.use_count() > 1);
  Worker::Unpark(*parked.Get()[1]);
  REQUIRE(WaitUntil([&] { return gone.load(); }));
  CHECK(WaitUntil([&] { return w.client.session.use_count() == 1; }));
  CHECK(w.client.session->tasks_in_flight() == 0);
}

TEST_CASE("Worker: detaching one session leaves the others alone") {
  Log<u64> log;
  OneWorker w([&](u64 value, RunContext&) { log.Add(value); });
  FakeClient other(6);
  RingProducer<> other_ring = other.Attach(w.worker);
  std::atomic<bool> gone{false};
  w.worker.DetachSession(5, [&] { gone = true; });
  REQUIRE(WaitUntil([&] { return gone.load(); }));
  other.Push(other_ring, 7);
  REQUIRE(log.Reaches(1));
  CHECK(w.worker.stats().rings == 1);
  w.worker.Stop();
}

TEST_CASE("Worker: a method's subtask that finishes with the deadline") {
  // FiberWaiter's race: the wait may end by the clock while the subtask ends.
  std::atomic<u64> ended{0};
  LambdaExecutor executor([](u64, RunContext&) {});
  Worker worker(TestOptions(), executor);
  REQUIRE(worker.Start().ok());
  for (u64 i = 0; i < 2'000; ++i) {
    worker.InjectCall([&, i](RunContext&) {
      Task task{hipc::CtxAllocator<CHI_MAIN_ALLOC_T>()};
      IpcManager::CurrentPort()->Submit(hipc::FullPtr<Task>(&task),
                                        kLowLatency);
      while (!task.WaitFor(i % 4 * kNsPerUs).ok()) {
      }
      if (task.IsComplete()) ++ended;
    });
  }
  CHECK(WaitUntil([&] { return ended == 2'000; }));
  worker.Stop();
}

}  // namespace
}  // namespace chi::test

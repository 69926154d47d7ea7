// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A stand-in does what a stuck worker had not begun, and gives it back.

#include <atomic>
#include <thread>
#include <vector>

#include "sched/membarrier.h"
#include "support/catch.h"
#include "worker_harness.h"

namespace chi::test {
namespace {

// Values that methods are given.
constexpr u64 kBlock = 1;         // until released
constexpr u64 kBlockAndPark = 2;  // then sleep a moment
constexpr u64 kFirstOther = 10;

struct Ran {
  u64 value;
  const Worker* worker;
};

class Relief {
 public:
  Relief() {
    REQUIRE(RegisterMembarrier());
    REQUIRE(worker.Start().ok());
    REQUIRE(stand_in.Start().ok());
  }
  ~Relief() {
    release = true;
    worker.Stop();
    stand_in.Stop();
  }

  // Makes the worker run `value`, which blocks, and relieves it.
  void BlockAndRelieve(RingProducer<>& ring, u64 value) {
    const u64 before = blocked.load();
    REQUIRE(ring.TryPush(value));
    WakeBoth();
    REQUIRE(WaitUntil([&] { return blocked.load() > before; }));
    REQUIRE(worker.RelieveBy(stand_in));
  }

  void Push(RingProducer<>& ring, u64 value) {
    REQUIRE(ring.TryPush(value));
    WakeBoth();
  }

  bool HasRun(u64 value) {
    return WaitUntil([&] {
      for (const Ran& ran : log.Get()) {
        if (ran.value == value) return true;
      }
      return false;
    });
  }

  bool Rings(u64 at_worker, u64 at_stand_in) {
    return WaitUntil([&] {
      return worker.stats().rings.load() == at_worker &&
             stand_in.stats().rings.load() == at_stand_in;
    });
  }

  std::atomic<bool> release{false};
  std::atomic<u64> blocked{0};
  Log<Ran> log;
  FakeClient client;

 private:
  static WorkerOptions Options(u32 index) {
    WorkerOptions options = TestOptions();
    options.index = index;
    return options;
  }

  // Long enough to be found in a method now and then.
  static void BeBusy() {
    const u64 until_ns = SystemClock::Get().NowNs() + 10 * kNsPerUs;
    while (SystemClock::Get().NowNs() < until_ns) {
    }
  }

  // Rings are filled here without a look at their flags: wake both.
  void WakeBoth() {
    worker.Inject([] {});
    stand_in.Inject([] {});
  }

  LambdaExecutor executor_{[this](u64 value, RunContext&) {
    if (value >= kFirstOther) {
      log.Add({value, Worker::Current()});
      return BeBusy();
    }
    if (value == kBlock || value == kBlockAndPark) {
      blocked.fetch_add(1);
      while (!release.load()) std::this_thread::yield();
    }
    if (value == kBlockAndPark) {
      ParkedRun run;  // not SleepFor, which throws when its client goes
      const u64 now_ns = SystemClock::Get().NowNs();
      static_cast<void>(run.worker->Park(run, now_ns + kNsPerMs));
    }
    log.Add({value, Worker::Current()});
  }};

 public:
  Worker worker{Options(0), executor_};
  Worker stand_in{Options(1), executor_};
};

TEST_CASE("Relief: a worker that is in no run keeps its rings") {
  Relief r;
  r.client.Attach(r.worker);
  REQUIRE(r.Rings(1, 0));
  REQUIRE_FALSE(r.worker.RelieveBy(r.stand_in));
  REQUIRE(r.Rings(1, 0));
}

TEST_CASE("Relief: what waits behind a stuck method is run, and comes back") {
  const u64 stuck = GENERATE(kBlock, kBlockAndPark);
  Relief r;
  auto ring = r.client.Attach(r.worker);
  r.BlockAndRelieve(ring, stuck);
  CHECK(r.Rings(0, 1));
  r.Push(ring, kFirstOther);
  REQUIRE(r.HasRun(kFirstOther));
  // A ring that comes meanwhile goes to the stand-in as well.
  auto late = r.client.Attach(r.worker);
  r.Push(late, kFirstOther + 1);
  REQUIRE(r.HasRun(kFirstOther + 1));
  for (const Ran& ran : r.log.Get()) CHECK(ran.worker == &r.stand_in);

  r.release = true;
  REQUIRE(r.HasRun(stuck));
  REQUIRE(r.Rings(2, 0));
  r.Push(ring, kFirstOther + 2);
  REQUIRE(r.HasRun(kFirstOther + 2));
  CHECK(r.log.Get().back().worker == &r.worker);
}

TEST_CASE("Relief: a stand-in that is stuck is relieved by another one") {
  Relief r;
  auto ring = r.client.Attach(r.worker);
  auto other = r.client.Attach(r.worker);
  r.BlockAndRelieve(ring, kBlock);
  REQUIRE(r.Rings(0, 2));
  const u64 before = r.blocked.load();
  r.Push(other, kBlockAndPark);
  REQUIRE(WaitUntil([&] { return r.blocked.load() > before; }));
  WorkerOptions options = TestOptions();
  options.index = 2;
  LambdaExecutor executor([&r](u64 value, RunContext&) {
    r.log.Add({value, Worker::Current()});
  });
  Worker second(options, executor);
  REQUIRE(second.Start().ok());
  REQUIRE(r.stand_in.RelieveBy(second));
  REQUIRE(WaitUntil([&] { return second.stats().rings.load() == 2; }));
  REQUIRE(ring.TryPush(kFirstOther));
  second.Inject([] {});
  REQUIRE(r.HasRun(kFirstOther));
  r.release = true;
  REQUIRE(WaitUntil([&] { return second.stats().rings.load() == 0; }));
  r.worker.Stop();
  r.stand_in.Stop();
  second.Stop();
}

TEST_CASE("Relief: a client that goes meanwhile is waited for, once") {
  const u64 stuck = GENERATE(kBlock, kBlockAndPark);
  Relief r;
  auto ring = r.client.Attach(r.worker);
  r.BlockAndRelieve(ring, stuck);
  r.client.session->MarkEnded();
  std::atomic<int> done{0};
  r.worker.DetachSession(r.client.session->id(), [&] { done.fetch_add(1); });
  r.stand_in.DetachSession(r.client.session->id(), [&] { done.fetch_add(1); });
  REQUIRE(WaitUntil([&] { return r.stand_in.stats().rings.load() == 0; }));
  CHECK(done.load() <= 1);
  r.release = true;
  REQUIRE(WaitUntil([&] { return done.load() == 2; }));
}

// The moment at which a relief finds the worker is left to chance.
TEST_CASE("Relief: at any moment, no task is lost or run twice") {
  constexpr u64 kTasks = 2000;
  Relief r;
  auto ring = r.client.Attach(r.worker);
  REQUIRE(r.Rings(1, 0));
  std::atomic<bool> over{false};
  std::thread pusher([&] {
    for (u64 i = 0; i < kTasks; ++i) {
      while (!ring.TryPush(kFirstOther + i)) std::this_thread::yield();
      if (ring.ConsumerParked() || i % 64 == 0) {
        r.worker.Inject([] {});
        r.stand_in.Inject([] {});
      }
    }
  });
  u64 reliefs = 0;
  std::thread reliever([&] {
    while (!over.load()) {
      if (r.worker.RelieveBy(r.stand_in)) ++reliefs;
      std::this_thread::yield();
    }
  });
  const bool all = WaitUntil([&] {
    r.worker.Inject([] {});
    r.stand_in.Inject([] {});
    return r.log.size() >= kTasks;
  });
  over = true;
  pusher.join();
  reliever.join();
  REQUIRE(all);
  CHECK(reliefs > 0);
  const std::vector<Ran> log = r.log.Get();
  REQUIRE(log.size() == kTasks);
  // One that has just begun on the worker may be overtaken by the next ones.
  std::vector<bool> seen(kTasks);
  u64 last[2] = {0, 0};
  for (const Ran& ran : log) {
    REQUIRE_FALSE(seen[ran.value - kFirstOther]);
    seen[ran.value - kFirstOther] = true;
    u64& last_here = last[ran.worker->index()];
    REQUIRE(ran.value > last_here);
    last_here = ran.value;
  }
}

}  // namespace
}  // namespace chi::test

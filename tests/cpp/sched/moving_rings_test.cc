// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Rings that move between workers while their clients fill them. Each value
// names its ring and its place in it, so that a lost, doubled or overtaken item
// is seen at once. Clients always wake the worker that had the ring first, and
// workers sleep whenever they may: a wake-up that goes astray leaves an item
// lying, which the end of the test waits for.

#include <array>
#include <atomic>
#include <thread>

#include "sched/balancer.h"
#include "sched/worker_harness.h"
#include "support/catch.h"

namespace chi::test {
namespace {

constexpr u32 kRings = 6;
constexpr u64 kAnyShare = ~u64{0};

struct Movers {
  explicit Movers(u32 num_workers = 3)
      : executor([this](u64 value, RunContext&) { Run(value); }) {
    for (u32 i = 0; i < num_workers; ++i) {
      WorkerOptions options = TestOptions();
      options.index = i;
      options.kind = WorkerKind::kShort;
      options.first_busy_wait_ns = 0;
      options.max_busy_wait_ns = 0;
      options.stop_grace_ns = 0;
      workers.push_back(std::make_unique<Worker>(options, executor));
    }
    for (u32 i = 0; i < kRings; ++i) {
      rings.push_back(client.Attach(*workers[i % num_workers]));
    }
    for (auto& worker : workers) CHI_CHECK_OK(worker->Start());
  }
  ~Movers() {
    for (auto& worker : workers) worker->Stop();
  }

  void Run(u64 value) {
    const u64 ring = value >> 32;
    const u64 place = value & 0xffffffff;
    claims.Expect(next[ring] == place, "the next item of its ring");
    next[ring] = place + 1;
    Worker::Current()->CountRun(1000, 1);
    if (place % 7 == 0) static_cast<void>(Worker::Current()->Yield());
  }
  void Fill(u32 ring, u64 count) {
    for (u64 place = 0; place < count; ++place) {
      while (!rings[ring].TryPush(u64{ring} << 32 | place)) sched_yield();
      client.Wake(rings[ring], ring % static_cast<u32>(workers.size()));
      if (place % 64 == 63) {  // let the workers fall asleep now and then
        static_cast<void>(WaitUntil([&] { return next[ring] > place; }));
      }
    }
  }
  u64 TotalMoved() const {
    u64 moved = 0;
    for (const auto& worker : workers) moved += worker->stats().rings_moved;
    return moved;
  }

  FakeClient client;
  Claims claims;
  std::array<std::atomic<u64>, kRings> next{};
  LambdaExecutor executor;
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<RingProducer<>> rings;
};

TEST_CASE("GiveRing: nothing is lost, doubled or overtaken under load") {
  constexpr u64 kItems = 20'000;
  Movers m;
  std::atomic<bool> stop{false};
  std::thread mover([&] {
    for (u64 round = 1; !stop; ++round) {
      for (u32 i = 0; i < 3; ++i) {
        m.workers[i]->GiveRing(*m.workers[(i + round % 2 + 1) % 3], kLowLatency,
                               kAnyShare, round);
      }
      sched_yield();
    }
  });
  std::vector<std::thread> fillers;
  for (u32 i = 0; i < kRings; ++i) {
    fillers.emplace_back([&m, i] { m.Fill(i, kItems); });
  }
  for (std::thread& filler : fillers) filler.join();
  for (u32 i = 0; i < kRings; ++i) {
    CHECK(WaitUntil([&] { return m.next[i] == kItems; }));
  }
  stop = true;
  mover.join();
  CHECK(m.claims.Broken() == "");
  CHECK(m.TotalMoved() > 0);
}

TEST_CASE("GiveRing: a client may leave while its rings are on their way") {
  for (int life = 0; life < 100; ++life) {
    Movers m;
    for (u32 i = 0; i < kRings; ++i) {
      for (u64 place = 0; place < 20; ++place) {
        m.client.Push(m.rings[i], u64{i} << 32 | place, i % 3);
      }
    }
    std::atomic<int> done{0};
    for (u64 round = 1; round < 4; ++round) {
      for (u32 i = 0; i < 3; ++i) {
        m.workers[i]->GiveRing(*m.workers[(i + 1) % 3], kLowLatency, kAnyShare,
                               round);
      }
    }
    m.client.session->MarkEnded();
    for (auto& worker : m.workers) {
      worker->DetachSession(5, [&] { ++done; });
    }
    REQUIRE(WaitUntil([&] { return done == 3; }));
    REQUIRE(WaitUntil([&] { return m.client.session.use_count() == 1; }));
    for (auto& worker : m.workers) {
      REQUIRE(WaitUntil([&] { return worker->stats().rings == 0; }));
    }
    CHECK(m.claims.Broken() == "");
  }
}

TEST_CASE("GiveRing: the largest ring that is not too large, once measured") {
  Movers m(2);
  for (u64 place = 0; place < 30; ++place) {
    m.client.Push(m.rings[0], place, 0);
    if (place < 10) m.client.Push(m.rings[2], u64{2} << 32 | place, 0);
  }
  REQUIRE(WaitUntil([&] { return m.next[0] == 30 && m.next[2] == 10; }));
  // Not measured yet; then nothing has run since; then ring 2 fits, 0 does not.
  m.workers[0]->GiveRing(*m.workers[1], kLowLatency, kAnyShare, 1);
  m.workers[0]->GiveRing(*m.workers[1], kLowLatency, kAnyShare, 2);
  std::atomic<bool> passed{false};
  m.workers[0]->Inject([&] { passed = true; });
  REQUIRE(WaitUntil([&] { return passed.load(); }));
  CHECK(m.TotalMoved() == 0);
  for (u64 place = 30; place < 60; ++place) {
    m.client.Push(m.rings[0], place, 0);
  }
  for (u64 place = 10; place < 20; ++place) {
    m.client.Push(m.rings[2], u64{2} << 32 | place, 0);
  }
  REQUIRE(WaitUntil([&] { return m.next[0] == 60 && m.next[2] == 20; }));
  m.workers[0]->GiveRing(*m.workers[1], kLowLatency, 15'000, 3);
  CHECK(WaitUntil([&] { return m.workers[1]->stats().rings == 4; }));
  CHECK(m.workers[0]->stats().rings == 2);
  // The client goes on as before.
  const u64 before = m.workers[1]->stats().tasks;
  m.client.Push(m.rings[2], u64{2} << 32 | 20, 0);
  CHECK(WaitUntil([&] { return m.next[2] == 21; }));
  CHECK(WaitUntil([&] { return m.workers[1]->stats().tasks == before + 1; }));
}

TEST_CASE("Balancer: a busy worker gives its rings to an idle one") {
  // All rings lie with worker 0, and the time is made up: each task counts a
  // microsecond, each look comes after as many as there were tasks.
  Movers m(2);
  Balancer balancer({m.workers[0].get(), m.workers[1].get()}, kNsPerMs,
                    SystemClock::Get());
  std::array<u64, kRings> place{};
  for (int look = 0; look < 20; ++look) {
    for (u32 i = 0; i < kRings; i += 2) {  // those that began at worker 0
      for (int n = 0; n < 100; ++n) {
        m.client.Push(m.rings[i], u64{i} << 32 | place[i]++, 0);
      }
    }
    for (u32 i = 0; i < kRings; i += 2) {
      REQUIRE(WaitUntil([&] { return m.next[i] == place[i]; }));
    }
    balancer.Look(300'000);
    std::atomic<int> passed{0};  // what it asked for has been done
    for (int pass = 0; pass < 2; ++pass) {
      for (auto& worker : m.workers) worker->Inject([&] { ++passed; });
      REQUIRE(WaitUntil([&] { return passed == 2 * (pass + 1); }));
    }
  }
  CHECK(m.claims.Broken() == "");
  // 3 busy rings: 2 and 1 is as even as it gets, and then it stays so.
  CHECK(m.TotalMoved() == 1);
  CHECK(balancer.LoadPermille(0) > 0);
  CHECK(balancer.LoadPermille(1) > 0);
}

}  // namespace
}  // namespace chi::test

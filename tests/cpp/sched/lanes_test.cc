// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The rings of a worker: in which order, and what happens when they leave.

#include "sched/lanes.h"

#include "sched/worker_harness.h"
#include "support/catch.h"

namespace chi::test {
namespace {

struct Fixture {
  // A ring of `client` with `priority`, attached.
  RingProducer<> Add(FakeClient& client, Priority priority) {
    const u64 offset = kMainHeapOffset + num_rings++ * 8 * kKiB;
    char* memory =
        client.session->Resolve(ShmPtr::At(kMainSegment, offset), 8 * kKiB);
    const auto layout = RingLayout<>::Create(memory, 64);
    lanes.Add({client.session, memory, 64, priority, -1, 0});
    return RingProducer<>(layout);
  }

  FakeClient a{5};
  FakeClient b{6};
  Lanes lanes;
  u64 num_rings = 0;
};

TEST_CASE("Lanes: low latency lies before high latency, oldest first") {
  Fixture f;
  f.Add(f.a, Priority::kHighLatency);
  f.Add(f.a, Priority::kLowLatency);
  f.Add(f.b, Priority::kHighLatency);
  f.Add(f.b, Priority::kLowLatency);
  std::vector<std::pair<u32, u64>> order;
  for (const auto& lane : f.lanes.polled()) {
    order.emplace_back(static_cast<u32>(lane->priority), lane->session->id());
  }
  CHECK(order ==
        std::vector<std::pair<u32, u64>>{{0, 5}, {0, 6}, {1, 5}, {1, 6}});
}

TEST_CASE("Lanes: they look empty until something is pushed") {
  Fixture f;
  CHECK(f.lanes.LookEmpty());
  f.Add(f.a, Priority::kLowLatency);
  RingProducer<> ring = f.Add(f.b, Priority::kHighLatency);
  CHECK(f.lanes.LookEmpty());
  REQUIRE(ring.TryPush(1));
  CHECK_FALSE(f.lanes.LookEmpty());
}

TEST_CASE("Lanes: every client is told that the worker sleeps") {
  Fixture f;
  RingProducer<> a = f.Add(f.a, Priority::kLowLatency);
  RingProducer<> b = f.Add(f.b, Priority::kLowLatency);
  CHECK_FALSE(a.ConsumerParked());
  f.lanes.AnnounceParked();
  CHECK(a.ConsumerParked());
  f.lanes.CancelParked();
  CHECK_FALSE(b.ConsumerParked());
}

TEST_CASE("Lanes: detaching drops the lanes of one session at once") {
  Fixture f;
  f.Add(f.a, Priority::kLowLatency);
  f.Add(f.a, Priority::kHighLatency);
  f.Add(f.b, Priority::kLowLatency);
  bool done = false;
  CHECK(f.lanes.Detach(5, [&] { done = true; }) == 2);
  CHECK(done);
  CHECK(f.lanes.polled().size() == 1);
  CHECK(f.a.session.use_count() == 1);
  CHECK(f.lanes.Detach(5, [] {}) == 0);
}

TEST_CASE("Lanes: one with parked runs is kept until the last has finished") {
  Fixture f;
  f.Add(f.a, Priority::kLowLatency);
  f.Add(f.a, Priority::kHighLatency);
  Lane& lane = *f.lanes.polled()[0];
  lane.parked_runs = 2;
  bool done = false;
  CHECK(f.lanes.Detach(5, [&] { done = true; }) == 2);
  CHECK(f.lanes.polled().empty());
  CHECK_FALSE(done);
  f.lanes.RunFinished(lane);
  CHECK_FALSE(done);
  f.lanes.RunFinished(lane);
  CHECK(done);
  CHECK(f.a.session.use_count() == 1);
}

TEST_CASE("Lanes: a session without lanes is let go at once") {
  Lanes lanes;
  bool done = false;
  CHECK(lanes.Detach(9, [&] { done = true; }) == 0);
  CHECK(done);
}

}  // namespace
}  // namespace chi::test

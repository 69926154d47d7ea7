// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// So many at a time, whoever they are, and nobody is forgotten.

#include "request_gate.h"

#include <atomic>
#include <memory>
#include <vector>

#include "sched/lock_harness.h"
#include "support/catch.h"

namespace chi::test {
namespace {

using chimaera::bdev::RequestGate;

TEST_CASE("RequestGate: never more than its depth, and all of them in turn") {
  constexpr u64 kTasks = 500;
  RequestGate gate(3);
  std::atomic<u32> inside{0};
  std::atomic<u64> wrong{0};
  Fleet fleet(2, [&](u64) {
    const RequestGate::Pass pass(gate);
    if (inside.fetch_add(1) >= 3) ++wrong;
    this_task::Yield();
    inside.fetch_sub(1);
  });
  for (u64 i = 0; i < kTasks; ++i) fleet.Push(i, i % 2);
  REQUIRE(fleet.Ended(kTasks));
  CHECK(wrong == 0);
  CHECK(gate.num_waiting() == 0);
}

TEST_CASE(
    "RequestGate: who wants several gets what is free, and one for sure") {
  RequestGate gate(5);
  {
    const RequestGate::Passes three(gate, 3);
    CHECK(three.count() == 3);
    const RequestGate::Passes rest(gate, 1000);
    CHECK(rest.count() == 2);
  }
  const RequestGate::Passes all(gate, 5);
  CHECK(all.count() == 5);
}

TEST_CASE("RequestGate: who waits is part of its depth") {
  RequestGate gate(2);
  CHECK(gate.depth() == 0);
  auto held = std::make_unique<RequestGate::Passes>(gate, 2);
  Fleet fleet(1, [&](u64) { const RequestGate::Pass pass(gate); });
  for (u64 i = 0; i < 5; ++i) fleet.Push(i);
  REQUIRE(WaitUntil([&] { return gate.depth() == 7; }));
  held = nullptr;
  REQUIRE(fleet.Ended(5));
  CHECK(gate.depth() == 0);
  CHECK(gate.max_depth() == 7);
}

TEST_CASE("RequestGate: who is cancelled while waiting leaves no gap") {
  RequestGate gate(1);
  auto held = std::make_unique<RequestGate::Pass>(gate);
  Fleet fleet(1, [&](u64) { const RequestGate::Pass pass(gate); });
  for (u64 i = 0; i < 10; ++i) fleet.Push(i);
  REQUIRE(WaitUntil([&] { return gate.num_waiting() == 10; }));
  fleet.DropClient();
  REQUIRE(fleet.Ended(10));
  CHECK(fleet.thrown().size() == 10);
  CHECK(gate.num_waiting() == 0);
  held = nullptr;
  const RequestGate::Pass again(gate);
}

}  // namespace
}  // namespace chi::test

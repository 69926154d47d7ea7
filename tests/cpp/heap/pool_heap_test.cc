// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Pools of a runtime in this process: whose the blocks are that their methods
// allocate, and what is left when they go.

#include <functional>
#include <vector>

#include "heap/hoarder_tasks.h"
#include "runtime/embedded.h"
#include "support/catch.h"
#include "support/wait_until.h"

namespace chi::test {
namespace {

using hoarder::Act;
using hoarder::DoTask;
using HoarderPool = hoarder::Pool;

constexpr HoarderPool kA{{801, 0}};
constexpr HoarderPool kB{{802, 0}};

struct Pools {
  Pools() : embedded(2, CHI_TEST_HOARDER_DIR) {
    REQUIRE(kA.Create("a").ok());
    REQUIRE(kB.Create("b").ok());
    empty_a = kA.HeapBytes();
    empty_b = kB.HeapBytes();
  }

  Embedded embedded;
  u64 empty_a = 0;
  u64 empty_b = 0;
};

// What a run leaves to be freed is freed after its outcome is told.
bool Holds(const HoarderPool& pool, u64 bytes) {
  return WaitUntil([&] { return pool.HeapBytes() == bytes; });
}

bool IsCounting() {
  if (HeapAccounts::IsCounting()) return true;
  // Under a sanitizer: no number rather than a wrong one.
  const Pools pools;
  CHECK(pools.empty_a == HeapAccounts::kNotCounted);
  CHECK(kA.Destroy() == HeapAccounts::kNotCounted);
  return false;
}

TEST_CASE("Heap of pools: what a method forgets is its pool's") {
  if (!IsCounting()) return;
  const Pools pools;
  for (int i = 0; i < 100; ++i) REQUIRE(kA.Do(Act::kLeak, 1024).ok());
  CHECK(Holds(kA, pools.empty_a + 102'400));
  CHECK(Holds(kB, pools.empty_b));
  auto all = kB.AsyncDo(Act::kLeakAll);
  REQUIRE(all.Get().ok());
  CHECK(Holds(kB, pools.empty_b + all->total_));
  CHECK(kA.Destroy() == 102'400);
  CHECK(kB.Destroy() == all->total_);
}

TEST_CASE("Heap of pools: a method that gives all back leaves nothing") {
  if (!IsCounting()) return;
  const Pools pools;
  for (int i = 0; i < 200; ++i) {
    REQUIRE(kA.Do(Act::kUse, 1000).ok());
    REQUIRE(kA.Do(Act::kUseAll).ok());
    REQUIRE(kA.Do(Act::kThrow, 1000).code() == StatusCode::kModuleException);
  }
  CHECK(Holds(kA, pools.empty_a));
  // The tables of its locks grow with those that wait; they go with the pool.
  std::vector<Future<DoTask>> several;
  for (int i = 0; i < 100; ++i) several.push_back(kA.AsyncDo(Act::kUse, 100));
  for (auto& future : several) REQUIRE(future.Get().ok());
  REQUIRE(kB.Do(Act::kKeep, 5000).ok());
  CHECK(kB.HeapBytes() >= pools.empty_b + 5000);
  CHECK(kA.Destroy() == 0);
  CHECK(kB.Destroy() == 0);
}

TEST_CASE("Heap of pools: whoever frees a block, it was the allocator's") {
  if (!IsCounting()) return;
  const Pools pools;
  REQUIRE(kA.Do(Act::kPut, 3000).ok());
  CHECK(Holds(kA, pools.empty_a + 3000));
  REQUIRE(kB.Do(Act::kTake).ok());
  CHECK(Holds(kA, pools.empty_a));
  CHECK(Holds(kB, pools.empty_b));
  REQUIRE(kB.Do(Act::kGive, 4000).ok());
  CHECK(WaitUntil([&] { return kB.HeapBytes() == pools.empty_b; }));
  // Also when its pool is gone, and its number somebody else's to be.
  REQUIRE(kA.Do(Act::kPut, 500).ok());
  CHECK(kA.Destroy() == 500);
  REQUIRE(kA.Create("a").ok());
  CHECK(Holds(kA, pools.empty_a));
  REQUIRE(kB.Do(Act::kTake).ok());
  CHECK(Holds(kA, pools.empty_a));
  CHECK(Holds(kB, pools.empty_b));
}

TEST_CASE("Heap of pools: a run that parks keeps its pool") {
  if (!IsCounting()) return;
  const Pools pools;
  std::vector<Future<DoTask>> several;
  for (int i = 0; i < 50; ++i) {
    several.push_back(kA.AsyncDo(Act::kPark, 100));
    several.push_back(kB.AsyncDo(Act::kPark, 1));
  }
  for (auto& future : several) REQUIRE(future.Get().ok());
  CHECK(Holds(kA, pools.empty_a + 10'000));
  CHECK(Holds(kB, pools.empty_b + 100));
  // A subtask's is its own pool's, and then the caller's go on as before.
  REQUIRE(kA.Do(Act::kChild, 7).ok());
  REQUIRE(kA.Do(Act::kChildOfPeer, 9, kB.id).ok());
  CHECK(Holds(kA, pools.empty_a + 10'007));
  CHECK(Holds(kB, pools.empty_b + 109));
}

TEST_CASE("Heap of pools: pools that come and go leave nothing") {
  if (!IsCounting()) return;
  const Pools pools;
  const auto come_and_go = [] {
    const HoarderPool pool{{803, 0}};
    REQUIRE(pool.Create("c", 3).ok());
    REQUIRE(
        pool.AsyncDo(Act::kKeep, 10, {}, PoolQuery::Broadcast()).Get().ok());
    REQUIRE(pool.Destroy() == 0);
  };
  come_and_go();
  // Tables of the runtime that have grown stay so.
  const u64 before = HoarderPool::HeapBytes(kAdminPoolId);
  for (int i = 0; i < 50; ++i) come_and_go();
  const u64 after = HoarderPool::HeapBytes(kAdminPoolId);
  CHECK(after <= before + 4 * kKiB);
}

}  // namespace
}  // namespace chi::test

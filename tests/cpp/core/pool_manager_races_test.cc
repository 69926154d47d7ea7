// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Several threads at once. The workers are threads that do what a worker does:
// pass the top of their loop, look a pool up, touch its container. Quiescence
// is real: it waits until each of them has passed its top once more. If a pool
// or a table were freed too early, a worker would read freed memory, which the
// sanitizer builds report, or meet a container with another pool's id.

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "chimaera/core/pool_manager.h"
#include "core/fixture.h"
#include "support/catch.h"
#include "support/wait_until.h"

namespace chi {
namespace {

using test::Pools;
using test::Request;
using test::WaitUntil;

constexpr PoolId kId{512, 0};

// Looks pools up until it is stopped.
class FakeWorker {
 public:
  // `park_every`: the n-th lookup holds its pool over the next loop top, as a
  // parked run does.
  void Start(PoolManager& manager, u32 num_ids, u32 park_every) {
    thread_ = std::thread([this, &manager, num_ids, park_every] {
      Pool* held = nullptr;
      for (u64 i = 0; !stop_.load(std::memory_order_acquire); ++i) {
        passes_.fetch_add(1, std::memory_order_acq_rel);  // the loop top
        if (held != nullptr) {
          Touch(*held);
          held->ReleaseRun();
          held = nullptr;
        }
        Pool* const pool =
            manager.Find({600 + static_cast<u32>(i % num_ids), 1});
        if (pool == nullptr) continue;
        Touch(*pool);
        if (park_every != 0 && i % park_every == 0) {
          pool->HoldRun();
          held = pool;
        }
      }
      if (held != nullptr) held->ReleaseRun();
      done_.store(true, std::memory_order_release);
    });
  }
  void Stop() {
    stop_.store(true, std::memory_order_release);
    thread_.join();
  }
  // Whether the worker has passed its top since it had `passes`, or is over.
  bool Passed(u64 passes) const {
    return done_.load(std::memory_order_acquire) ||
           passes_.load(std::memory_order_acquire) > passes;
  }
  u64 passes() const { return passes_.load(std::memory_order_acquire); }
  u64 wrong() const { return wrong_.load(std::memory_order_acquire); }

 private:
  void Touch(Pool& pool) {
    const Container* const container = pool.local_container(0);
    if (container->pool_id_ != pool.id()) wrong_.fetch_add(1);
    if (container->pool_name_ != pool.name()) wrong_.fetch_add(1);
  }

  std::thread thread_;
  std::atomic<u64> passes_{0};
  std::atomic<u64> wrong_{0};
  std::atomic<bool> stop_{false};
  std::atomic<bool> done_{false};
};

TEST_CASE("PoolManager: workers look up while pools come and go") {
  constexpr u32 kWorkers = 3;
  constexpr u32 kIds = 5;
  constexpr u32 kRounds = 60;
  std::vector<FakeWorker> workers(kWorkers);
  PoolManagerOptions options;
  options.quiesce = [&] {
    for (const FakeWorker& worker : workers) {
      const u64 passes = worker.passes();
      REQUIRE(WaitUntil([&] { return worker.Passed(passes); }));
    }
  };
  Pools pools(options);
  for (u32 i = 0; i < kWorkers; ++i) {
    workers[i].Start(pools.manager, kIds, i == 0 ? 0 : 3);
  }
  for (u32 round = 0; round < kRounds; ++round) {
    const PoolId id(600 + round % kIds, 1);
    if (pools.manager.FindPoolByName(id.ToString()).IsNull()) {
      REQUIRE(pools.Create(Request("probe_a", id.ToString(), id, 2)).ok());
    } else {
      REQUIRE(pools.Destroy(id).ok());
    }
  }
  for (FakeWorker& worker : workers) {
    worker.Stop();
    CHECK(worker.wrong() == 0);
    CHECK(worker.passes() > 0);
  }
  CHECK(pools.log.creates > 0);
  CHECK(pools.log.destroys == pools.log.freed);
}

TEST_CASE("PoolManager: a pool is invisible until all of Create is done") {
  Pools pools;
  pools.log.hold = true;
  Result<PoolId> first = Status::Internal("not run");
  Result<PoolId> second = Status::Internal("not run");
  std::thread maker(
      [&] { first = pools.Create(Request("probe_a", "p", kId)); });
  REQUIRE(WaitUntil([&] { return pools.manager.List().size() == 1; }));
  std::thread other([&] {
    second = pools.Create(Request("probe_a", "p", {9, 9}));
  });
  CHECK(pools.manager.List()[0].state == PoolState::kCreating);
  CHECK(pools.manager.Find(kId) == nullptr);
  CHECK(pools.manager.FindPoolByName("p").IsNull());
  CHECK(pools.Destroy(kId).code() == StatusCode::kNotFound);
  CHECK(pools.Create(Request("probe_b", "p", {9, 9})).status().code() ==
        StatusCode::kAlreadyExists);
  CHECK(pools.Create(Request("probe_a", "q", kId)).status().code() ==
        StatusCode::kAlreadyExists);
  pools.log.hold = false;
  maker.join();
  other.join();
  CHECK(*first == kId);
  CHECK(*second == kId);
  CHECK(pools.log.creates == 1);
}

TEST_CASE("PoolManager: who waits for a failed creation tries itself") {
  Pools pools;
  pools.log.hold = true;
  Result<PoolId> first = Status::Internal("not run");
  Result<PoolId> second = Status::Internal("not run");
  std::thread maker([&] {
    first = pools.Create(Request("probe_a", "p", kId),
                         test::ProbeAct::kFailWithCode);
  });
  REQUIRE(WaitUntil([&] { return pools.manager.List().size() == 1; }));
  std::thread other(
      [&] { second = pools.Create(Request("probe_a", "p", kId)); });
  pools.log.hold = false;
  maker.join();
  other.join();
  CHECK_FALSE(first.ok());
  CHECK(*second == kId);
}

TEST_CASE("PoolManager: threads that want the same pool get the same") {
  Pools pools;
  std::vector<u64> ids(8);
  std::vector<std::thread> threads;
  for (u32 i = 0; i < ids.size(); ++i) {
    threads.emplace_back([&, i] {
      ids[i] = pools.Create(Request("probe_a", "p", {700, i + 1}))->ToU64();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const u64 id : ids) CHECK(id == ids[0]);
  CHECK(pools.log.creates == 1);
  CHECK(pools.manager.List().size() == 1);
}

TEST_CASE("PoolManager: of two that destroy a pool, one does") {
  Pools pools;
  REQUIRE(pools.Create(Request("probe_a", "p", kId)).ok());
  Pool* const pool = pools.manager.Find(kId);
  pool->HoldRun();
  Status first;
  std::thread destroyer([&] { first = pools.Destroy(kId); });
  REQUIRE(WaitUntil(
      [&] { return pools.manager.List()[0].state == PoolState::kDestroying; }));
  CHECK(pools.Destroy(kId).code() == StatusCode::kNotFound);
  pool->ReleaseRun();
  destroyer.join();
  CHECK(first.ok());
  CHECK(pools.log.destroys == 1);
}

}  // namespace
}  // namespace chi

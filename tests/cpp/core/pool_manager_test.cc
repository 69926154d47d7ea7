// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The life of pools without workers: what is created, what an error leaves,
// and what Destroy waits for.

#include "chimaera/core/pool_manager.h"

#include <string>
#include <utility>

#include "core/fixture.h"
#include "support/catch.h"

namespace chi {
namespace {

using test::Pools;
using test::ProbeAct;
using test::Request;

constexpr PoolId kId{512, 0};
constexpr PoolId kOther{513, 4};

void CheckFails(const Status& status, StatusCode code,
                const std::string& message) {
  CHECK(status.code() == code);
  CHECK_THAT(std::string(status.message()), Catch::Contains(message));
}

// Time that only pauses advance.
PoolManagerOptions Impatient(ManualClock& clock) {
  PoolManagerOptions options;
  options.clock = &clock;
  options.pause = [&clock](u64 ns) { clock.Advance(ns); };
  options.destroy_timeout_ns = 50 * kNsPerMs;
  options.create_timeout_ns = 70 * kNsPerMs;
  return options;
}

TEST_CASE("PoolManager: a created pool is found by id and by name") {
  Pools pools;
  const u64 epoch = pools.manager.epoch();
  CHECK(pools.manager.Find(kId) == nullptr);
  auto request = Request("probe_a", "p", kId, 3);
  request.config = "capacity: 1GB\n";
  REQUIRE(*pools.Create(request) == kId);
  CHECK(pools.manager.epoch() != epoch);
  CHECK(pools.manager.FindPoolByName("p") == kId);
  const Pool* const pool = pools.manager.Find(kId);
  REQUIRE(pool != nullptr);
  CHECK(pool->id() == kId);
  CHECK(pool->name() == "p");
  CHECK(pool->module_name() == "probe_a");
  CHECK(pool->config() == "capacity: 1GB\n");
  CHECK(pool->state() == PoolState::kLive);
  REQUIRE(pool->num_containers() == 3);
  CHECK(pools.log.creates == 3);
  for (ContainerId id = 0; id < 3; ++id) {
    REQUIRE(pool->container(id) != nullptr);
    CHECK(pool->container(id)->container_id_ == id);
    CHECK(pool->container(id)->pool_id_ == kId);
    CHECK(pool->container(id)->pool_name_ == "p");
  }
  CHECK(pool->container(3) == nullptr);
}

TEST_CASE("PoolManager: what was never made is not found") {
  const Pools pools;
  CHECK(pools.manager.Find(PoolId()) == nullptr);
  CHECK(pools.manager.Find(kId) == nullptr);
  CHECK(pools.manager.FindPoolByName("p").IsNull());
  CHECK(pools.manager.FindPoolByName("").IsNull());
  CHECK(pools.manager.List().empty());
}

TEST_CASE("PoolManager: many pools are each found") {
  Pools pools;
  for (u32 i = 1; i <= 200; ++i) {
    const PoolId id(i % 7, i);
    REQUIRE(pools.Create(Request("probe_a", std::to_string(i), id)).ok());
  }
  for (u32 i = 1; i <= 200; ++i) {
    const PoolId id(i % 7, i);
    REQUIRE(pools.manager.Find(id) != nullptr);
    CHECK(pools.manager.Find(id)->id() == id);
    CHECK(pools.manager.Find({i % 7 + 7, i}) == nullptr);
  }
  CHECK(pools.manager.List().size() == 200);
}

TEST_CASE("PoolManager: the same name and module give the existing pool") {
  Pools pools;
  REQUIRE(pools.Create(Request("probe_a", "p", kId)).ok());
  CHECK(*pools.Create(Request("probe_a", "p", kId)) == kId);
  CHECK(*pools.Create(Request("probe_a", "p", kOther)) == kId);
  CHECK(*pools.Create(Request("probe_a", "p", PoolId())) == kId);
  CHECK(pools.manager.Find(kOther) == nullptr);
  CHECK(pools.log.creates == 1);
}

TEST_CASE("PoolManager: a name or id that is taken is refused") {
  Pools pools;
  REQUIRE(pools.Create(Request("probe_a", "p", kId)).ok());
  CheckFails(pools.Create(Request("probe_b", "p", kOther)).status(),
             StatusCode::kAlreadyExists,
             "pool 'p' (512.0) is of module probe_a, not probe_b");
  CheckFails(pools.Create(Request("probe_a", "q", kId)).status(),
             StatusCode::kAlreadyExists,
             "pool id 512.0 belongs to 'p'; 'q' needs another one");
  CHECK(pools.manager.List().size() == 1);
}

TEST_CASE("PoolManager: requests that make no sense are refused") {
  PoolManagerOptions options;
  options.max_pools = 1;
  Pools pools(options);
  CheckFails(pools.Create(Request("probe_a", "x", PoolId())).status(),
             StatusCode::kBadRequest,
             "cannot create pool 'x' with a null pool id");
  CheckFails(pools.Create(Request("probe_a", "", kId)).status(),
             StatusCode::kBadRequest,
             "cannot create pool 512.0 without a name");
  CheckFails(pools.Create(Request("probe_a", "x", kId, 0)).status(),
             StatusCode::kBadRequest, "with 0 containers; 1 to 4096");
  CheckFails(pools.Create(Request("probe_a", "x", kId, 4097)).status(),
             StatusCode::kBadRequest, "with 4097 containers");
  CheckFails(
      pools.Create(Request("probe_a", std::string(5000, 'x'), kId)).status(),
      StatusCode::kBadRequest, "its name has 5000 bytes");
  CheckFails(pools.Create(Request("nobody", "x", kId)).status(),
             StatusCode::kNotFound,
             "pool 512.0 (nobody): module 'nobody': no libnobody_runtime.so");
  CHECK(pools.manager.List().empty());
  REQUIRE(pools.Create(Request("probe_a", "x", kId)).ok());
  CheckFails(pools.Create(Request("probe_a", "y", kOther)).status(),
             StatusCode::kOverloaded, "cannot create pool 'y': 1 pools exist");
}

TEST_CASE("PoolManager: a Create that fails leaves nothing") {
  const std::pair<ProbeAct, std::string> cases[] = {
      {ProbeAct::kFailWithText,
       "Module(7): pool 512.0 (probe_a): Create: the probe is told to fail"},
      {ProbeAct::kFailWithCode,
       "Module(42): pool 512.0 (probe_a): Create: returned 42"},
      {ProbeAct::kThrow,
       "ModuleException: pool 512.0 (probe_a): Create: container 1: thrown by "
       "the probe"},
      {ProbeAct::kThrowNumber,
       "ModuleException: pool 512.0 (probe_a): Create: container 1: threw "
       "something that is no std::exception"},
  };
  Pools pools;
  const u64 epoch = pools.manager.epoch();
  u32 freed = 0;
  for (const auto& [act, message] : cases) {
    const auto made = pools.Create(Request("probe_a", "p", kId, 3), act, 1);
    CHECK(made.status().ToString() == message);
    CHECK(pools.log.freed == (freed += 2));  // the third never ran Create
    CHECK(pools.manager.Find(kId) == nullptr);
    CHECK(pools.manager.FindPoolByName("p").IsNull());
    CHECK(pools.manager.List().empty());
    CHECK(pools.manager.epoch() == epoch);
  }
  // Name and id are free for whoever comes next.
  CHECK(pools.Create(Request("probe_b", "p", kId)).ok());
}

TEST_CASE("PoolManager: a constructor that throws leaves nothing") {
  Pools pools;
  CheckFails(pools.Create(Request("probe_throws", "p", kId)).status(),
             StatusCode::kModuleException, "no probe today");
  CHECK(pools.manager.List().empty());
}

TEST_CASE("PoolManager: without a task the pool is made without Create") {
  Pools pools;
  RunContext ctx;
  REQUIRE(pools.manager
              .GetOrCreate(Request("probe_a", "admin", kAdminPoolId), {}, ctx)
              .ok());
  CHECK(pools.log.creates == 0);
  CHECK(pools.manager.Find(kAdminPoolId) != nullptr);
}

TEST_CASE("PoolManager: the caller's context names its container afterwards") {
  Pools pools;
  Container caller;
  RunContext ctx;
  ctx.container = &caller;
  for (const ProbeAct act : {ProbeAct::kThrow, ProbeAct::kWork}) {
    test::ProbeTask task(&pools.log, act);
    static_cast<void>(pools.manager.GetOrCreate(Request("probe_a", "p", kId),
                                                test::TaskPtr(task), ctx));
    CHECK(ctx.container == &caller);
  }
}

TEST_CASE("PoolManager: a destroyed pool is gone and its name free") {
  Pools pools;
  REQUIRE(pools.Create(Request("probe_a", "p", kId, 2)).ok());
  const u64 epoch = pools.manager.epoch();
  REQUIRE(pools.Destroy(kId).ok());
  CHECK(pools.log.destroys == 2);
  CHECK(pools.log.freed == 2);
  CHECK(pools.manager.epoch() != epoch);
  CHECK(pools.manager.Find(kId) == nullptr);
  CHECK(pools.manager.FindPoolByName("p").IsNull());
  CheckFails(pools.Destroy(kId), StatusCode::kNotFound,
             "pool 512.0 does not exist");
  CHECK(*pools.Create(Request("probe_b", "p", kOther)) == kOther);
}

TEST_CASE("PoolManager: a pool is hidden, then all workers pass, then freed") {
  Pools* seen = nullptr;
  u32 calls = 0;
  PoolManagerOptions options;
  options.quiesce = [&] {
    ++calls;
    CHECK(seen->manager.Find(kId) == nullptr);
    CHECK(seen->manager.List()[0].state == PoolState::kDestroying);
    CHECK(seen->log.destroys == 0);
    CHECK(seen->log.freed == 0);
  };
  Pools pools(options);
  seen = &pools;
  REQUIRE(pools.Create(Request("probe_a", "p", kId)).ok());
  REQUIRE(pools.Destroy(kId).ok());
  CHECK(calls == 1);
  CHECK(pools.log.freed == 1);
}

TEST_CASE("PoolManager: Destroy waits for runs that have parked") {
  Pools* seen = nullptr;
  Pool* pool = nullptr;
  u32 pauses = 0;
  PoolManagerOptions options;
  options.pause = [&](u64) {
    CHECK(seen->log.destroys == 0);
    CHECK(seen->log.freed == 0);
    if (++pauses == 3) pool->ReleaseRun();
  };
  Pools pools(options);
  seen = &pools;
  REQUIRE(pools.Create(Request("probe_a", "p", kId)).ok());
  pool = pools.manager.Find(kId);
  pool->HoldRun();
  CHECK(pools.manager.List()[0].held_runs == 1);
  REQUIRE(pools.Destroy(kId).ok());
  CHECK(pauses == 3);
  CHECK(pools.log.freed == 1);
}

TEST_CASE("PoolManager: runs that never end bound Destroy, not for ever") {
  ManualClock clock;
  Pools pools(Impatient(clock));
  REQUIRE(pools.Create(Request("probe_a", "p", kId)).ok());
  Pool* const pool = pools.manager.Find(kId);
  pool->HoldRun();
  pool->HoldRun();
  CheckFails(pools.Destroy(kId), StatusCode::kDeadlineExceeded,
             "pool 512.0: 2 runs are not over after 50 ms");
  CHECK(pools.manager.Find(kId) == nullptr);
  CHECK(pools.log.freed == 0);
  CheckFails(pools.Create(Request("probe_a", "p", kId)).status(),
             StatusCode::kDeadlineExceeded, "pool 'p' is still being made or");
  pool->ReleaseRun();
  pool->ReleaseRun();
  CHECK(pools.Destroy(kId).ok());
  CHECK(pools.log.freed == 1);
  CHECK(pools.Create(Request("probe_a", "p", kId)).ok());
}

TEST_CASE("PoolManager: the admin pool and the caller's own stay") {
  Pools pools;
  REQUIRE(pools.Create(Request("probe_a", "admin", kAdminPoolId)).ok());
  REQUIRE(pools.Create(Request("probe_a", "p", kId)).ok());
  CheckFails(pools.Destroy(kAdminPoolId), StatusCode::kBadRequest,
             "the admin pool cannot be destroyed");
  RunContext ctx;
  ctx.container = pools.manager.Find(kId)->container(0);
  CheckFails(pools.manager.Destroy(kId, {}, ctx), StatusCode::kBadRequest,
             "a pool cannot destroy itself");
  CHECK(pools.manager.Find(kId) != nullptr);
}

TEST_CASE("PoolManager: a Destroy that fails is reported; the pool is gone") {
  Pools pools;
  for (const ProbeAct act : {ProbeAct::kThrow, ProbeAct::kFailWithText}) {
    pools.log.destroys = 0;
    REQUIRE(pools.Create(Request("probe_a", "p", kId, 3)).ok());
    const Status status = pools.Destroy(kId, act, 1);
    CHECK_FALSE(status.ok());
    CHECK_THAT(status.ToString(),
               Catch::Contains("pool 512.0 (probe_a): Destroy"));
    CHECK(pools.log.destroys == 3);
    CHECK(pools.manager.List().empty());
  }
  CHECK(pools.log.freed == 6);
}

TEST_CASE("PoolManager: every container hears of a client that is gone") {
  Pools pools;
  REQUIRE(pools.Create(Request("probe_a", "p", kId, 2)).ok());
  REQUIRE(pools.Create(Request("probe_b", "q", kOther)).ok());
  pools.manager.NotifyClientGone(100);
  CHECK(pools.log.gone == 300);
  pools.manager.NotifyClientGone(test::kClientThatThrows);
  CHECK(pools.log.gone == 300);
  CHECK(pools.manager.Find(kId)->held_runs() == 0);
}

TEST_CASE("PoolManager: its end frees what is left") {
  test::ProbeLog log;
  {
    ModuleManager modules({CORE_TEST_MODULE_DIR});
    PoolManager manager(modules);
    test::ProbeTask task(&log);
    RunContext ctx;
    REQUIRE(manager
                .GetOrCreate(Request("probe_a", "p", kId, 4),
                             test::TaskPtr(task), ctx)
                .ok());
  }
  CHECK(log.freed == 4);
  CHECK(log.destroys == 0);
}

TEST_CASE("PoolManager: on several nodes a pool has ids for all of them") {
  Pools pools({}, NodeSet{{4, 9}, 9});
  REQUIRE(pools.Create(Request("probe_a", "p", kId, 2)).ok());
  const Pool* const pool = pools.manager.Find(kId);
  CHECK(pool->num_containers() == 4);
  CHECK(pool->num_local() == 2);
  CHECK(pool->container(1) == nullptr);
  CHECK(pool->container(3)->container_id_ == 3);
  CHECK(pools.manager.List()[0].num_containers == 4);
}

}  // namespace
}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Scheduling through a real daemon: what is stated, learned or decided about a
// task's cost, and what that changes. Seen in counters; no clock decides.

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "chimaera/admin/admin_client.h"
#include "chimaera/chimaera.h"
#include "chimaera/echo/echo_client.h"
#include "chimaera/sched/mapping_policy.h"
#include "support/catch.h"
#include "support/test_runtime.h"
#include "support/wait_until.h"

namespace chi::test {
namespace {

struct Seen {
  u64 handed_over = 0;
  u64 waiting = 0;
  std::vector<chimaera::admin::WorkerRow> workers;
  std::map<std::string, chimaera::admin::CostRow> costs;  // of pool 300.0
};

Seen Look() {
  auto stats = chimaera::admin::Client().AsyncGetStats(HSHM_MCTX);
  REQUIRE(stats.Get().ok());
  Seen seen;
  for (const auto& row : stats->workers_) {
    seen.handed_over += row.handed_over_;
    seen.waiting += row.long_waiting_;
    seen.workers.push_back(row);
  }
  const std::string names = stats->cost_names_.str();
  size_t at = 0;
  for (const auto& row : stats->costs_) {
    const std::string name = names.substr(at, row.name_size_);
    at += row.name_size_;
    if (row.pool_id_ == PoolId(300, 0)) seen.costs[name] = row;
  }
  return seen;
}

struct Fixture {
  explicit Fixture(const std::string& yaml = "", u32 num_workers = 2)
      : runtime(yaml, num_workers), client(runtime.Attach()) {
    const chimaera::Outcome made =
        echo.Create(HSHM_MCTX, PoolQuery::Dynamic(), "echo", PoolId(300, 0));
    REQUIRE(made.ok());
  }
  TestRuntime runtime;
  std::unique_ptr<Chimaera> client;
  chimaera::echo::Client echo;
};

TEST_CASE("Scheduling: a long task that says so is run by the long worker") {
  const u32 num_workers = GENERATE(1u, 2u, 3u);
  Fixture f("", num_workers);
  std::vector<Future<chimaera::echo::BusyTask>> busy;
  for (u64 i = 0; i < 20; ++i) {
    const u64 duration_ns = i % 2 == 0 ? kNsPerMs : 1;
    busy.push_back(
        f.echo.AsyncBusy(HSHM_MCTX, PoolQuery::Local(), duration_ns));
  }
  for (auto& each : busy) CHECK(each.Get().ok());
  // A task counts as waiting until after its outcome. On a slow machine looking
  // is a long task, too.
  u64 looks = 0;
  Seen seen;
  CHECK(WaitUntil([&] {
    ++looks;
    seen = Look();
    return seen.waiting == 0;
  }));
  CHECK(seen.handed_over >= 10);
  CHECK(seen.handed_over <= 10 + looks);
  if (num_workers > 1) {
    CHECK(seen.workers.back().kind_ == static_cast<u32>(WorkerKind::kLong));
    CHECK(seen.workers.back().tasks_ >= 10);
    CHECK(seen.workers.back().tasks_ <= 10 + looks);
  }
}

TEST_CASE("Scheduling: what nobody states is learned") {
  // By this bound a copy of 256 KiB is a long task; a few runs tell it.
  Fixture f("scheduling: {long_task: 2us}");
  const std::string text(256 * kKiB, 'x');
  for (int i = 0; i < 40; ++i) {
    REQUIRE(f.echo.Echo(HSHM_MCTX, PoolQuery::Local(), text).ok());
  }
  const Seen seen = Look();
  REQUIRE(seen.costs.count("Echo") == 1);
  const auto& cost = seen.costs.at("Echo");
  CHECK(cost.is_long_ == 1);
  CHECK(cost.samples_ == 40);
  CHECK(cost.base_ns_ > 2000);
  CHECK(cost.error_ns_ > 0);
  CHECK(seen.handed_over >= 20);
}

TEST_CASE("Scheduling: a cost that grows with a stated size is a line") {
  Fixture f("scheduling: {long_task: 10s}");
  const auto grow = [&f](u64 count) {
    for (u64 i = 0; i < count; ++i) {
      const u64 size = (i % 8) * 32 * kKiB;
      const auto text = f.echo.Grow(HSHM_MCTX, PoolQuery::Local(), size);
      REQUIRE(text.ok());
    }
  };
  grow(60);
  CHECK(Look().costs.at("Grow").samples_ == 60);
  // A worker that loses its CPU in the wrong places sees no line for a while.
  CHECK(WaitUntil([&] {
    grow(8);
    return Look().costs.at("Grow").ns_per_unit_ > 0;
  }));
  CHECK(Look().handed_over == 0);
}

TEST_CASE("Scheduling: a sound short method is measured now and then only") {
  Fixture f("scheduling: {long_task: 10s}");
  for (int i = 0; i < 20'000; ++i) {
    REQUIRE(f.echo.Null(HSHM_MCTX, PoolQuery::Local()));
  }
  const auto cost = Look().costs.at("Null");
  CHECK(cost.samples_ >= 16 + 20'000 / 256);
  CHECK(cost.samples_ < 20'000);
}

TEST_CASE("Scheduling: a method may decide in kDynamicSchedule") {
  Fixture f("scheduling: {long_task: 10s}");
  REQUIRE(f.echo.AsyncSpawn(HSHM_MCTX, PoolQuery::Dynamic(), 10).Get().ok());
  CHECK(Look().handed_over == 0);
  auto many = f.echo.AsyncSpawn(HSHM_MCTX, PoolQuery::Dynamic(), 2000);
  REQUIRE(many.Get().ok());
  CHECK(many->succeeded_ == 2000);
  CHECK(Look().handed_over == 1);
}

TEST_CASE("Scheduling: a high-latency ring belongs to the long worker") {
  Fixture f("scheduling: {long_task: 10s}");
  for (int i = 0; i < 10; ++i) {
    auto null = CHI_IPC->NewTask<chimaera::echo::NullTask>(
        CreateTaskId(), PoolId(300, 0), PoolQuery::Local());
    REQUIRE(CHI_IPC->Submit(null, kHighLatency).Get().ok());
  }
  CHECK(Look().workers.back().tasks_ == 10);
  CHECK(Look().workers.back().rings_ == 1);
}

// Flush looks for tasks that are not over, and is one itself.
TEST_CASE("Scheduling: a Flush that is a long task does not wait for itself") {
  Fixture f("scheduling: {long_task: 1us}");
  for (int i = 0; i < 40; ++i) {
    auto one = CHI_ADMIN->AsyncFlush(HSHM_MCTX, PoolQuery::Local());
    auto two = CHI_ADMIN->AsyncFlush(HSHM_MCTX, PoolQuery::Local());
    REQUIRE(one.Get().ok());
    REQUIRE(two.Get().ok());
  }
  CHECK(Look().handed_over > 0);
  CHECK(WaitUntil([] { return Look().waiting == 0; }));
}

TEST_CASE("Scheduling: every policy serves") {
  for (const std::string_view name : MappingPolicyNames()) {
    Fixture f("scheduling: {policy: " + std::string(name) + "}", 3);
    std::vector<std::thread> threads;
    std::atomic<int> served{0};
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        if (f.echo.Null(HSHM_MCTX, PoolQuery::Local())) ++served;
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(served == 4);
  }
}

TEST_CASE("Scheduling: a client that dies leaves none of its long tasks") {
  Fixture f;
  Look();
  const Counts before = f.runtime.GetCounts();
  for (int life = 0; life < 5; ++life) {
    auto process = f.runtime.StartClient({"busy", "500", "200000"});
    REQUIRE(process->ReadLine() == "submitted");
    process->Kill();
    REQUIRE(f.echo.Null(HSHM_MCTX, PoolQuery::Local()));
  }
  CHECK(WaitUntil([&] { return Look().waiting == 0; }));
  CHECK(WaitUntil([&] {
    const Counts after = f.runtime.GetCounts();
    return after.fds == before.fds && after.sessions == before.sessions &&
           after.segments == before.segments;
  }));
}

}  // namespace
}  // namespace chi::test

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One task, several containers, and tasks with subtasks, through a runtime in
// another process. What fan_out_test.cc asks a runtime of its own, shortly.

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "chimaera/admin/admin_client.h"
#include "runtime/fan_pool.h"
#include "support/test_runtime.h"
#include "support/wait_until.h"

namespace chi::test {
namespace {

using fan::Act;
using fan::WorkTask;

// The daemon finds the module by its environment, which is ours.
struct Fan : FanPool {
  explicit Fan(u32 num_containers, u32 num_workers = 2) {
    setenv("CHI_REPO_PATH", CHI_TEST_FAN_DIR, 1);
    runtime = std::make_unique<TestRuntime>("", num_workers);
    unsetenv("CHI_REPO_PATH");
    client = runtime->Attach();
    Create(num_containers);
  }
  std::unique_ptr<TestRuntime> runtime;
  std::unique_ptr<Chimaera> client;
};

// Sums over the workers of the daemon.
struct Sums {
  u64 parked = 0;
  u64 cancelled = 0;
  u64 expired = 0;
};

Sums Count() {
  Sums sums;
  const auto stats = CHI_ADMIN->GetStats(HSHM_MCTX);
  REQUIRE(stats.ok());
  for (const auto& worker : stats->workers) {
    sums.parked += worker.parked_;
    sums.cancelled += worker.cancelled_;
    sums.expired += worker.expired_;
  }
  return sums;
}

TEST_CASE("FanDaemon: each query reaches its containers, in their order") {
  Fan fan(5, 3);
  struct {
    PoolQuery query;
    std::vector<u32> ids;
  } const cases[] = {
      {PoolQuery::Broadcast(), {0, 1, 2, 3, 4}},
      {PoolQuery::Physical(0), {0, 1, 2, 3, 4}},
      {PoolQuery::Range(1, 3), {1, 2, 3}},
      {PoolQuery::Range(4, 1), {4}},
      {PoolQuery::DirectId(2), {2}},
  };
  for (int round = 0; round < 20; ++round) {
    for (const auto& one : cases) {
      auto done = fan.Work(one.query, Act::kSum, 100);
      const Status status = done.Get();
      INFO(one.query.ToString() << ": " << status);
      REQUIRE(status.ok());
      CHECK(std::vector<u32>(done->ids_.begin(), done->ids_.end()) == one.ids);
      u64 total = 0;
      for (const u32 id : one.ids) total += 100 + id;
      CHECK(done->total_ == total);
    }
  }
}

TEST_CASE("FanDaemon: copies run on all workers at once, a client's or not") {
  Fan fan(6, 3);
  for (const Act act : {Act::kMeet, Act::kNestedMeet}) {
    const auto query =
        act == Act::kMeet ? PoolQuery::Broadcast() : PoolQuery::DirectId(4);
    auto met = fan.Work(query, act, 6);
    const Status status = met.Get();
    INFO(status);
    REQUIRE(status.ok());
    CHECK(met->workers_ == 7);
  }
}

TEST_CASE("FanDaemon: what is wrong is an error with numbers") {
  Fan fan(3);
  struct {
    PoolQuery query;
    StatusCode code;
    std::string text;
  } const cases[] = {
      {PoolQuery::Range(2, 2), StatusCode::kNotFound,
       "pool 700.0: range [2, 4) of 3 containers"},
      {PoolQuery::Range(1, 0), StatusCode::kBadRequest,
       "pool 700.0: range [1, 1) is empty"},
      {PoolQuery::Physical(4), StatusCode::kNotFound,
       "pool 700.0: node 4 of 1, this is node 0"},
      {PoolQuery::DirectId(3), StatusCode::kNotFound,
       "pool 700.0: container 3 of 3"},
  };
  for (const auto& one : cases) {
    const Status status = fan.Work(one.query, Act::kSum).Get();
    CHECK(status.code() == one.code);
    CHECK(status.message() == one.text);
  }
  auto failed = fan.Work(PoolQuery::Broadcast(), Act::kFail, 0b110);
  CHECK(failed.Get().code_value() == 101);
  CHECK(failed->total_ == 0);
  CHECK(fan.Work(PoolQuery::Broadcast(), Act::kSum).Get().ok());
}

TEST_CASE("FanDaemon: many at once, and nothing is left") {
  Fan fan(5);
  for (int i = 0; i < 20; ++i) {
    REQUIRE(fan.Work(PoolQuery::Broadcast(), Act::kSum).Get().ok());
  }
  const Counts before = fan.runtime->GetCounts();
  {
    std::vector<Future<WorkTask>> calls;
    for (u32 i = 0; i < 200; ++i) {
      calls.push_back(fan.Work(PoolQuery::Broadcast(), Act::kSum, i));
    }
    for (u32 i = 0; i < 200; ++i) {
      REQUIRE(calls[i].Get().ok());
      REQUIRE(calls[i]->total_ == 5 * i + 10);
    }
  }
  CHECK(fan.runtime->GetCounts().sessions == before.sessions);
  CHECK(WaitUntil([] { return Count().parked == 0; }));
}

TEST_CASE("FanDaemon: a child ends with its parent, cancelled or too late") {
  Fan fan(2);
  auto parent = fan.Work(PoolQuery::DirectId(1), Act::kChild);
  REQUIRE(WaitUntil([] { return Count().parked == 2; }));
  REQUIRE(parent.Cancel());
  CHECK(parent.Get().code() == StatusCode::kCancelled);
  CHECK(WaitUntil([] { return Count().parked == 0; }));
  CHECK(Count().cancelled == 2);
  // Both have to be parked by then, for which a machine may need longer.
  bool parked = false;
  for (u32 timeout_ms = 50; !parked; timeout_ms *= 4) {
    REQUIRE(timeout_ms < 60'000);
    const u64 before = Count().expired;
    auto task =
        CHI_IPC->NewTask<WorkTask>(CreateTaskId(), FanPool::kId,
                                   PoolQuery::DirectId(0), Act::kChild, u64{0});
    task->SetTimeout(timeout_ms);
    auto late = CHI_IPC->Submit(task);
    CHECK(WaitUntil([&] {
      parked = parked || Count().parked == 2;
      return parked || late.IsDone();
    }));
    CHECK(late.Get().code() == StatusCode::kDeadlineExceeded);
    CHECK(WaitUntil([] { return Count().parked == 0; }));
    if (parked) CHECK(Count().expired == before + 2);
  }
}
TEST_CASE("FanDaemon: a broadcast ends with its client") {
  Fan fan(4);
  static_cast<void>(fan.Work(PoolQuery::Broadcast(), Act::kForever));
  static_cast<void>(fan.Work(PoolQuery::Broadcast(), Act::kChild));
  REQUIRE(WaitUntil([] { return Count().parked == 5 + 9; }));
  fan.client.reset();
  fan.client = fan.runtime->Attach();
  CHECK(WaitUntil([] { return Count().parked == 0; }));
  CHECK(fan.Work(PoolQuery::Broadcast(), Act::kSum).Get().ok());
}

}  // namespace
}  // namespace chi::test

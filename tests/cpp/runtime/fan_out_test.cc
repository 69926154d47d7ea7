// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One task, several containers: Range, Broadcast and Physical, and what comes
// back. The module is fan_module.cc.

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "chimaera/admin/admin_client.h"
#include "runtime/embedded.h"
#include "runtime/fan_pool.h"
#include "runtime/fan_tasks.h"
#include "support/catch.h"
#include "support/wait_until.h"

namespace chi::test {
namespace {

using fan::Act;
using fan::FirstTask;
using fan::InPlaceTask;
using fan::PlainTask;
using fan::UncopyableTask;
using fan::WorkTask;

struct Fan : FanPool {
  explicit Fan(u32 num_containers, u32 num_workers = 2,
               const char* pool_name = "fan")
      : embedded(num_workers, CHI_TEST_FAN_DIR) {
    Create(num_containers, pool_name);
  }
  Embedded embedded;
};

std::vector<u32> IdsOf(const Future<WorkTask>& done) {
  return {done->ids_.begin(), done->ids_.end()};
}

TEST_CASE("FanOut: each query reaches its containers, in their order") {
  Fan fan(4);
  struct {
    PoolQuery query;
    std::vector<u32> ids;
  } const cases[] = {
      {PoolQuery::Broadcast(), {0, 1, 2, 3}},
      {PoolQuery::Physical(0), {0, 1, 2, 3}},
      {PoolQuery::Range(1, 2), {1, 2}},
      {PoolQuery::Range(3, 1), {3}},
      {PoolQuery::DirectId(2), {2}},
  };
  for (const auto& one : cases) {
    auto done = fan.Work(one.query, Act::kSum, 100);
    const Status status = done.Get();
    INFO(one.query.ToString() << ": " << status);
    REQUIRE(status.ok());
    CHECK(IdsOf(done) == one.ids);
    u64 total = 0;
    for (const u32 id : one.ids) total += 100 + id;
    CHECK(done->total_ == total);
  }
  auto decided = fan.Work(PoolQuery::Dynamic(), Act::kDecide, 1);
  REQUIRE(decided.Get().ok());
  CHECK(decided->total_ == 4 + 6);
}

TEST_CASE("FanOut: more containers than the window, each once") {
  Fan fan(200);
  for (int i = 0; i < 3; ++i) {
    auto done = fan.Work(PoolQuery::Broadcast(), Act::kSum, 0);
    REQUIRE(done.Get().ok());
    CHECK(done->ids_.size() == 200);
    CHECK(done->total_ == 199 * 200 / 2);
  }
}

TEST_CASE("FanOut: the copies run at the same time, on all workers") {
  Fan fan(8);
  auto met = fan.Work(PoolQuery::Broadcast(), Act::kMeet, 8);
  REQUIRE(met.Get().ok());
  CHECK(met->workers_ == 3);
}

TEST_CASE("FanOut: copies of one task exclude each other by a lock") {
  Fan fan(6);
  auto done = fan.Work(PoolQuery::Broadcast(), Act::kLock);
  REQUIRE(done.Get().ok());
  CHECK(done->total_ == 0);
}

TEST_CASE("FanOut: a method's broadcast runs on all workers, too") {
  Fan fan(8);
  auto met = fan.Work(PoolQuery::DirectId(1), Act::kNestedMeet, 8);
  const Status status = met.Get();
  INFO(status);
  REQUIRE(status.ok());
  CHECK(met->workers_ == 3);
}

TEST_CASE("FanOut: a method's broadcast passes the locks of its task") {
  Fan fan(3);
  auto done = fan.Work(PoolQuery::DirectId(1), Act::kNested);
  REQUIRE(done.Get().ok());
  CHECK(done->total_ == 3 + 3);
  auto all = fan.Work(PoolQuery::Broadcast(), Act::kNested);
  REQUIRE(all.Get().ok());
  CHECK(all->total_ == 3 * 6);
}

TEST_CASE("FanOut: the error is that of the lowest container, with a count") {
  Fan fan(4);
  auto failed = fan.Work(PoolQuery::Broadcast(), Act::kFail, 0b1010);
  failed.Wait();
  CHECK(failed->return_code_ == 101);
  CHECK(std::string(failed->GetStatus().message()) ==
        "2 of 4 containers failed; container 1: told to ");
  CHECK(failed->total_ == 0);
  auto thrown = fan.Work(PoolQuery::Range(2, 2), Act::kThrow, 0b1000);
  const Status status = thrown.Get();
  CHECK(status.code() == StatusCode::kModuleException);
  CHECK(status.message().find("1 of 2 containers failed; container 3: ") !=
        std::string::npos);
  CHECK(fan.Work(PoolQuery::Broadcast(), Act::kBroken).Get().code() ==
        StatusCode::kNoSpace);
  CHECK(fan.Work(PoolQuery::Broadcast(), Act::kSum).Get().ok());
}

TEST_CASE("FanOut: wrong ranges and ids are errors with numbers") {
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
      {PoolQuery::Range(~u32{0}, ~u32{0}), StatusCode::kNotFound,
       "pool 700.0: range [4294967295, 8589934590) of 3 containers"},
      {PoolQuery::Physical(4), StatusCode::kNotFound,
       "pool 700.0: node 4 of 1, this is node 0"},
  };
  for (const auto& one : cases) {
    const Status status = fan.Work(one.query, Act::kSum).Get();
    CHECK(status.code() == one.code);
    CHECK(status.message() == one.text);
  }
  auto* ipc = CHI_IPC;
  auto unknown = ipc->Submit(ipc->NewTask<WorkTask>(
      CreateTaskId(), FanPool::kId, PoolQuery::Broadcast(), Act::kSum, 0));
  REQUIRE(unknown.Get().ok());
  auto lost = ipc->NewTask<WorkTask>(CreateTaskId(), FanPool::kId,
                                     PoolQuery::Broadcast(), Act::kSum, 0);
  lost->method_ = 77;
  CHECK(ipc->Submit(lost).Get().code() == StatusCode::kUnimplemented);
}

TEST_CASE("FanOut: bulk data is the client's own, for all copies") {
  Fan fan(4);
  auto* ipc = CHI_IPC;
  const hipc::FullPtr<char> buffer = ipc->AllocateBuffer(10000);
  REQUIRE_FALSE(buffer.IsNull());
  for (int i = 0; i < 10000; ++i) buffer.ptr_[i] = 1;
  auto task = ipc->NewTask<WorkTask>(CreateTaskId(), FanPool::kId,
                                     PoolQuery::Broadcast(), Act::kBytes, 0);
  task->data_ = buffer.shm_;
  task->length_ = 10000;
  auto done = ipc->Submit(task);
  const Status status = done.Get();
  INFO(status);
  REQUIRE(status.ok());
  CHECK(done->total_ == 4 * 10000);
  auto bad = ipc->NewTask<WorkTask>(CreateTaskId(), FanPool::kId,
                                    PoolQuery::Broadcast(), Act::kBytes, 0);
  bad->data_ = ShmPtr::At(kClientDataSegment, u64{1} << 40);
  bad->length_ = 8;
  CHECK(ipc->Submit(bad).Get().code() == StatusCode::kBadRequest);
  ipc->FreeBuffer(buffer);
}

TEST_CASE("FanOut: without Aggregate the first container's results count") {
  Fan fan(3);
  const std::string text(100, 'x');
  auto done = fan.Call<FirstTask>(PoolQuery::Range(1, 2), text);
  REQUIRE(done.Get().ok());
  CHECK(done->id_ == 1);
  CHECK(done->text_ == text + "!");
}

TEST_CASE("FanOut: tasks without serialisers are copied by Copy, or by bytes") {
  Fan fan(3);
  for (const u64 size : {0, 39, 500}) {
    auto done =
        fan.Call<InPlaceTask>(PoolQuery::Broadcast(), std::string(size, 'y'));
    const Status status = done.Get();
    INFO(status);
    REQUIRE(status.ok());
    CHECK(done->total_ == 3 * size);
    CHECK(done->max_ == 2);
  }
  auto plain = fan.Call<PlainTask>(PoolQuery::Broadcast(), u64{5});
  REQUIRE(plain.Get().ok());
  CHECK(plain->answer_ == 50 + 0 + 3);
  const Status refused = fan.Call<UncopyableTask>(PoolQuery::Broadcast()).Get();
  CHECK(refused.code() == StatusCode::kUnimplemented);
  CHECK(fan.Call<UncopyableTask>(PoolQuery::DirectId(2)).Get().ok());
}

TEST_CASE("FanOut: many at once, on one worker and on several") {
  for (const u32 workers : {1u, 3u}) {
    Fan fan(5, workers);
    std::vector<Future<WorkTask>> calls;
    for (u32 i = 0; i < 300; ++i) {
      calls.push_back(fan.Work(PoolQuery::Broadcast(), Act::kSum, i));
    }
    for (u32 i = 0; i < 300; ++i) {
      REQUIRE(calls[i].Get().ok());
      REQUIRE(calls[i]->total_ == 5 * i + 10);
    }
  }
}

TEST_CASE("FanOut: a cancelled task takes its copies along, on all workers") {
  Fan fan(70, 3);
  auto asleep = fan.Work(PoolQuery::Broadcast(), Act::kForever);
  const auto parked = [&fan] {
    u64 sum = 0;
    for (u32 i = 0; i < 3; ++i) sum += fan.embedded.worker(i).stats().parked;
    return sum;
  };
  REQUIRE(WaitUntil([&] { return parked() == 64 + 1; }));
  REQUIRE(asleep.Cancel());
  CHECK(asleep.Get().code() == StatusCode::kCancelled);
  CHECK(WaitUntil([&] { return parked() == 0; }));
  CHECK(fan.Work(PoolQuery::Broadcast(), Act::kSum).Get().ok());
}

TEST_CASE("FanOut: the deadline of a task is that of its copies") {
  Fan fan(4);
  auto* ipc = CHI_IPC;
  auto task =
      ipc->NewTask<WorkTask>(CreateTaskId(), FanPool::kId,
                             PoolQuery::Broadcast(), Act::kForever, u64{0});
  task->SetTimeout(20);
  auto late = ipc->Submit(task);
  CHECK(late.Get().code() == StatusCode::kDeadlineExceeded);
  CHECK(fan.Work(PoolQuery::Broadcast(), Act::kSum).Get().ok());
}

// How often kTick was called in a container.
u64 Ticks(Fan& fan, u32 container) {
  auto ticks = fan.Work(PoolQuery::DirectId(container), Act::kTicks);
  const Status status = ticks.Get();
  INFO(status);
  REQUIRE(status.ok());
  return ticks->total_;
}

bool AllTick(Fan& fan, u32 num_containers) {
  std::vector<u64> before;
  for (u32 id = 0; id < num_containers; ++id) before.push_back(Ticks(fan, id));
  return WaitUntil([&] {
    for (u32 id = 0; id < num_containers; ++id) {
      if (Ticks(fan, id) < before[id] + 3) return false;
    }
    return true;
  });
}

TEST_CASE("FanOut: what Create has made periodic runs with the pool") {
  const u32 workers = GENERATE(1u, 3u);
  Fan fan(4, workers, "ticking");
  CHECK(AllTick(fan, 4));
  chimaera::admin::Client admin(kAdminPoolId);
  const auto destroyed =
      admin.DestroyPool(HSHM_MCTX, PoolQuery::Local(), FanPool::kId);
  INFO(destroyed);
  CHECK(destroyed.ok());
}

TEST_CASE("FanOut: a periodic broadcast reaches all each time") {
  Fan fan(3, 2);
  auto* ipc = CHI_IPC;
  auto task = ipc->NewTask<WorkTask>(CreateTaskId(), FanPool::kId,
                                     PoolQuery::Broadcast(), Act::kTick, 0);
  task->SetPeriodic(kNsPerMs);
  auto ticking = ipc->Submit(task);
  CHECK(AllTick(fan, 3));
  CHECK(ticking.Cancel());
  CHECK(ticking.Get().code() == StatusCode::kCancelled);
  // Each time they were all reached; the cancel may have cut the last time
  // short, which is then less by one in some.
  const std::array<u64, 3> ticks = {Ticks(fan, 0), Ticks(fan, 1),
                                    Ticks(fan, 2)};
  const auto [least, most] = std::minmax_element(ticks.begin(), ticks.end());
  CHECK(*most - *least <= 1);
  for (u32 id = 0; id < 3; ++id) CHECK(Ticks(fan, id) == ticks[id]);
}

TEST_CASE("FanOut: a runtime that stops ends copies that sleep") {
  Fan fan(4);
  auto asleep = fan.Work(PoolQuery::Broadcast(), Act::kForever);
  CHECK(fan.Work(PoolQuery::Broadcast(), Act::kSum).Get().ok());
  CHECK_FALSE(asleep.IsDone());
}

}  // namespace
}  // namespace chi::test

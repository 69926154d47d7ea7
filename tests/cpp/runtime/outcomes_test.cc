// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How tasks end that do not end by themselves: cancelled, too late, dropped,
// periodic. This process is the client of a runtime in another one.

#include <string>
#include <thread>
#include <vector>

#include "chimaera/admin/admin_client.h"
#include "chimaera/chimaera.h"
#include "chimaera/echo/echo_client.h"
#include "chimaera/ipc/client_core.h"
#include "support/catch.h"
#include "support/test_runtime.h"
#include "support/wait_until.h"

namespace chi::test {
namespace {

using chimaera::echo::NullTask;
using chimaera::echo::SleepTask;

constexpr u64 kHourNs = 3600 * kNsPerSec;
constexpr PoolId kPool(300, 0);

// A runtime, this process as its client, and an echo pool.
struct Fixture {
  Fixture() : client(runtime.Attach()) {
    const auto made =
        echo.Create(HSHM_MCTX, PoolQuery::Dynamic(), "echo", kPool);
    INFO(made);
    REQUIRE(made.ok());
  }

  hipc::FullPtr<SleepTask> NewSleep(u64 duration_ns) const {
    return CHI_IPC->NewTask<SleepTask>(CreateTaskId(), kPool,
                                       PoolQuery::Local(), duration_ns);
  }
  Future<SleepTask> Sleep(u64 duration_ns, u32 timeout_ms = 0) const {
    auto task = NewSleep(duration_ns);
    task->SetTimeout(timeout_ms);
    return CHI_IPC->Submit(task);
  }
  hipc::FullPtr<NullTask> NewPeriodic(double period_ns) const {
    auto task =
        CHI_IPC->NewTask<NullTask>(CreateTaskId(), kPool, PoolQuery::Local());
    task->SetPeriodic(period_ns);
    return task;
  }
  TestRuntime runtime;
  std::unique_ptr<Chimaera> client;
  chimaera::echo::Client echo;
};

TEST_CASE("Outcomes: a waiting task that is cancelled ends with kCancelled") {
  Fixture f;
  auto sleep = f.Sleep(kHourNs);
  CHECK(sleep.Cancel());
  CHECK(sleep.Get().code() == StatusCode::kCancelled);
  CHECK_FALSE(sleep.Cancel());
  CHECK(sleep.Get().code() == StatusCode::kCancelled);
}

TEST_CASE("Outcomes: cancelling a task that is done changes nothing") {
  Fixture f;
  auto null = f.echo.AsyncNull(HSHM_MCTX, PoolQuery::Local());
  REQUIRE(null.Get().ok());
  CHECK_FALSE(null.Cancel());
  CHECK(null.Get().ok());
}

TEST_CASE("Outcomes: one of a thousand is cancelled, and only that one") {
  Fixture f;
  std::vector<Future<SleepTask>> sleeps;
  for (int i = 0; i < 1000; ++i) sleeps.push_back(f.Sleep(kHourNs));
  CHECK(sleeps[500].Cancel());
  CHECK(sleeps[500].Get().code() == StatusCode::kCancelled);
  CHECK_FALSE(sleeps[499].IsDone());
  CHECK_FALSE(sleeps[501].IsDone());
  for (auto& sleep : sleeps) sleep.Cancel();
  for (auto& sleep : sleeps) {
    CHECK(sleep.Get().code() == StatusCode::kCancelled);
  }
}

TEST_CASE("Outcomes: a task is cancelled from another thread than its own") {
  Fixture f;
  auto sleep = f.Sleep(kHourNs);
  std::thread other([&sleep] { sleep.Cancel(); });
  CHECK(sleep.Get().code() == StatusCode::kCancelled);
  other.join();
}

TEST_CASE("Outcomes: a task past its deadline ends with kDeadlineExceeded") {
  Fixture f;
  auto sleep = f.Sleep(kHourNs, 30);
  const u64 begin_ns = SystemClock::Get().NowNs();
  const Status outcome = sleep.Get();
  const u64 took_ns = SystemClock::Get().NowNs() - begin_ns;
  INFO(outcome);
  CHECK(outcome.code() == StatusCode::kDeadlineExceeded);
  CHECK(took_ns >= 25 * kNsPerMs);
  CHECK(WaitUntil([&] { return sleep.IsDone(); }));
}

TEST_CASE("Outcomes: a deadline that is not reached changes nothing") {
  Fixture f;
  CHECK(f.Sleep(kNsPerMs, 60'000).Get().ok());
  CHECK(f.Sleep(0, 60'000).Get().ok());
}

TEST_CASE("Outcomes: the client's default deadline is for tasks without one") {
  Fixture f;
  f.client->client().SetDefaultTimeout(20);
  CHECK(f.Sleep(kHourNs).Get().code() == StatusCode::kDeadlineExceeded);
  CHECK(f.Sleep(40 * kNsPerMs, 60'000).Get().ok());
  f.client->client().SetDefaultTimeout(0);
  CHECK(f.Sleep(40 * kNsPerMs).Get().ok());
}

TEST_CASE("Outcomes: a client does not wait longer for a stuck worker") {
  Fixture f;
  // Busy does not park, so nothing can end it once it has begun. A worker that
  // is late ends it itself before: then there has to be more time.
  bool stuck = false;
  for (u32 timeout_ms = 20; !stuck; timeout_ms *= 4) {
    REQUIRE(timeout_ms < 10'000);
    auto task = CHI_IPC->NewTask<chimaera::echo::BusyTask>(
        CreateTaskId(), kPool, PoolQuery::Local(), 10 * kNsPerSec);
    task->SetTimeout(timeout_ms);
    auto busy = CHI_IPC->Submit(task);
    const Status outcome = busy.Get();
    INFO(outcome);
    CHECK(outcome.code() == StatusCode::kDeadlineExceeded);
    stuck = !busy.IsDone();
  }
}
TEST_CASE("Outcomes: twenty stuck tasks end at their deadline all together") {
  Fixture f;
  std::vector<Future<SleepTask>> sleeps;
  for (int i = 0; i < 20; ++i) sleeps.push_back(f.Sleep(kHourNs, 50));
  for (auto& sleep : sleeps) {
    CHECK(sleep.Get().code() == StatusCode::kDeadlineExceeded);
  }
}

// What all workers of the runtime have counted.
chimaera::admin::WorkerRow Counted() {
  chimaera::admin::WorkerRow sum;
  const auto stats = CHI_ADMIN->GetStats(HSHM_MCTX);
  REQUIRE(stats.ok());
  for (const auto& worker : stats->workers) {
    sum.cancelled_ += worker.cancelled_;
    sum.expired_ += worker.expired_;
    sum.missed_periods_ += worker.missed_periods_;
  }
  return sum;
}

// What is counted for the tests' own pool.
PoolInfo CountedOfPool() {
  const auto pools = CHI_ADMIN->ListPools(HSHM_MCTX);
  REQUIRE(pools.ok());
  for (const PoolInfo& pool : *pools) {
    if (pool.id == kPool) return pool;
  }
  FAIL("no pool");
  return {};
}

TEST_CASE("Outcomes: the runtime counts what it has ended") {
  Fixture f;
  CHECK(Counted().cancelled_ == 0);
  for (int i = 0; i < 3; ++i) {
    auto sleep = f.Sleep(kHourNs);
    CHECK(sleep.Cancel());
    CHECK(sleep.Get().code() == StatusCode::kCancelled);
  }
  CHECK(Counted().cancelled_ == 3);
  CHECK(f.Sleep(kHourNs, 20).Get().code() == StatusCode::kDeadlineExceeded);
  CHECK(WaitUntil([] { return Counted().expired_ == 1; }));
  CHECK(WaitUntil([] { return CountedOfPool().expired == 1; }));
  CHECK(CountedOfPool().cancelled == 3);
  // 2 ms of work every millisecond: every other time is missed at least.
  auto task = CHI_IPC->NewTask<chimaera::echo::BusyTask>(
      CreateTaskId(), kPool, PoolQuery::Local(), 2 * kNsPerMs);
  task->SetPeriodic(kNsPerMs);
  auto busy = CHI_IPC->Submit(task);
  CHECK(WaitUntil([] { return Counted().missed_periods_ >= 3; }));
  CHECK(busy.Cancel());
  CHECK(busy.Get().code() == StatusCode::kCancelled);
  CHECK(Counted().cancelled_ == 4);
}

TEST_CASE("Outcomes: a task that waits for a long one is ended, not run") {
  Fixture f;
  const auto busy = [](u64 duration_ns) {
    return CHI_IPC->NewTask<chimaera::echo::BusyTask>(
        CreateTaskId(), kPool, PoolQuery::Local(), duration_ns);
  };
  // For half a second at least nobody else runs what is behind the first one. A
  // client that was kept from running for so long proves nothing, and tries
  // again.
  const Clock& clock = SystemClock::Get();
  u64 took_ns = kNsPerSec;
  for (int attempt = 0; took_ns >= 400 * kNsPerMs; ++attempt) {
    REQUIRE(attempt < 10);
    const auto before = Counted();
    const u64 begin_ns = clock.NowNs();
    auto first = CHI_IPC->Submit(busy(kNsPerSec));
    std::vector<Future<chimaera::echo::BusyTask>> behind;
    for (int i = 0; i < 3; ++i) {
      behind.push_back(CHI_IPC->Submit(busy(5 * kNsPerSec)));
      CHECK(behind.back().Cancel());
    }
    auto late = busy(5 * kNsPerSec);
    late->SetTimeout(1);
    auto too_late = CHI_IPC->Submit(late);
    took_ns = clock.NowNs() - begin_ns;
    CHECK(first.Get().ok());
    u64 num_cancelled = 0;
    for (auto& each : behind) {
      if (each.Get().code() == StatusCode::kCancelled) ++num_cancelled;
    }
    CHECK(too_late.Get().code() == StatusCode::kDeadlineExceeded);
    CHECK(WaitUntil([&] { return too_late.IsDone(); }));
    if (took_ns >= 400 * kNsPerMs) continue;
    CHECK(num_cancelled == 3);
    CHECK(Counted().cancelled_ == before.cancelled_ + 3);
    CHECK(Counted().expired_ == before.expired_ + 1);
    CHECK(CountedOfPool().cancelled == Counted().cancelled_);
    CHECK(CountedOfPool().expired == Counted().expired_);
  }
}
TEST_CASE("Outcomes: what is fired and forgotten is freed") {
  Fixture f;
  const u64 before = f.client->client().task_bytes();
  for (int i = 0; i < 20'000; ++i) {
    auto task =
        CHI_IPC->NewTask<NullTask>(CreateTaskId(), kPool, PoolQuery::Local());
    task->task_flags_.SetBits(TASK_FIRE_AND_FORGET);
    CHI_IPC->Enqueue(task);
  }
  CHECK(f.client->client().task_bytes() <= before + 2 * kMiB);
}

TEST_CASE("Outcomes: what an ended thread has forgotten is freed") {
  Fixture f;
  const auto forget = [&f] {
    for (int i = 0; i < 50; ++i) {
      auto task = f.NewSleep(0);
      task->task_flags_.SetBits(TASK_FIRE_AND_FORGET);
      CHI_IPC->Enqueue(task);
    }
    static_cast<void>(f.Sleep(0).Get());  // behind them all
  };
  std::thread(forget).join();
  const u64 before = f.client->client().task_bytes();
  for (int i = 0; i < 100; ++i) std::thread(forget).join();
  CHECK(f.client->client().task_bytes() <= before + 256 * kKiB);
}

TEST_CASE("Outcomes: a periodic task is cancelled between two runs") {
  Fixture f;
  auto periodic = CHI_IPC->Submit(f.NewPeriodic(1e6));
  REQUIRE(periodic.WaitFor(20 * kNsPerMs).code() ==
          StatusCode::kDeadlineExceeded);
  CHECK(periodic.Cancel());
  CHECK(periodic.Get().code() == StatusCode::kCancelled);
}

TEST_CASE("Outcomes: a periodic task ends with its pool") {
  Fixture f;
  auto periodic = CHI_IPC->Submit(f.NewPeriodic(3.6e12));
  chimaera::admin::Client admin(kAdminPoolId);
  REQUIRE(WaitUntil([] { return CountedOfPool().held_runs == 1; }));
  const auto destroyed =
      admin.DestroyPool(HSHM_MCTX, PoolQuery::Local(), kPool);
  INFO(destroyed);
  CHECK(destroyed.ok());
  CHECK(periodic.Get().code() == StatusCode::kCancelled);
}

TEST_CASE("Outcomes: a period that makes no sense is a bad request") {
  Fixture f;
  for (const double period_ns : {0.0, -1.0, 1e300, 999.0}) {
    auto periodic = CHI_IPC->Submit(f.NewPeriodic(period_ns));
    CHECK(periodic.Get().code() == StatusCode::kBadRequest);
  }
}

TEST_CASE("Outcomes: a stopping runtime does not wait for periodic tasks") {
  Fixture f;
  auto periodic = CHI_IPC->Submit(f.NewPeriodic(3.6e12));
  REQUIRE(f.echo.Null(HSHM_MCTX, PoolQuery::Local()).ok());
  CHECK(f.runtime.Stop());
  const StatusCode code = periodic.Get().code();
  const bool ended =
      code == StatusCode::kCancelled || code == StatusCode::kRuntimeDied;
  CHECK(ended);
}

}  // namespace
}  // namespace chi::test

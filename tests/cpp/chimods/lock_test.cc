// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Locks of a module, as its clients see them, and waiting for many tasks.

#include <vector>

#include "chimaera/echo/echo_client.h"
#include "embedded.h"

using chi::Future;
using chi::PoolId;
using chi::PoolQuery;
using chi::StatusCode;
using chi::u64;
using chi::test::Embedded;
using chimaera::echo::Client;
using chimaera::echo::LockMode;
using chimaera::echo::LockTask;

namespace {

constexpr u64 kHourNs = 3'600 * chi::kNsPerSec;

Client MakeClient() {
  Client echo;
  REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Dynamic(), "echo", PoolId(300, 0),
                      false, 3));
  return echo;
}

}  // namespace

TEST_CASE("echo: a lock is passed on in the order of the tasks") {
  // None is taken for long and handed over to another worker, past the others.
  Embedded runtime("scheduling: {long_task: 10s}");
  Client echo = MakeClient();
  const LockMode mode = GENERATE(LockMode::kMutex, LockMode::kWrite);
  std::vector<Future<LockTask>> tasks;
  for (u64 i = 0; i < 200; ++i) {
    tasks.push_back(
        echo.AsyncLock(HSHM_MCTX, PoolQuery::DirectId(i % 3), mode, 1000));
  }
  REQUIRE(chi::WaitAll(tasks).ok());
  for (u64 i = 1; i < tasks.size(); ++i) {
    REQUIRE(tasks[i]->GetStatus().ok());
    REQUIRE(tasks[i]->order_ == tasks[i - 1]->order_ + 1);
  }
}

TEST_CASE("echo: a subtask passes the lock of its task") {
  Embedded runtime;
  Client echo = MakeClient();
  for (const LockMode mode :
       {LockMode::kMutex, LockMode::kRead, LockMode::kWrite}) {
    CHECK(echo.Lock(HSHM_MCTX, PoolQuery::Local(), mode, 1000, 10).ok());
  }
  CHECK(echo.Lock(HSHM_MCTX, PoolQuery::Local(), static_cast<LockMode>(7), 0)
            .code() == StatusCode::kBadRequest);
}

TEST_CASE("WaitAny: a client sleeps until the first of its tasks is done") {
  Embedded runtime;
  Client echo = MakeClient();
  std::vector<Future<chimaera::echo::SleepTask>> tasks;
  for (u64 i = 0; i < 200; ++i) {  // more than one sleep can watch
    tasks.push_back(echo.AsyncSleep(HSHM_MCTX, PoolQuery::Local(),
                                    i == 150 ? 20'000'000 : kHourNs));
  }
  const auto first = chi::WaitAny(tasks);
  REQUIRE(first.ok());
  CHECK(*first == 150);
  CHECK(chi::WaitAll(tasks, 1'000'000).code() == StatusCode::kDeadlineExceeded);
  tasks.erase(tasks.begin() + 150);
  CHECK(chi::WaitAny(tasks, 1'000'000).status().code() ==
        StatusCode::kDeadlineExceeded);
}

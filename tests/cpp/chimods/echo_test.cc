// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Module echo, and with it the ways of a task's fields.

#include <string>
#include <vector>

#include "chimaera/echo/echo_client.h"
#include "embedded.h"

using chi::PoolId;
using chi::PoolQuery;
using chi::StatusCode;
using chi::u64;
using chi::test::Embedded;
using chimaera::echo::Client;
using chimaera::echo::GrowTask;
using chimaera::echo::SpawnTask;

namespace {

Client MakeClient(chi::u32 num_containers = 1) {
  Client echo;
  const chimaera::Outcome created =
      echo.Create(HSHM_MCTX, PoolQuery::Dynamic(), "echo", PoolId(300, 0),
                  false, num_containers);
  INFO(created);
  REQUIRE(created.ok());
  return echo;
}

}  // namespace

TEST_CASE("echo: text, list and number come back") {
  Embedded runtime;
  Client echo = MakeClient();
  for (const u64 size : {0, 1, 39, 40, 5000, 1000000}) {
    const std::string text(size, 'x');
    const std::vector<u64> numbers(size / 3, 42);
    auto future =
        echo.AsyncEcho(HSHM_MCTX, PoolQuery::Local(), text, numbers, size);
    REQUIRE(future.Get().ok());
    REQUIRE(future->text_ == text);
    REQUIRE(future->numbers_.size() == numbers.size());
    REQUIRE(std::vector<u64>(future->numbers_.begin(),
                             future->numbers_.end()) == numbers);
    REQUIRE(future->number_ == size);
  }
  REQUIRE(*echo.Echo(HSHM_MCTX, PoolQuery::Dynamic(), "again") == "again");
}

TEST_CASE("echo: the query chooses the container") {
  Embedded runtime;
  Client echo = MakeClient(3);
  const auto ask = [&echo](const PoolQuery& query) {
    auto future = echo.AsyncEcho(HSHM_MCTX, query, "");
    const chi::Status status = future.Get();
    return status.ok() ? chi::Result<chi::u32>(future->container_id_)
                       : chi::Result<chi::u32>(status);
  };
  REQUIRE(*ask(PoolQuery::DirectId(2)) == 2);
  REQUIRE(*ask(PoolQuery::DirectHash(7)) == 1);
  REQUIRE(ask(PoolQuery::DirectId(3)).status().code() == StatusCode::kNotFound);
  REQUIRE(ask(PoolQuery::Physical(5)).status().code() == StatusCode::kNotFound);
  REQUIRE(ask(PoolQuery()).status().code() == StatusCode::kBadRequest);
}

TEST_CASE("echo: what a method throws becomes its outcome") {
  Embedded runtime;
  Client echo = MakeClient();
  const auto thrown = echo.Throw(HSHM_MCTX, PoolQuery::Local(), "on purpose");
  REQUIRE(thrown.code() == StatusCode::kModuleException);
  REQUIRE(std::string(thrown.message()).find("on purpose") !=
          std::string::npos);
  REQUIRE(echo.Throw(HSHM_MCTX, PoolQuery::Local(), "").code() ==
          StatusCode::kModuleException);
  REQUIRE(echo.Null(HSHM_MCTX, PoolQuery::Local()));
}

TEST_CASE("echo: sleeping methods do not keep others from running") {
  Embedded runtime;
  Client echo = MakeClient();
  std::vector<chi::Future<chimaera::echo::SleepTask>> sleeps;
  for (int i = 0; i < 50; ++i) {
    const u64 duration_ns = i % 2 == 0 ? 50'000'000 : 3'600'000'000'000;
    sleeps.push_back(
        echo.AsyncSleep(HSHM_MCTX, PoolQuery::Local(), duration_ns));
  }
  REQUIRE(echo.Null(HSHM_MCTX, PoolQuery::Local()));
  REQUIRE_FALSE(sleeps.back().IsDone());
  for (u64 i = 0; i < 50; ++i) {
    if (i % 2 != 0) REQUIRE(sleeps[i].Cancel());
    REQUIRE(sleeps[i].Get().code() ==
            (i % 2 == 0 ? StatusCode::kOk : StatusCode::kCancelled));
  }
  REQUIRE(echo.Busy(HSHM_MCTX, PoolQuery::Local(), 1000));
  REQUIRE(echo.Busy(HSHM_MCTX, PoolQuery::Local(), ~u64{0}).code() ==
          StatusCode::kBadRequest);
}

TEST_CASE("echo: subtasks are run and counted") {
  Embedded runtime;
  Client echo = MakeClient();
  for (const chi::u32 count : {0, 1, 255, 256, 257, 3000}) {
    REQUIRE(*echo.Spawn(HSHM_MCTX, PoolQuery::Local(), count) == count);
  }
  REQUIRE(echo.Spawn(HSHM_MCTX, PoolQuery::Local(), SpawnTask::kMaxCount + 1)
              .status()
              .code() == StatusCode::kBadRequest);
}

TEST_CASE("echo: answers of any length, and none that is too long") {
  Embedded runtime;
  Client echo = MakeClient();
  for (const u64 size : {0, 39, 40, 100000, 8 << 20}) {
    const auto text = echo.Grow(HSHM_MCTX, PoolQuery::Local(), size);
    INFO(text.status());
    REQUIRE(text.ok());
    REQUIRE(text->size() == size);
    REQUIRE((size == 0 ||
             text->back() == static_cast<char>('a' + (size - 1) % 26)));
  }
  REQUIRE(echo.Grow(HSHM_MCTX, PoolQuery::Local(), GrowTask::kMaxSize + 1)
              .status()
              .code() == StatusCode::kBadRequest);
  // More than a client may hold.
  const auto huge = echo.Grow(HSHM_MCTX, PoolQuery::Local(), 100 << 20);
  REQUIRE_FALSE(huge.ok());
  REQUIRE(echo.Null(HSHM_MCTX, PoolQuery::Local()));
}

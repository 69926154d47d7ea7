// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Module admin: pools come, are listed and go; flush; stop.

#include <string>

#include "chimaera/admin/admin_client.h"
#include "chimaera/echo/echo_client.h"
#include "embedded.h"
#include "support/wait_until.h"

using chi::PoolId;
using chi::PoolQuery;
using chi::StatusCode;
using chi::u64;
using chi::test::Embedded;
using chimaera::echo::Client;

namespace {

chi::PoolConfig EchoPool(const std::string& name, PoolId id,
                         const std::string& yaml) {
  chi::PoolConfig config;
  config.mod_name_ = "chimaera_echo";
  config.pool_name_ = name;
  config.pool_id_ = id;
  config.config_ = yaml;
  return config;
}

bool Says(const chi::Status& status, StatusCode code, const char* text) {
  INFO(status);
  CHECK(status.code() == code);
  return std::string(status.message()).find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("admin: Create finds the pool that is there, whatever id is asked") {
  Embedded runtime;
  chimaera::admin::Client admin(PoolId(7000, 0));
  REQUIRE(admin.Create(HSHM_MCTX, PoolQuery::Local()).ok());
  REQUIRE(admin.pool_id_ == chi::kAdminPoolId);
}

TEST_CASE("admin: a pool is made once and found again by its name") {
  Embedded runtime;
  Client first;
  first.Create(HSHM_MCTX, PoolQuery::Dynamic(), "one", PoolId(300, 0));
  REQUIRE(first.pool_id_ == PoolId(300, 0));
  REQUIRE(first.pool_name_ == "one");
  Client second;
  REQUIRE(second.Create(HSHM_MCTX, PoolQuery::Local(), "one", PoolId(301, 0)));
  REQUIRE(second.pool_id_ == PoolId(300, 0));

  const auto pools = CHI_ADMIN->ListPools(HSHM_MCTX);
  REQUIRE(pools.ok());
  REQUIRE(pools->size() == 2);
  REQUIRE((*pools)[1].id == PoolId(300, 0));
  REQUIRE((*pools)[1].name == "one");
  REQUIRE((*pools)[1].module == "chimaera_echo");
  REQUIRE((*pools)[1].num_containers == 1);
  REQUIRE((*pools)[1].state == chi::PoolState::kLive);
}

TEST_CASE("admin: what cannot be made is refused by name and number") {
  Embedded runtime;
  Client echo;
  REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Local(), "one", PoolId(300, 0)));
  Client other;
  REQUIRE(
      Says(other.Create(HSHM_MCTX, PoolQuery::Local(), "two", PoolId(300, 0)),
           StatusCode::kAlreadyExists, "300.0"));
  REQUIRE(other.pool_id_.IsNull());
  REQUIRE(Says(other.Create(HSHM_MCTX, PoolQuery::Local(), "two", PoolId()),
               StatusCode::kBadRequest, "null"));
  REQUIRE(Says(other.Create(HSHM_MCTX, PoolQuery::Local(), "", PoolId(9, 0)),
               StatusCode::kBadRequest, "name"));
  auto config = EchoPool("two", PoolId(9, 0), "");
  config.mod_name_ = "chimaera_nothing";
  REQUIRE(Says(CHI_ADMIN->CreatePool(HSHM_MCTX, config).status(),
               StatusCode::kNotFound, "chimaera_nothing"));
}

TEST_CASE("admin: a compose entry's keys reach the module") {
  Embedded runtime;
  const auto id = CHI_ADMIN->CreatePool(
      HSHM_MCTX, EchoPool("yaml", PoolId(300, 0), "allow_crash: false\n"));
  INFO(id.status());
  REQUIRE(id.ok());
  REQUIRE(*id == PoolId(300, 0));
  REQUIRE(Says(CHI_ADMIN
                   ->CreatePool(HSHM_MCTX, EchoPool("bad", PoolId(301, 0),
                                                    "allow_crsh: true\n"))
                   .status(),
               StatusCode::kBadRequest, "did you mean 'allow_crash'"));
  REQUIRE(Says(CHI_ADMIN
                   ->CreatePool(HSHM_MCTX, EchoPool("bad", PoolId(301, 0),
                                                    "allow_crash: perhaps\n"))
                   .status(),
               StatusCode::kBadRequest, "perhaps"));
  REQUIRE(CHI_ADMIN->ListPools(HSHM_MCTX)->size() == 2);
}

TEST_CASE("admin: pools of the configuration exist from the start") {
  Embedded runtime(
      "compose:\n"
      "  - mod_name: chimaera_bdev\n"
      "    pool_name: ram://a\n"
      "    pool_query: dynamic\n"
      "    pool_id: 200.0\n"
      "    capacity: 1MB\n"
      "  - mod_name: chimaera_echo\n"
      "    pool_name: e\n"
      "    pool_query: local\n"
      "    pool_id: 201.0\n"
      "    num_containers: 3\n");
  const auto pools = CHI_ADMIN->ListPools(HSHM_MCTX);
  REQUIRE(pools.ok());
  REQUIRE(pools->size() == 3);
  REQUIRE((*pools)[1].module == "chimaera_bdev");
  REQUIRE((*pools)[2].num_containers == 3);
}

TEST_CASE("admin: parameters that end early or go on are refused") {
  Embedded runtime;
  for (const std::string& bytes : {std::string("\x01\x00", 2), std::string()}) {
    auto task = CHI_IPC->NewTask<chimaera::echo::CreateTask>(
        chi::CreateTaskId(), chi::kAdminPoolId, PoolQuery::Local(),
        "chimaera_echo", "p", PoolId(300, 0));
    task->chimod_params_ = bytes;
    task->params_format_ = static_cast<chi::u32>(chi::ParamsFormat::kBinary);
    auto future = CHI_IPC->Submit(task);
    const chi::Status status = future.Get();
    // No parameters at all mean the defaults.
    REQUIRE(status.code() ==
            (bytes.empty() ? StatusCode::kOk : StatusCode::kBadRequest));
    REQUIRE(future->result_code_ == future->return_code_);
  }
}

TEST_CASE("admin: what a client made a pool with is told as YAML") {
  Embedded runtime;
  Client echo;
  const PoolId id(300, 0);
  REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Local(), "one", id, true));
  auto described = CHI_ADMIN->AsyncDescribePool(HSHM_MCTX, id);
  REQUIRE(described.Get().ok());
  REQUIRE(described->config_.str() == "{allow_crash: true}");
  REQUIRE(described->settings_.str() == "allow_crash: true\n");
  REQUIRE(described->num_containers_ == 1);
  auto none = CHI_ADMIN->AsyncDescribePool(HSHM_MCTX, PoolId(301, 0));
  REQUIRE(none.Get().code() == StatusCode::kNotFound);
}

TEST_CASE("admin: a compose file is checked by its modules, and no pool made") {
  Embedded runtime;
  auto checked = CHI_ADMIN->AsyncCheckCompose(
      HSHM_MCTX,
      "queue: {depth: 5}\n"
      "compose:\n"
      "- {mod_name: chimaera_echo, pool_name: a, pool_id: 9.0}\n"
      "- mod_name: chimaera_echo\n"
      "  pool_name: b\n"
      "  pool_id: 10.0\n"
      "  alow_crash: true\n"
      "- {mod_name: nobodys, pool_name: c, pool_id: 11.0}\n",
      "f.yaml");
  REQUIRE(checked.Get().ok());
  const std::string errors = checked->errors_.str();
  INFO(errors);
  REQUIRE(errors.find("f.yaml:1: queue.depth: ") == 0);
  REQUIRE(errors.find("f.yaml:7: compose[1].alow_crash: unknown key (did you "
                      "mean 'allow_crash'?)\n") != std::string::npos);
  REQUIRE(errors.find("f.yaml:8: compose[2].mod_name: module 'nobodys'") !=
          std::string::npos);
  REQUIRE(CHI_ADMIN->ListPools(HSHM_MCTX)->size() == 1);
}

TEST_CASE("admin: only the admin pool creates and destroys") {
  Embedded runtime;
  Client echo;
  REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Local(), "one", PoolId(300, 0)));
  auto task = CHI_IPC->NewTask<chimaera::echo::CreateTask>(
      chi::CreateTaskId(), echo.pool_id_, PoolQuery::Local(), "chimaera_echo",
      "one", PoolId(300, 0), true);
  task->method_ = chimaera::echo::Method::kCreate;
  REQUIRE(CHI_IPC->Submit(task).Get().code() == StatusCode::kPermissionDenied);
  REQUIRE(echo.Crash(HSHM_MCTX, PoolQuery::Local(),
                     chimaera::echo::CrashKind::kAbort)
              .code() == StatusCode::kPermissionDenied);
}

TEST_CASE("admin: a destroyed pool is gone, and its name and id are free") {
  Embedded runtime;
  Client echo;
  REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Local(), "one", PoolId(300, 0)));
  const chimaera::Outcome gone =
      CHI_ADMIN->DestroyPool(HSHM_MCTX, PoolQuery::Local(), PoolId(300, 0));
  INFO(gone);
  REQUIRE(gone.ok());
  REQUIRE(Says(echo.Null(HSHM_MCTX, PoolQuery::Local()), StatusCode::kNotFound,
               "300.0"));
  REQUIRE(CHI_ADMIN->DestroyPool(HSHM_MCTX, PoolQuery::Local(), PoolId(300, 0))
              .code() == StatusCode::kNotFound);
  REQUIRE(
      CHI_ADMIN->DestroyPool(HSHM_MCTX, PoolQuery::Local(), chi::kAdminPoolId)
          .code() == StatusCode::kBadRequest);
  REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Local(), "one", PoolId(300, 0)));
  REQUIRE(echo.Null(HSHM_MCTX, PoolQuery::Local()));
}

TEST_CASE("admin: statistics count") {
  Embedded runtime;
  Client echo;
  REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Local(), "one", PoolId(300, 0)));
  for (int i = 0; i < 100; ++i) {
    REQUIRE(echo.Null(HSHM_MCTX, PoolQuery::Local()));
  }
  const auto stats = CHI_ADMIN->GetStats(HSHM_MCTX);
  REQUIRE(stats.ok());
  REQUIRE(stats->workers.size() == 2);
  REQUIRE(stats->workers[0].tasks_ + stats->workers[1].tasks_ >= 101);
  REQUIRE(stats->workers[0].rings_ + stats->workers[1].rings_ == 1);
  REQUIRE(stats->num_pools == 2);
  REQUIRE(stats->pools_created == 1);
  REQUIRE(stats->uptime_ns > 0);
  REQUIRE(stats->sessions == 1);
  REQUIRE(stats->sessions_total == 1);
  REQUIRE(stats->cut_off == 0);
  REQUIRE(stats->resident_bytes > 0);
}

TEST_CASE("admin: Flush waits for a method that sleeps, but not for ever") {
  Embedded runtime;
  Client echo;
  REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Local(), "one", PoolId(300, 0)));
  REQUIRE(CHI_ADMIN->Flush(HSHM_MCTX, PoolQuery::Local()));
  auto sleeps = echo.AsyncSleep(HSHM_MCTX, PoolQuery::Local(), 50'000'000);
  auto busy = echo.AsyncBusy(HSHM_MCTX, PoolQuery::Local(), 1'000'000);
  const chimaera::Outcome flushed =
      CHI_ADMIN->Flush(HSHM_MCTX, PoolQuery::Dynamic());
  INFO(flushed);
  REQUIRE(flushed.ok());
  REQUIRE(sleeps.IsDone());
  REQUIRE(busy.IsDone());

  auto longer =
      echo.AsyncSleep(HSHM_MCTX, PoolQuery::Local(), 3'600'000'000'000);
  REQUIRE(Says(CHI_ADMIN->Flush(HSHM_MCTX, PoolQuery::Local(), 10'000'000),
               StatusCode::kDeadlineExceeded, "1 methods are not over"));
  REQUIRE(longer.Cancel());
  REQUIRE(longer.Get().code() == StatusCode::kCancelled);
  // Two at a time do not wait for each other.
  auto one = CHI_ADMIN->AsyncFlush(HSHM_MCTX, PoolQuery::Local());
  auto two = CHI_ADMIN->AsyncFlush(HSHM_MCTX, PoolQuery::Local());
  REQUIRE(one.Get().ok());
  REQUIRE(two.Get().ok());
}

TEST_CASE("admin: Flush waits for a periodic task only while it runs") {
  Embedded runtime;
  Client echo;
  REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Local(), "one", PoolId(300, 0)));
  // Each run of it parks for 20 ms; the next is an hour away.
  auto task = CHI_IPC->NewTask<chimaera::echo::SleepTask>(
      chi::CreateTaskId(), echo.pool_id_, PoolQuery::Local(), 20'000'000);
  task->SetPeriodic(3.6e12);
  auto periodic = CHI_IPC->Submit(task);
  const auto held = [] {
    for (const auto& pool : CHI_POOL_MANAGER->List()) {
      if (pool.id == PoolId(300, 0)) return pool.held_runs;
    }
    return u64{0};
  };
  REQUIRE(chi::test::WaitUntil([&] { return held() == 1; }));
  const chimaera::Outcome flushed =
      CHI_ADMIN->Flush(HSHM_MCTX, PoolQuery::Local());
  INFO(flushed);
  REQUIRE(flushed.ok());
  u64 between = 0;
  for (const chi::Worker* worker : CHI_WORK_ORCHESTRATOR->AllWorkers()) {
    between += worker->stats().between_periods.load();
  }
  CHECK(between == 1);
  // Others are waited for all the same.
  auto longer = echo.AsyncSleep(HSHM_MCTX, PoolQuery::Local(), 600'000'000'000);
  REQUIRE(Says(CHI_ADMIN->Flush(HSHM_MCTX, PoolQuery::Local(), 10'000'000),
               StatusCode::kDeadlineExceeded, "1 methods are not over"));
  longer.Cancel();
  CHECK(longer.Get().code() == StatusCode::kCancelled);
  periodic.Cancel();
  CHECK(periodic.Get().code() == StatusCode::kCancelled);
}

TEST_CASE("admin: StopRuntime answers, then asks the runtime to stop") {
  Embedded runtime;
  REQUIRE_FALSE(chi::Chimaera::Get().WaitForStop(0));
  REQUIRE(CHI_ADMIN->StopRuntime(HSHM_MCTX, PoolQuery::Local()));
  REQUIRE(chi::Chimaera::Get().WaitForStop(chi::test::kHangNs));
}

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Beginning and end: of a daemon, of an embedded runtime, of a client.

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "chimaera/admin/admin_client.h"
#include "chimaera/chimaera.h"
#include "chimaera/echo/echo_client.h"
#include "support/catch.h"
#include "support/test_runtime.h"
#include "support/wait_until.h"

namespace chi::test {
namespace {

using chimaera::echo::SleepTask;
using Echo = chimaera::echo::Client;

RuntimeConfig TestConfig() {
  RuntimeConfig config = RuntimeConfig();
  config.num_threads = 2;
  config.pin_workers = false;
  config.module_paths.emplace_back(CHI_TEST_LIBRARY_DIR);
  SetLogLevel(LogLevel::kError);
  return config;
}

TEST_CASE("Life: a stop answers what is in flight and leaves no directory") {
  TestRuntime runtime;
  auto client = runtime.Attach();
  Echo echo;
  REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Local(), "echo", PoolId(300, 0)));
  std::vector<Future<SleepTask>> sleeps;
  for (int i = 0; i < 100; ++i) {
    sleeps.push_back(
        echo.AsyncSleep(HSHM_MCTX, PoolQuery::Local(), 50 * kNsPerMs));
  }
  CHECK(runtime.Stop());
  for (auto& sleep : sleeps) REQUIRE(sleep.Get().ok());
  CHECK_FALSE(std::filesystem::exists(runtime.dir()));
  CHECK(echo.Null(HSHM_MCTX, PoolQuery::Local()).code() ==
        StatusCode::kRuntimeDied);
}

TEST_CASE("Life: a stop cancels what sleeps for longer than the grace") {
  TestRuntime runtime;
  auto client = runtime.Attach();
  Echo echo;
  REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Local(), "echo", PoolId(300, 0)));
  auto sleep =
      echo.AsyncSleep(HSHM_MCTX, PoolQuery::Local(), 3'600 * kNsPerSec);
  REQUIRE(echo.Null(HSHM_MCTX, PoolQuery::Local()).ok());
  CHECK(runtime.Stop());
  CHECK(sleep.Get().code() == StatusCode::kCancelled);
}

TEST_CASE("Life: an admin's StopRuntime ends the daemon") {
  TestRuntime runtime;
  auto client = runtime.Attach();
  REQUIRE(CHI_ADMIN->StopRuntime(HSHM_MCTX, PoolQuery::Local()).ok());
  CHECK(runtime.process().ReadLine() == "stopped");
  CHECK(runtime.process().Reap() == 0);
}

TEST_CASE("Life: a stop while clients keep submitting ends all the same") {
  TestRuntime runtime;
  auto load = runtime.StartClient({"load", "4", "10000000"});
  auto client = runtime.Attach();
  CHECK(WaitUntil([&] {
    const auto stats = CHI_ADMIN->GetStats(HSHM_MCTX);
    return stats.ok() &&
           stats->workers[0].tasks_ + stats->workers[1].tasks_ > 1'000;
  }));
  CHECK(runtime.Stop());
}

TEST_CASE("Life: a stop while pools are made and destroyed ends all the same") {
  TestRuntime runtime;
  auto client = runtime.Attach();
  std::atomic<u64> rounds{0};
  std::vector<std::thread> threads;
  for (u32 t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      const PoolId id(400 + t, 0);
      Echo echo;
      while (echo.Create(HSHM_MCTX, PoolQuery::Local(), id.ToString(), id)) {
        if (!CHI_ADMIN->DestroyPool(HSHM_MCTX, PoolQuery::Local(), id)) break;
        ++rounds;
      }
    });
  }
  CHECK(WaitUntil([&] { return rounds > 20; }));
  CHECK(runtime.Stop());
  for (std::thread& thread : threads) thread.join();
}

TEST_CASE("Life: clients that come and go leave nothing in the runtime") {
  TestRuntime runtime;
  const Counts before = runtime.GetCounts();
  for (int i = 0; i < 10; ++i) {
    auto client = runtime.Attach();
    Echo echo;
    REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Local(), "echo", PoolId(300, 0)));
    REQUIRE(echo.Grow(HSHM_MCTX, PoolQuery::Local(), 100'000).ok());
  }
  CHECK(runtime.ReturnsTo(before));
}

TEST_CASE("Life: an embedded runtime leaves no descriptor and no mapping") {
  u64 fds = 0;
  u64 segments = 0;
  std::string dir;
  for (int i = 0; i < 4; ++i) {
    {
      auto runtime = Chimaera::StartEmbedded(TestConfig());
      INFO(runtime.status());
      REQUIRE(runtime.ok());
      CHECK((*runtime)->is_client());
      CHECK((*runtime)->is_server());
      dir = (*runtime)->runtime_dir();
      Echo echo;
      REQUIRE(
          echo.Create(HSHM_MCTX, PoolQuery::Local(), "echo", PoolId(300, 0)));
      REQUIRE(echo.Grow(HSHM_MCTX, PoolQuery::Local(), 10'000).ok());
    }
    CHECK_FALSE(std::filesystem::exists(dir));
    CHECK_FALSE(Chimaera::Exists());
    // The first one opens what a process opens once, its log for example.
    if (i == 0) {
      fds = CountOpenFds();
      segments = CountMappings("memfd:");
    }
  }
  CHECK(CountOpenFds() == fds);
  CHECK(CountMappings("memfd:") == segments);
}

TEST_CASE("Life: a process may attach, leave and attach again") {
  TestRuntime runtime;
  for (int i = 0; i < 5; ++i) {
    auto client = runtime.Attach();
    Echo echo;
    REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Local(), "echo", PoolId(300, 0)));
    CHECK(echo.Echo(HSHM_MCTX, PoolQuery::Local(), "again").ok());
  }
}

TEST_CASE("Life: CHIMAERA_INIT and CHIMAERA_FINALIZE, twice") {
  TestRuntime runtime;
  setenv("CHI_RUNTIME_DIR", runtime.dir().c_str(), 1);
  for (int i = 0; i < 2; ++i) {
    REQUIRE(CHIMAERA_CLIENT_INIT());
    CHECK(CHIMAERA_INIT(ChimaeraMode::kClient));  // it is that already
    CHECK_FALSE(CHIMAERA_INIT(ChimaeraMode::kServer));
    CHECK(CHI_ADMIN->GetStats(HSHM_MCTX).ok());
    CHIMAERA_FINALIZE();
    CHECK_FALSE(Chimaera::Exists());
    CHIMAERA_FINALIZE();  // nothing left to do
  }
  unsetenv("CHI_RUNTIME_DIR");
}

TEST_CASE("Life: a thread's client calls survive a new attachment") {
  // The thread lives on while the process leaves one runtime for another.
  TestRuntime one;
  TestRuntime two;
  std::unique_ptr<Chimaera> client = one.Attach();
  std::atomic<int> step{0};
  std::vector<StatusCode> seen;
  std::thread thread([&] {
    for (int i = 0; i < 2; ++i) {
      if (!WaitUntil([&] { return step == 2 * i + 1; })) return;
      Echo echo;
      seen.push_back(
          echo.Create(HSHM_MCTX, PoolQuery::Local(), "echo", PoolId(300, 0))
              .code());
      ++step;
    }
  });
  step = 1;
  REQUIRE(WaitUntil([&] { return step == 2; }));
  client.reset();
  client = two.Attach();
  step = 3;
  thread.join();
  CHECK(seen == std::vector<StatusCode>(2, StatusCode::kOk));
}

TEST_CASE("Life: a pool is destroyed when its parked methods have ended") {
  TestRuntime runtime;
  auto client = runtime.Attach();
  Echo echo;
  REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Local(), "echo", PoolId(300, 0)));
  std::vector<Future<SleepTask>> sleeps;
  for (int i = 0; i < 50; ++i) {
    sleeps.push_back(
        echo.AsyncSleep(HSHM_MCTX, PoolQuery::Local(), 100 * kNsPerMs));
  }
  REQUIRE(echo.Null(HSHM_MCTX, PoolQuery::Local()).ok());
  const auto destroyed =
      CHI_ADMIN->DestroyPool(HSHM_MCTX, PoolQuery::Local(), PoolId(300, 0));
  INFO(destroyed);
  CHECK(destroyed.ok());
  for (auto& sleep : sleeps) CHECK(sleep.Get().ok());
  CHECK(echo.Null(HSHM_MCTX, PoolQuery::Local()).code() ==
        StatusCode::kNotFound);
}

TEST_CASE("Life: pools of the configuration are there from the start") {
  TestRuntime runtime(
      "compose:\n"
      "  - mod_name: chimaera_echo\n"
      "    pool_name: composed\n"
      "    pool_query: local\n"
      "    pool_id: 301.0\n"
      "    num_containers: 3\n");
  auto client = runtime.Attach();
  Echo echo(PoolId(301, 0));
  CHECK(echo.Null(HSHM_MCTX, PoolQuery::DirectId(2)).ok());
}

}  // namespace
}  // namespace chi::test

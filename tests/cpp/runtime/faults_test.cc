// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What happens when somebody dies: a client with tasks parked, the runtime
// with clients waiting; and when a client forks.

#include <sys/wait.h>

#include <memory>
#include <string>
#include <vector>

#include "chimaera/admin/admin_client.h"
#include "chimaera/chimaera.h"
#include "chimaera/echo/echo_client.h"
#include "support/catch.h"
#include "support/test_runtime.h"
#include "support/wait_until.h"

namespace chi::test {
namespace {

using Echo = chimaera::echo::Client;
constexpr u64 kHourNs = 3'600 * kNsPerSec;

std::string RuntimeDied(u64 count) {
  return std::to_string(static_cast<u32>(StatusCode::kRuntimeDied)) + "=" +
         std::to_string(count);
}

TEST_CASE("Faults: a client that is killed leaves nothing in the runtime") {
  TestRuntime runtime;
  auto witness = runtime.Attach();
  Echo echo;
  REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Local(), "echo", PoolId(300, 0)));
  const Counts before = runtime.GetCounts();
  std::vector<std::unique_ptr<Process>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(runtime.StartClient({"hold", "0", "100000"}));
  }
  for (auto& client : clients) REQUIRE(client->ReadLine() == "held");
  const Counts during = runtime.GetCounts();
  CHECK(during.sessions == before.sessions + 3);
  CHECK(during.result_bytes >= before.result_bytes + 300'000);
  for (auto& client : clients) client->Kill();
  CHECK(runtime.ReturnsTo(before));
  CHECK(echo.Null(HSHM_MCTX, PoolQuery::Local()).ok());
}

TEST_CASE("Faults: a client that is killed while its tasks are parked") {
  // They sleep for an hour: they are cancelled, and its memory comes back.
  TestRuntime runtime;
  auto witness = runtime.Attach();
  Echo echo;
  REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Local(), "echo", PoolId(300, 0)));
  const Counts before = runtime.GetCounts();
  auto client = runtime.StartClient({"hold", "100", "1000"});
  REQUIRE(client->ReadLine() == "held");
  client->Kill();
  CHECK(runtime.ReturnsTo(before));
  CHECK(echo.Null(HSHM_MCTX, PoolQuery::Local()).ok());
  witness.reset();
  CHECK(runtime.Stop());
}

TEST_CASE("Faults: a client that is killed while its task holds a lock") {
  TestRuntime runtime;
  auto witness = runtime.Attach();
  Echo echo;
  REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Local(), "echo", PoolId(300, 0)));
  const Counts before = runtime.GetCounts();
  auto client = runtime.StartClient({"lock", "50"});
  REQUIRE(client->ReadLine() == "locked");
  {
    auto lock = echo.AsyncLock(HSHM_MCTX, PoolQuery::Local(),
                               chimaera::echo::LockMode::kMutex, 0);
    CHECK_FALSE(lock.IsDone());
    client->Kill();
    // The holder is cancelled and gives it back; who waits leaves the queue.
    CHECK(lock.Get().ok());
  }
  CHECK(runtime.ReturnsTo(before));
  witness.reset();
  CHECK(runtime.Stop());
}

TEST_CASE("Faults: when the runtime is killed every waiter learns of it") {
  TestRuntime runtime;
  std::vector<std::unique_ptr<Process>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(runtime.StartClient({"wait", "4", "2"}));
  }
  for (auto& client : clients) REQUIRE(client->ReadLine() == "waiting");
  runtime.Kill();
  for (auto& client : clients) CHECK(client->ReadLine() == RuntimeDied(8));
}

TEST_CASE("Faults: after the runtime's death calls fail at once") {
  TestRuntime runtime;
  auto client = runtime.Attach();
  Echo echo;
  REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Local(), "echo", PoolId(300, 0)));
  runtime.Kill();
  for (int i = 0; i < 10; ++i) {
    CHECK(echo.Null(HSHM_MCTX, PoolQuery::Local()).code() ==
          StatusCode::kRuntimeDied);
  }
  // A text that needs a buffer of its own: the bug was an exception.
  CHECK(echo.Echo(HSHM_MCTX, PoolQuery::Local(), std::string(1'000, 'x'))
            .status()
            .code() == StatusCode::kRuntimeDied);
  CHECK(CHI_IPC->AllocateBuffer(64).IsNull());
  client.reset();
  CHECK(runtime.TryAttach().status().code() == StatusCode::kNoRuntime);
}

TEST_CASE("Faults: a module that crashes the runtime is an error for clients") {
  TestRuntime runtime;
  auto client = runtime.Attach();
  Echo echo;
  REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Local(), "echo", PoolId(300, 0),
                      /*allow_crash=*/true));
  const auto kind = GENERATE(chimaera::echo::CrashKind::kAbort,
                             chimaera::echo::CrashKind::kSegv,
                             chimaera::echo::CrashKind::kStackOverflow);
  CHECK(echo.Crash(HSHM_MCTX, PoolQuery::Local(), kind).code() ==
        StatusCode::kRuntimeDied);
}

TEST_CASE("Faults: the child of a fork is told so, and can attach itself") {
  TestRuntime runtime;
  auto client = runtime.StartClient({"fork"});
  const std::string forked =
      std::to_string(static_cast<u32>(StatusCode::kForked));
  CHECK(client->ReadLine() == "child " + forked + " 1 0");
  CHECK(client->ReadLine() == "parent 0 1 0");
  CHECK(client->Reap() == 0);
  CHECK(runtime.Stop());
}

TEST_CASE("Faults: a runtime starts where another one was killed") {
  TempDir temp;
  const std::string dir = temp / "runtime";
  for (int i = 0; i < 2; ++i) {
    Process daemon("chi_test_daemon", {dir, "1"});
    CHECK(daemon.ReadLine() == "ready");
    daemon.Kill();
  }
}

}  // namespace
}  // namespace chi::test

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A system that has no more threads to give: a runtime that starts says so and
// leaves nothing, one that runs goes on.

#include <atomic>
#include <string>
#include <thread>

#include "chimaera/base/fault_point.h"
#include "chimaera/base/log.h"
#include "runtime/embedded.h"
#include "support/catch.h"
#include "support/wait_until.h"

namespace chi::test {
namespace {

constexpr char kNoThread[] = "base.thread.start";

struct FaultsEnd {
  FaultsEnd() = default;
  ~FaultsEnd() { FaultPoints::Reset(); }
};

TEST_CASE("Threads: a start that does not get all of them is an error") {
  const FaultsEnd end;
  RuntimeConfig config = RuntimeConfig();
  config.num_threads = 3;
  config.pin_workers = false;
  config.module_paths.emplace_back(CHI_TEST_LIBRARY_DIR);
  SetLogLevel(LogLevel::kFatal);
  u64 refused = 0;
  for (;; ++refused) {
    REQUIRE(refused < 100);
    FaultPoints::Reset();
    FaultPoints::Arm(kNoThread, 1, refused);
    auto started = Chimaera::StartEmbedded(config);
    if (FaultPoints::NumFired(kNoThread) == 0) {
      CHECK(started.ok());
      break;
    }
    REQUIRE_FALSE(started.ok());
    const std::string text = started.status().ToString();
    INFO(text);
    CHECK(text.find("thread of") != std::string::npos);
  }
  // Control, memory, life, watchdog, balancer and three workers.
  CHECK(refused >= 8);
}

TEST_CASE("Threads: without one for a stand-in the worker is waited for") {
  const FaultsEnd end;
  std::atomic<bool> release{false};
  std::atomic<bool> held{false};
  Embedded runtime(1);
  SetLogLevel(LogLevel::kFatal);
  FaultPoints::Arm(kNoThread, FaultPoints::kAlways);
  runtime.worker(0).InjectCall([&](RunContext&) {
    held = true;
    while (!release.load()) std::this_thread::yield();
  });
  CHECK(WaitUntil([&] { return held.load(); }));
  auto behind = runtime.echo.AsyncNull(HSHM_MCTX, PoolQuery::Local());
  CHECK(WaitUntil([] { return FaultPoints::NumFired(kNoThread) > 0; }));
  CHECK_FALSE(behind.IsDone());
  release = true;
  CHECK(behind.Get().ok());
}

}  // namespace
}  // namespace chi::test

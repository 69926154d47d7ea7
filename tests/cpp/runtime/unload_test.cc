// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A module is unloaded from a runtime that works: its tasks run, wait, tick and
// outlive their makers. A mistake here is a jump into memory that is gone.

#include <string>

#include "chimaera/admin/admin_client.h"
#include "runtime/embedded.h"
#include "runtime/fan_pool.h"
#include "support/wait_until.h"

namespace chi::test {
namespace {

Result<bool> UnloadFan() {
  return CHI_ADMIN->UnloadModule(HSHM_MCTX, PoolQuery::Local(), "fan");
}

void DestroyFan() {
  const Status gone =
      CHI_ADMIN->DestroyPool(HSHM_MCTX, PoolQuery::Local(), FanPool::kId);
  INFO(gone);
  REQUIRE(gone.ok());
}

void CheckUnloads() {
  const Result<bool> gone = UnloadFan();
  INFO(gone.status());
  REQUIRE(gone.ok());
  CHECK(*gone);
}

TEST_CASE("Unload: refused while a task is in flight, which goes on") {
  Embedded runtime(2, CHI_TEST_FAN_DIR);
  FanPool fan;
  fan.Create(1);
  auto forever = fan.Work(PoolQuery::Local(), fan::Act::kForever);
  REQUIRE(fan.Work(PoolQuery::Local(), fan::Act::kSum, 7).Get().ok());
  CHECK(UnloadFan().status().code() == StatusCode::kBadRequest);
  CHECK_FALSE(forever.IsDone());
  REQUIRE(forever.Cancel());
  CHECK(forever.Get().code() == StatusCode::kCancelled);
  CHECK(UnloadFan().status().code() == StatusCode::kBadRequest);
  DestroyFan();
  CheckUnloads();
  CHECK(UnloadFan().status().code() == StatusCode::kNotFound);
}

TEST_CASE("Unload: not before a task that its method left alone is over") {
  Embedded runtime(2, CHI_TEST_FAN_DIR);
  FanPool fan;
  fan.Create(1);
  REQUIRE(fan.Work(PoolQuery::Local(), fan::Act::kLeave, 300 * kNsPerMs)
              .Get()
              .ok());
  DestroyFan();
  CheckUnloads();
  // The task was the echo pool's, and freeing it the module's. The run itself
  // may end a moment later.
  CHECK(WaitUntil([] {
    const auto pools = CHI_ADMIN->ListPools(HSHM_MCTX);
    REQUIRE(pools.ok());
    return (*pools)[1].held_runs == 0;
  }));
}

TEST_CASE("Unload: what was known of it does not dangle, and it comes back") {
  Embedded runtime(2, CHI_TEST_FAN_DIR);
  for (int cycle = 0; cycle < 3; ++cycle) {
    FanPool fan;
    fan.Create(3, "ticking");
    for (int i = 0; i < 1000; ++i) {
      REQUIRE(fan.Work(PoolQuery::Broadcast(), fan::Act::kSum, 1).Get().ok());
    }
    DestroyFan();
    CheckUnloads();
    CHECK(CHI_ADMIN->GetStats(HSHM_MCTX).ok());
    CHECK(CHI_ADMIN->Dump(HSHM_MCTX).ok());
    CHECK(runtime.echo.Null(HSHM_MCTX, PoolQuery::Local()).ok());
  }
}

TEST_CASE("Unload: the admin module and those that are not there") {
  Embedded runtime(2);
  const auto unload = [](const std::string& module) {
    return CHI_ADMIN->UnloadModule(HSHM_MCTX, PoolQuery::Local(), module)
        .status();
  };
  const Status admin = unload("chimaera_admin");
  CHECK(admin.code() == StatusCode::kBadRequest);
  CHECK_THAT(admin.ToString(), Catch::Contains("pool 1.0 'admin' of it"));
  CHECK(unload("chimaera_nothing").code() == StatusCode::kNotFound);
  CHECK(unload("").code() == StatusCode::kNotFound);
}

}  // namespace
}  // namespace chi::test

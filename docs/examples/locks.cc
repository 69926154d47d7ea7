// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Tasks that wait for a lock, for each other and for time, as a client starts
// them and waits for one or all. The methods are those of module echo.

#include <chimaera/admin/admin_client.h>
#include <chimaera/chimaera.h>
#include <chimaera/echo/echo_client.h>

#include <cstdio>
#include <vector>

using chimaera::echo::LockMode;

int main() {
  if (!chi::CHIMAERA_INIT(chi::ChimaeraMode::kClient, true)) return 1;
  chimaera::echo::Client echo;
  if (!echo.Create(HSHM_MCTX, chi::PoolQuery::Dynamic(), "locks",
                   chi::PoolId(8001, 0))) {
    return 1;
  }

  // A hundred tasks, each 10 us inside the same mutex. They are parked
  // meanwhile: the worker is free for others.
  std::vector<chi::Future<chimaera::echo::LockTask>> tasks;
  for (int i = 0; i < 100; ++i) {
    tasks.push_back(echo.AsyncLock(HSHM_MCTX, chi::PoolQuery::Local(),
                                   LockMode::kMutex, 10 * chi::kNsPerUs));
  }
  const chi::Result<size_t> first = chi::WaitAny(tasks);
  const chi::Status all = chi::WaitAll(tasks);
  if (!first.ok() || !all.ok()) return 1;
  std::printf("the first: %zu\n", *first);

  // Of one group: the subtask needs the lock that its task holds, and passes.
  const auto nested = echo.Lock(HSHM_MCTX, chi::PoolQuery::Local(),
                                LockMode::kWrite, 0, /*subtasks=*/1);
  std::printf("nested: %s\n", nested.ok() ? "passed" : "failed");
  return nested.ok() ? 0 : 1;
}

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Locks: what methods share is protected by them, and tasks of one group pass.

#include <chimaera/chimaera.h>
#include <example/store/store_client.h>

#include <cstdio>
#include <vector>

using namespace example::store;  // NOLINT(google-build-using-namespace)

int main() {
  if (!chi::CHIMAERA_INIT(chi::ChimaeraMode::kClient, true)) return 1;
  Client store;
  if (!store.Create(HSHM_MCTX, chi::PoolQuery::Dynamic(), "store",
                    chi::PoolId(8002, 0))) {
    return 1;
  }
  const auto here = chi::PoolQuery::Local();

  // Each Add waits twice between reading and writing, and none is lost.
  std::vector<chi::Future<AddTask>> adds;
  for (int i = 0; i < 100; ++i) {
    adds.push_back(store.Async<AddTask>(here, 1u, chi::u64{1}));
  }
  if (!chi::WaitAll(adds).ok()) return 1;
  auto read = store.Async<ReadDataTask>(here, 1u);
  if (!read.Get().ok()) return 1;
  std::printf("sum: %llu\n", static_cast<unsigned long long>(read->value_));

  // Two tasks of one TaskId are inside the same mutex at the same time, or
  // they would wait for each other.
  auto* ipc_manager = CHI_IPC;
  const chi::TaskId task_id = chi::CreateTaskId();
  auto one = ipc_manager->Submit(ipc_manager->NewTask<MeetTask>(
      task_id, store.pool_id_, here, chi::u64{2}));
  auto two = ipc_manager->Submit(ipc_manager->NewTask<MeetTask>(
      task_id, store.pool_id_, here, chi::u64{2}));
  const bool met = one.Get().ok() && two.Get().ok();
  std::printf("one group: %s\n", met ? "met" : "did not meet");
  return met ? 0 : 1;
}

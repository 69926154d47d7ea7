// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// From NewTask to DelTask; tasks that nobody waits for, and tasks that are run
// again and again.

#include <chimaera/admin/admin_client.h>
#include <chimaera/chimaera.h>
#include <example/store/store_client.h>

#include <cstdio>
#include <thread>

using namespace example::store;  // NOLINT(google-build-using-namespace)

int main() {
  if (!chi::CHIMAERA_INIT(chi::ChimaeraMode::kClient, true)) return 1;
  Client store;
  if (!store.Create(HSHM_MCTX, chi::PoolQuery::Dynamic(), "store",
                    chi::PoolId(8002, 0))) {
    return 1;
  }
  auto* ipc_manager = CHI_IPC;
  const auto here = chi::PoolQuery::Local();

  // By hand: allocate, enqueue, wait, look at it, free.
  hipc::FullPtr<WriteDataTask> task = ipc_manager->NewTask<WriteDataTask>(
      chi::CreateTaskId(), store.pool_id_, here, 5u, chi::u64{55});
  ipc_manager->Enqueue(task);
  task->Wait();
  std::printf("by hand: return code %u\n", task->return_code_);
  ipc_manager->DelTask(task);

  // A future frees its task, whenever it goes.
  auto read = store.Async<ReadDataTask>(here, 5u);
  if (!read.Get().ok()) return 1;
  std::printf("by a future: %llu\n",
              static_cast<unsigned long long>(read->value_));

  // Forgotten: the runtime runs it, and it is freed when it is done.
  auto forgotten = ipc_manager->NewTask<WriteDataTask>(
      chi::CreateTaskId(), store.pool_id_, here, 6u, chi::u64{66});
  forgotten->task_flags_.SetBits(chi::TASK_FIRE_AND_FORGET);
  ipc_manager->Enqueue(forgotten);
  if (!CHI_ADMIN->Flush(HSHM_MCTX, here)) return 1;
  auto written = store.Async<ReadDataTask>(here, 6u);
  if (!written.Get().ok()) return 1;
  std::printf("forgotten: %llu\n",
              static_cast<unsigned long long>(written->value_));

  // Periodic: every millisecond, until it is cancelled.
  auto tick = ipc_manager->NewTask<TickTask>(chi::CreateTaskId(),
                                             store.pool_id_, here, chi::u64{1});
  tick->SetPeriodic(chi::kNsPerMs);
  chi::Future<TickTask> ticking = ipc_manager->Submit(tick);
  chi::u64 ticks = 0;
  while (ticks < 3 && !ticking.IsDone()) {
    auto count = store.Async<ReadDataTask>(here, 0u);
    if (!count.Get().ok()) return 1;
    ticks = count->value_;
    std::this_thread::yield();
  }
  ticking.Cancel();
  std::printf("periodic: %s\n", ticking.Get().ToString().c_str());
  return ticks >= 3 ? 0 : 1;
}

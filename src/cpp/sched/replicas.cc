// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Handing replicas out, and waiting for them however long it takes.

#include "chimaera/sched/replicas.h"

#include <utility>

#include "chimaera/base/check.h"
#include "chimaera/ipc/completion.h"
#include "chimaera/ipc/wait.h"
#include "chimaera/sched/worker.h"
#include "chimaera/shm/storage.h"
#include "sched/worker_port.h"

namespace chi {
namespace {

constexpr u64 kForeverNs = ~u64{0};

// As Task::Wait, but nothing ends it early.
void WaitForCertain(Worker& worker, Task& task) {
  ParkedRun run(WaitKind::kTask, &task);
  const auto park = [&] {
    worker.ParkForCertain(run);
    return true;
  };
  const ParkedWait end =
      WaitParked(task, reinterpret_cast<u64>(&run), park, park);
  CHI_CHECK(end == ParkedWait::kDone);
}

// Whoever has not begun will not; whoever waits is woken, and ends.
void CancelAll(Worker& worker,
               const std::vector<hipc::FullPtr<Task>>& replicas) {
  std::vector<const Task*> left;
  for (const hipc::FullPtr<Task>& replica : replicas) {
    if (replica->IsComplete()) continue;
    replica->interrupt_.store(static_cast<u32>(StatusCode::kCancelled),
                              std::memory_order_relaxed);
    left.push_back(replica.ptr_);
  }
  const u64 client_id = worker.current_run()->client_id;
  // By then some of them may be gone; only their addresses are used.
  const auto cancel = [client_id, left = std::move(left)](Worker& here) {
    for (const Task* task : left) here.CancelInternal(client_id, task);
  };
  cancel(worker);
  for (u32 step = 1; &worker.Peer(step) != &worker; ++step) {
    Worker& peer = worker.Peer(step);
    static_cast<void>(peer.Inject([&peer, cancel] { cancel(peer); }));
  }
}

}  // namespace

Status PrepareReplicas() {
  // Whoever was let through has left a stack behind, which is the next one
  // taken. A park that fails for want of a stack would wait for replicas that
  // nobody can run.
  return Worker::Current()->Yield();
}

void SubmitReplica(hipc::FullPtr<Task> replica, u32 step) {
  Worker* const worker = Worker::Current();
  PrepareInternalTask(*replica, worker->clock());
  worker->Peer(step).InjectTask(replica, worker->current_run()->session);
}

Status AwaitReplicas(const std::vector<hipc::FullPtr<Task>>& replicas) {
  Status waited;
  try {
    waited = WaitAll(replicas, kForeverNs);
  } catch (const StatusError& ended) {
    waited = ended.status();
  }
  if (waited.ok()) return waited;
  CancelAll(*Worker::Current(), replicas);
  for (const hipc::FullPtr<Task>& replica : replicas) {
    WaitForCertain(*Worker::Current(), *replica);
  }
  return waited;
}

}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The state word of a task made inside the runtime decides between the three
// who meet at it: who finishes it, who waits, and who drops it (completion.h).
// Line 1's `waiter_` goes with kParked (a ParkedRun) and with kOrphaned (the
// function that frees the task).

#include "sched/worker_port.h"

#include <climits>
#include <cstdlib>

#include "chimaera/base/check.h"
#include "chimaera/base/clock.h"
#include "chimaera/base/code_uses.h"
#include "chimaera/base/heap_accounts.h"
#include "chimaera/base/log.h"
#include "chimaera/ipc/ipc_manager.h"
#include "chimaera/ipc/life_word.h"
#include "chimaera/ipc/session.h"
#include "chimaera/sched/executor.h"
#include "chimaera/sched/tracer.h"
#include "sched/fiber_waiter.h"

namespace chi {
namespace {

using DestroyFn = void (*)(ThreadPort&, hipc::FullPtr<Task>);

class HeapSlabs final : public SlabSource {
 public:
  Result<ShmRange> AllocateSlab(u64 bytes) override {
    void* memory = nullptr;
    if (posix_memalign(&memory, kCacheLineSize, bytes) != 0) {
      return Status::NoMemory(Format("{} bytes for tasks", bytes));
    }
    return ShmRange{static_cast<char*>(memory), ShmPtr::Private(memory), bytes};
  }
  void FreeSlab(ShmPtr slab) override { std::free(slab.private_address()); }
};

// `waiter`: a ParkedRun, or a ManyWaiter with its bit.
void UnparkWaiter(u64 waiter) {
  if ((waiter & kManyWaiterBit) == 0) {
    return Worker::Unpark(*reinterpret_cast<ParkedRun*>(waiter));
  }
  auto& many = *reinterpret_cast<ManyWaiter*>(waiter & ~kManyWaiterBit);
  // Whoever is not the one to unpark must not touch it any more.
  if (many.arrivals.Arrive()) Worker::Unpark(many.run);
}

// Whether the task lives on its own, whatever comes of the run that made it.
bool IsDetached(const Task& task) {
  return task.IsPeriodic() || task.IsFireAndForget();
}

}  // namespace

void PrepareInternalTask(Task& task, const Clock& clock) {
  const RunContext* creator = CurrentRun();
  task.client_id_ = creator == nullptr ? 0 : creator->client_id;
  task.subtask_link_ = nullptr;
  task.interrupt_.store(0, std::memory_order_relaxed);
  task.deadline_ns_ =
      task.timeout_ms_ == 0
          ? kNoDeadlineNs
          : DeadlineNs(clock.NowNs(), task.timeout_ms_ * kNsPerMs);
  if (task.IsPeriodic()) {
    // The runtime's own from now on, and no lock of its maker's lets it pass:
    // the number of a task is no other group's.
    task.client_id_ = 0;
    task.task_id_.major_ = task.task_id_.minor_;
  }
  if (task.IsTraced() || (creator != nullptr && creator->traced)) {
    StampSubtask(creator, &task);
  }
  task.state_.store(static_cast<u32>(TaskState::kPending),
                    std::memory_order_relaxed);
}

SlabAllocator& PrivateSlabs() {
  // Never destroyed: threads return memory until the process ends.
  static SlabSource* const source = std::make_unique<HeapSlabs>().release();
  static SlabAllocator* const slabs =
      std::make_unique<SlabAllocator>(*source).release();
  return *slabs;
}

void OrphanInternalTask(ThreadPort& port, hipc::FullPtr<Task> task,
                        DestroyFn destroy) {
  // Before: from then on the worker that finishes the task may call it.
  CodeUses::Begin(reinterpret_cast<const void*>(destroy));
  if (!DropTask(*task, reinterpret_cast<u64>(destroy))) return;
  destroy(port, task);
  CodeUses::End(reinterpret_cast<const void*>(destroy));
}

void FinishInternalTask(hipc::FullPtr<Task> task) {
  UnlinkSubtask(*task);
  const bool has_text = task->return_code_ != 0;
  FinishAndTell(
      *task, has_text ? TaskState::kDoneWithText : TaskState::kDone,
      [&] { FutexWake(&task->state_, INT_MAX); }, &UnparkWaiter,
      [&](u64 destroy) {
        ThreadPort* port = IpcManager::CurrentPort();
        CHI_CHECK(port != nullptr);
        reinterpret_cast<DestroyFn>(destroy)(*port, task);
        CodeUses::End(reinterpret_cast<const void*>(destroy));
      });
}

hipc::FullPtr<char> InternalPort::AllocateBuffer(u64 bytes) {
  const HeapScope heap;
  SessionCommons* commons = worker_.commons();
  if (commons == nullptr) return {};
  Result<ShmPtr> room = commons->data->Allocate(bytes);
  if (!room.ok()) {
    CHI_LOG(kWarning, "AllocateBuffer: {}", room.status().ToString());
    return {};
  }
  return {commons->segments.Resolve(*room, bytes), *room};
}

void InternalPort::FreeBuffer(ShmPtr pointer) {
  const HeapScope heap;
  SessionCommons* commons = worker_.commons();
  if (commons == nullptr || pointer.IsNull()) return;
  const Status freed = commons->data->Free(pointer);
  if (!freed.ok()) CHI_LOG(kError, "FreeBuffer: {}", freed.ToString());
}

char* InternalPort::Resolve(ShmPtr pointer, u64 bytes) {
  return worker_.Resolve(pointer, bytes, CurrentRun());
}

bool InternalPort::Cancel(hipc::FullPtr<Task> task) {
  if (task->IsComplete()) return false;
  task->interrupt_.store(static_cast<u32>(StatusCode::kCancelled),
                         std::memory_order_relaxed);
  const u64 client_id = task->client_id_;
  if (&worker_ == Worker::Current()) {
    worker_.CancelInternal(client_id, task.ptr_);
    return true;
  }
  // The task may be gone by then; its address is only compared.
  return worker_.Inject([worker = &worker_, client_id, at = task.ptr_] {
    worker->CancelInternal(client_id, at);
  });
}

void WorkerPort::Submit(hipc::FullPtr<Task> task, Priority /*priority*/) {
  PrepareInternalTask(*task, worker_.clock());
  if (IsDetached(*task)) {
    worker_.EnqueueLocal(task);
  } else {
    worker_.EnqueueSubtask(task);
  }
}

void InjectPort::Submit(hipc::FullPtr<Task> task, Priority /*priority*/) {
  PrepareInternalTask(*task, worker_.clock());
  worker_.InjectTask(task);
}

}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A client thread's way into the runtime: one ring per priority, made when it
// is first needed, and the tasks that were dropped before they were done.

#ifndef CHIMAERA_IPC_CLIENT_PORT_H_
#define CHIMAERA_IPC_CLIENT_PORT_H_

#include <optional>
#include <vector>

#include "chimaera/ipc/client_core.h"
#include "chimaera/ipc/thread_port.h"
#include "chimaera/ipc/trace_stamp.h"
#include "chimaera/shm/ring_queue.h"

namespace chi {

class ClientPort final : public ThreadPort {
 public:
  ClientPort(ClientCore& core, SlabAllocator& slabs)
      : ThreadPort(slabs, false),
        core_(core),
        sampler_(core.control().page()) {}

  void Submit(hipc::FullPtr<Task> task, Priority priority) override;
  void SubmitBatch(const hipc::FullPtr<Task>* tasks, u32 n,
                   Priority priority) override;
  void Orphan(hipc::FullPtr<Task> task,
              void (*destroy)(ThreadPort&, hipc::FullPtr<Task>)) override;

  bool Cancel(hipc::FullPtr<Task> task) override;

  bool TracesNext() const override { return sampler_.IsDue(); }

  void OnWait(u32 cpu) override;
  hipc::FullPtr<char> AllocateBuffer(u64 bytes) override;
  void FreeBuffer(ShmPtr pointer) override { core_.FreeBuffer(pointer); }
  char* Resolve(ShmPtr pointer, u64 bytes) override {
    return core_.control().Resolve(pointer, bytes);
  }

  /// In the child of a fork: forgets what is the parent's.
  void Abandon() {
    cache_.Abandon();
    orphans_.clear();
  }
  /// Frees the dropped tasks that are done by now.
  void SweepOrphans();
  /// Frees all of them: nobody will finish them any more.
  void AbandonOrphans();

 private:
  struct alignas(kCacheLineSize) Ring {
    RingProducer<> producer;
    int wake_fd;
  };
  struct OrphanedTask {
    hipc::FullPtr<Task> task;
    void (*destroy)(ThreadPort&, hipc::FullPtr<Task>);
  };

  void Send(hipc::FullPtr<Task> task, Priority priority);
  void SubmitWithCare(hipc::FullPtr<Task> task, Priority priority);
  void SubmitSlowly(hipc::FullPtr<Task> task, Priority priority);
  Status TrySlowly(hipc::FullPtr<Task> task, Priority priority);
  Status MakeRing(Priority priority);
  bool NeedsCare(const Task& task) const;
  void TakeCare(Task& task);
  // `task`: the traced one that `value` is, or null.
  Status PushSlowly(Ring& ring, u64 value, Task* task = nullptr);
  bool PushCancel(Ring& ring, ShmPtr task);
  void WakeWorker(const Ring& ring);

  ClientCore& core_;
  std::optional<Ring> rings_[kNumPriorities];
  u32 published_cpu_ = ~u32{0};
  std::vector<OrphanedTask> orphans_;
  size_t next_sweep_ = 64;
  TraceSampler sampler_;
};

}  // namespace chi

#endif  // CHIMAERA_IPC_CLIENT_PORT_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How tasks are made and submitted inside the runtime: in private memory,
// straight into a worker's queue.

#ifndef CHIMAERA_SCHED_WORKER_PORT_H_
#define CHIMAERA_SCHED_WORKER_PORT_H_

#include "chimaera/ipc/thread_port.h"
#include "chimaera/sched/worker.h"
#include "chimaera/shm/slab.h"

namespace chi {

/// Task memory from the heap; shared by all ports inside a runtime.
SlabAllocator& PrivateSlabs();

/// What every way of submitting a task inside the runtime begins with.
void PrepareInternalTask(Task& task, const Clock& clock);

/// `task` does not end with the run that made it any more.
void UnlinkSubtask(Task& task);

/// Marks `task` as dropped: `destroy` runs at once if it is done, else on the
/// worker that finishes it.
void OrphanInternalTask(ThreadPort& port, hipc::FullPtr<Task> task,
                        void (*destroy)(ThreadPort&, hipc::FullPtr<Task>));

/// What the ports inside a runtime share.
class InternalPort : public ThreadPort {
 public:
  explicit InternalPort(Worker& worker)
      : ThreadPort(PrivateSlabs(), true), worker_(worker) {}

  void Orphan(hipc::FullPtr<Task> task,
              void (*destroy)(ThreadPort&, hipc::FullPtr<Task>)) override {
    OrphanInternalTask(*this, task, destroy);
  }
  bool Cancel(hipc::FullPtr<Task> task) override;
  hipc::FullPtr<char> AllocateBuffer(u64 bytes) override;
  void FreeBuffer(ShmPtr pointer) override;
  char* Resolve(ShmPtr pointer, u64 bytes) override;

 protected:
  Worker& worker_;
};

/// The port of a worker's own thread.
class WorkerPort final : public InternalPort {
 public:
  using InternalPort::InternalPort;
  void Submit(hipc::FullPtr<Task> task, Priority priority) override;
};

/// The port of another thread of the runtime: hands tasks to one worker.
class InjectPort final : public InternalPort {
 public:
  using InternalPort::InternalPort;
  void Submit(hipc::FullPtr<Task> task, Priority priority) override;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_WORKER_PORT_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One thread's way into the runtime: where its tasks are made and where they
// go. A client thread has a slab cache over its main segment and one ring per
// priority; a worker has a cache over private memory and hands tasks to
// itself. A port is used by one thread at a time and outlives it: the next
// thread takes it over, with its ring.

#ifndef CHIMAERA_IPC_THREAD_PORT_H_
#define CHIMAERA_IPC_THREAD_PORT_H_

#include <vector>

#include "chimaera/base/types.h"
#include "chimaera/ipc/task.h"
#include "chimaera/shm/hipc.h"
#include "chimaera/shm/slab.h"

namespace chi {

class ThreadPort {
 public:
  /// `slabs` outlives the port. Task memory that is not from it, because there
  /// was none, is private.
  explicit ThreadPort(SlabAllocator& slabs) : cache_(slabs) {}
  virtual ~ThreadPort() = default;
  ThreadPort(const ThreadPort&) = delete;
  ThreadPort& operator=(const ThreadPort&) = delete;

  /// Sends a task on its way. Whatever hinders it becomes the task's outcome,
  /// so that the caller has one place to look.
  virtual void Submit(hipc::FullPtr<Task> task, Priority priority) = 0;

  /// Submits `n` tasks with one publication where the way allows it.
  virtual void SubmitBatch(const hipc::FullPtr<Task>* tasks, u32 n,
                           Priority priority) {
    for (u32 i = 0; i < n; ++i) Submit(tasks[i], priority);
  }

  /// Takes over a task that is not done: `destroy` frees it when it is.
  virtual void Orphan(hipc::FullPtr<Task> task,
                      void (*destroy)(ThreadPort&, hipc::FullPtr<Task>)) = 0;

  /// The thread is about to wait, on `cpu`.
  virtual void OnWait(u32 cpu) { static_cast<void>(cpu); }

  /// What IpcManager's calls of these names mean on this thread.
  virtual hipc::FullPtr<char> AllocateBuffer(u64 bytes) = 0;
  virtual void FreeBuffer(ShmPtr pointer) = 0;
  virtual char* Resolve(ShmPtr pointer, u64 bytes) = 0;

  /// Task memory; ptr_ is null when there is none left.
  hipc::FullPtr<char> Allocate(u64 size) { return cache_.Allocate(size); }
  virtual void Free(hipc::FullPtr<char> memory, u64 size) {
    cache_.Free(memory, size);
  }

 protected:
  SlabCache cache_;
};

/// Writes an outcome into a task that never left this process.
void CompleteLocally(Task& task, const Status& status);

}  // namespace chi

#endif  // CHIMAERA_IPC_THREAD_PORT_H_

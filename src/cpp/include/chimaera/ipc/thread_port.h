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
  /// `private_slabs`: they are not in a segment.
  ThreadPort(SlabAllocator& slabs, bool private_slabs)
      : cache_(slabs), cache_is_private_(private_slabs) {}
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

  /// Asks for the end of a task that was submitted by any thread of this
  /// process. False if it is done already. Never fails loudly: its outcome,
  /// whichever it is, still comes.
  virtual bool Cancel(hipc::FullPtr<Task> task) = 0;

  /// Whether the next task is to be traced (see trace_stamp.h).
  virtual bool TracesNext() const { return false; }

  /// The thread is about to wait, on `cpu`.
  virtual void OnWait(u32 cpu) { static_cast<void>(cpu); }

  /// What IpcManager's calls of these names mean on this thread.
  virtual hipc::FullPtr<char> AllocateBuffer(u64 bytes) = 0;
  virtual void FreeBuffer(ShmPtr pointer) = 0;
  virtual char* Resolve(ShmPtr pointer, u64 bytes) = 0;

  /// Task memory; ptr_ is null when there is none left.
  hipc::FullPtr<char> Allocate(u64 size) { return cache_.Allocate(size); }
  /// The same without a detour: false if none is at hand.
  bool TryAllocate(u64 size, hipc::FullPtr<char>* memory) {
    return cache_.TryAllocate(size, memory);
  }
  void Free(hipc::FullPtr<char> memory, u64 size) {
    if (__builtin_expect(memory.shm_.IsOutsideSession() == cache_is_private_,
                         1)) {
      cache_.Free(memory, size);
    } else {
      FreeOutside(memory);
    }
  }

 protected:
  SlabCache cache_;

 private:
  // Memory that the cache cannot have given: in a client that of the heap, in
  // the child of a fork that of the parent, which stays as it is.
  static void FreeOutside(hipc::FullPtr<char> memory);

  const bool cache_is_private_;
};

/// In a ring's item: not a task to be run but to be cancelled. No segment of a
/// client has a number with this bit.
inline constexpr u64 kCancelBit = u64{1} << 63;

/// Writes an outcome into a task that never left this process.
void CompleteLocally(Task& task, const Status& status);

}  // namespace chi

#endif  // CHIMAERA_IPC_THREAD_PORT_H_

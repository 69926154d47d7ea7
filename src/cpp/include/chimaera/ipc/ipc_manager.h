// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a program and a module use to make, submit and free tasks and
// buffers. The same calls work in a client thread and inside a method; the
// difference is the thread's port (thread_port.h).

#ifndef CHIMAERA_IPC_IPC_MANAGER_H_
#define CHIMAERA_IPC_IPC_MANAGER_H_

#include <atomic>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "chimaera/base/types.h"
#include "chimaera/ipc/future.h"
#include "chimaera/ipc/task.h"
#include "chimaera/ipc/thread_port.h"
#include "chimaera/shm/hipc.h"
#include "chimaera/shm/storage.h"

namespace chi {

/// Makes ports for threads that have none: the client's, or the runtime's.
class PortSource {
 public:
  virtual ~PortSource() = default;
  /// A port for the calling thread; it stays the source's.
  virtual ThreadPort* AcquirePort() = 0;
  /// The thread is at its end; the port may serve another one.
  virtual void ReleasePort(ThreadPort* port) = 0;
};

namespace internal {

/// The thread's port, valid while `generation` is the process's.
struct CachedPort {
  ThreadPort* port;
  u64 generation;
};

/// __thread and initial-exec: it is read for every task.
extern __thread CachedPort thread_port
    __attribute__((tls_model("initial-exec")));

}  // namespace internal

/// All methods may be called from any thread of the process.
class IpcManager {
 public:
  IpcManager();
  ~IpcManager();

  /// Constructs a task `TaskT(allocator, args…)`. Never null: when memory is
  /// out, or the process is a forked child, or the runtime is dead, the task
  /// is made in private memory and submitting it gives it that outcome.
  /// Throws StatusError(kBadRequest) as TaskT does: for an argument that can be
  /// in no task.
  template <class TaskT, class... Args>
  hipc::FullPtr<TaskT> NewTask(Args&&... args);

  /// Hands `task` to the runtime. The caller waits with task->Wait() and frees
  /// it with DelTask. A TASK_FIRE_AND_FORGET task is freed by itself and must
  /// not be touched again.
  template <class TaskT>
  void Enqueue(const hipc::FullPtr<TaskT>& task,
               Priority priority = kLowLatency);

  /// Enqueue, with the result owned by a future.
  template <class TaskT>
  [[nodiscard]] Future<TaskT> Submit(const hipc::FullPtr<TaskT>& task,
                                     Priority priority = kLowLatency) {
    Enqueue(task, priority);
    return Future<TaskT>(task);
  }

  /// Enqueues all tasks with one publication.
  template <class TaskT>
  void EnqueueBatch(const std::vector<hipc::FullPtr<TaskT>>& tasks,
                    Priority priority = kLowLatency);

  /// The module guide's counterpart of Enqueue. Workers take tasks from the
  /// rings themselves, so there is never one left: always null.
  hipc::Pointer Dequeue(Priority priority = kLowLatency) {
    static_cast<void>(priority);
    return hipc::Pointer::Null();
  }

  /// What Future::Cancel does. REQUIRES: submitted, and not freed.
  template <class TaskT>
  static bool Cancel(const hipc::FullPtr<TaskT>& task) {
    return Port().Cancel(task.template Cast<Task>());
  }

  /// Frees a task: at once if it is done or was never submitted, otherwise
  /// when it is done; a periodic one is cancelled. Null is ignored.
  template <class TaskT>
  static void DelTask(const hipc::FullPtr<TaskT>& task);
  template <class TaskT>
  void DelTask(Future<TaskT>& future) {
    DelTask(future.Release());
  }
  template <class TaskT>
  void DelTask(Future<TaskT>&& future) {
    DelTask(future.Release());
  }

  /// `size` bytes that client and runtime both see: of the client data segment
  /// in a client, of runtime data in a method. Aligned to 64 bytes; null
  /// ptr_ when there is no room. Freed with FreeBuffer.
  hipc::FullPtr<char> AllocateBuffer(size_t size) {
    return Port().AllocateBuffer(size);
  }
  void FreeBuffer(const hipc::FullPtr<char>& buffer) {
    FreeBuffer(buffer.shm_);
  }
  void FreeBuffer(hipc::Pointer buffer) { Port().FreeBuffer(buffer); }

  /// Where the `size` bytes at `pointer` lie in this process; null ptr_ when
  /// they lie nowhere. In a method of a task from a client, `pointer` is the
  /// client's, and is checked.
  template <class T = char>
  hipc::FullPtr<T> ToFullPtr(hipc::Pointer pointer, size_t size = sizeof(T)) {
    return {reinterpret_cast<T*>(Port().Resolve(pointer, size)), pointer};
  }

  /// Makes threads without a port ask `source`, or none. Ports handed out
  /// before are not used again. REQUIRES: no task of the old source is in use.
  void SetPortSource(PortSource* source);

  /// Gives the calling thread (a worker) its own port; nullptr takes it back.
  static void SetThreadPort(ThreadPort* port);

  /// The calling thread's port, or null.
  static ThreadPort* CurrentPort();

  /// The calling thread's port, made when there is none.
  /// REQUIRES: a client or a runtime was started (CHI_CHECK otherwise).
  static ThreadPort& Port() {
    return KnowsPort() ? *internal::thread_port.port : AcquirePort();
  }

 private:
  class PortLease;

  // Whether internal::thread_port may be used.
  static bool KnowsPort() {
    const u64 generation = generation_.load(std::memory_order_relaxed);
    return __builtin_expect(internal::thread_port.generation == generation, 1);
  }
  static PortLease& ThisThread();
  static ThreadPort& AcquirePort();
  static hipc::FullPtr<char> AllocateOutside(u64 size);

  // Memory for a task, never null.
  static hipc::FullPtr<char> AllocateTask(u64 size) {
    hipc::FullPtr<char> memory;
    if (KnowsPort() && internal::thread_port.port->TryAllocate(size, &memory)) {
      return memory;
    }
    return AllocateTaskSlowly(size);
  }
  static hipc::FullPtr<char> AllocateTaskSlowly(u64 size);

  // Not inlined, so that DelTask of a task that is done needs no frame.
  template <class TaskT>
  __attribute__((noinline)) static void DelTaskSlowly(
      const hipc::FullPtr<TaskT>& task);
  template <class TaskT>
  static void DestroyAs(ThreadPort& port, hipc::FullPtr<Task> task) {
    task.Cast<TaskT>()->~TaskT();
    port.Free(task.template Cast<char>(), sizeof(TaskT));
  }

  // Counts the changes of the source; cached ports of older ones are stale.
  static std::atomic<u64> generation_;
};

template <class TaskT, class... Args>
hipc::FullPtr<TaskT> IpcManager::NewTask(Args&&... args) {
  static_assert(std::is_base_of_v<Task, TaskT>);
  hipc::FullPtr<char> memory = AllocateTask(sizeof(TaskT));
  const hipc::CtxAllocator<CHI_MAIN_ALLOC_T> allocator;
  try {
    auto* task =
        new (memory.ptr_) TaskT(allocator, std::forward<Args>(args)...);
    return {task, memory.shm_};
  } catch (const StatusError& error) {
    Port().Free(memory, sizeof(TaskT));
    // An argument that can be in no task.
    if (error.status().code() == StatusCode::kBadRequest) throw;
    // No room for its strings. In private memory there is, and why it cannot
    // be run is said when it is submitted; the arguments may be moved from.
    memory = AllocateOutside(sizeof(TaskT));
    auto* task = new (memory.ptr_)  // NOLINTNEXTLINE(bugprone-use-after-move)
        TaskT(allocator, std::forward<Args>(args)...);
    task->SetError(error.status().code_value(), error.status().message());
    return {task, memory.shm_};
  }
}

template <class TaskT>
void IpcManager::Enqueue(const hipc::FullPtr<TaskT>& task, Priority priority) {
  ThreadPort& port = Port();
  // Asked before: afterwards its line is on the way to a worker.
  if (__builtin_expect(task->IsFireAndForget(), 0)) {
    port.Submit(task.template Cast<Task>(), priority);
    port.Orphan(task.template Cast<Task>(), &DestroyAs<TaskT>);
    return;
  }
  port.Submit(task.template Cast<Task>(), priority);
}

template <class TaskT>
void IpcManager::EnqueueBatch(const std::vector<hipc::FullPtr<TaskT>>& tasks,
                              Priority priority) {
  std::vector<hipc::FullPtr<Task>> plain;
  plain.reserve(tasks.size());
  for (const auto& task : tasks) plain.push_back(task.template Cast<Task>());
  ThreadPort& port = Port();
  // Asked before: afterwards their lines are on the way to a worker.
  bool any_forget = false;
  for (const auto& task : tasks) any_forget |= task->IsFireAndForget();
  port.SubmitBatch(plain.data(), static_cast<u32>(plain.size()), priority);
  if (!any_forget) return;
  for (const auto& task : plain) {
    if (task->IsFireAndForget()) port.Orphan(task, &DestroyAs<TaskT>);
  }
}

template <class TaskT>
void IpcManager::DelTask(const hipc::FullPtr<TaskT>& task) {
  if (task.IsNull()) return;
  if (KnowsPort() && task->IsComplete()) {
    DestroyAs<TaskT>(*internal::thread_port.port, task.template Cast<Task>());
  } else {
    DelTaskSlowly(task);
  }
}

template <class TaskT>
void IpcManager::DelTaskSlowly(const hipc::FullPtr<TaskT>& task) {
  const bool unsubmitted = task->state_.load(std::memory_order_relaxed) ==
                           static_cast<u32>(TaskState::kNew);
  ThreadPort& port = IpcManager::Port();
  if (unsubmitted || task->IsComplete()) {
    DestroyAs<TaskT>(port, task.template Cast<Task>());
  } else {
    if (task->IsPeriodic()) port.Cancel(task.template Cast<Task>());
    port.Orphan(task.template Cast<Task>(), &DestroyAs<TaskT>);
  }
}

template <class TaskT>
void Future<TaskT>::Reset() {
  IpcManager::DelTask(task_);
}

template <class TaskT>
bool Future<TaskT>::Cancel() {
  return IpcManager::Cancel(task_);
}

}  // namespace chi

#endif  // CHIMAERA_IPC_IPC_MANAGER_H_

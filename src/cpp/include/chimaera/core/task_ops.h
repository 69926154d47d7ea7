// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What can be done with a task whose type only its module knows: copy it,
// combine the results of its copies, free it, put it into an archive. Written
// once, here; a table of these functions per type stands in its method's row.
//
// A task type says how by its members, all of which it may leave out:
//   SerializeIn, SerializeOut   which fields travel
//   Copy(const FullPtr<T>&)     takes the fields of another one over
//   Aggregate(const FullPtr<T>&) adds the results of a copy to its own

#ifndef CHIMAERA_CORE_TASK_OPS_H_
#define CHIMAERA_CORE_TASK_OPS_H_

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

#include "chimaera/base/check.h"
#include "chimaera/base/status.h"
#include "chimaera/ipc/ipc_manager.h"
#include "chimaera/ipc/task.h"
#include "chimaera/ipc/task_archive.h"
#include "chimaera/ipc/task_batch.h"
#include "chimaera/shm/hipc.h"
#include "chimaera/shm/storage.h"

namespace chi {

/// All on a worker; `origin` and `replica` are tasks of this table's type. Each
/// may throw what the type's own function throws, and StatusError.
struct TaskOps {
  /// A new task in private memory: header and inputs of `origin`, outputs as
  /// its constructor leaves them. Null: this type cannot be copied: it has
  /// neither of the above and fields that are more than their bytes, or no
  /// constructor that takes an allocator only.
  hipc::FullPtr<Task> (*new_copy)(hipc::FullPtr<Task> origin) = nullptr;
  /// Adds the results of a copy to those of `origin`. Null: the type does not
  /// say how.
  void (*aggregate)(hipc::FullPtr<Task> origin,
                    hipc::FullPtr<Task> replica) = nullptr;
  /// Makes the results of a copy those of `origin`.
  void (*take_outputs)(hipc::FullPtr<Task> origin,
                       hipc::FullPtr<Task> replica) = nullptr;
  /// As IpcManager::DelTask.
  void (*del)(hipc::FullPtr<Task> task) = nullptr;
  /// Null: the type lists no fields.
  Status (*save)(TaskOutputArchive& archive, Task& task) = nullptr;
  Status (*load)(TaskInputArchive& archive, u32 number, Task& task) = nullptr;
};

namespace internal {

template <class TaskT, class = void>
inline constexpr bool kHasCopy = false;
template <class TaskT>
inline constexpr bool
    kHasCopy<TaskT, std::void_t<decltype(std::declval<TaskT&>().Copy(
                        std::declval<const hipc::FullPtr<TaskT>&>()))>> = true;

template <class TaskT, class = void>
inline constexpr bool kHasAggregate = false;
template <class TaskT>
inline constexpr bool
    kHasAggregate<TaskT, std::void_t<decltype(std::declval<TaskT&>().Aggregate(
                             std::declval<const hipc::FullPtr<TaskT>&>()))>> =
        true;

/// Nothing but plain fields: its bytes are the task.
template <class TaskT>
inline constexpr bool kIsPlainTask = std::is_trivially_destructible_v<TaskT>;

template <class TaskT>
inline constexpr bool kIsCopyable =
    std::is_constructible_v<TaskT, hipc::CtxAllocator<CHI_MAIN_ALLOC_T>> &&
    (kHasCopy<TaskT> || kHasSerializers<TaskT> || kIsPlainTask<TaskT>);

/// Assigns the fields that a task of private memory visits to those of another.
class FieldCopier {
 public:
  FieldCopier(const Task& from, Task& to)
      : distance_(reinterpret_cast<char*>(&to) -
                  reinterpret_cast<const char*>(&from)) {}

  template <class... Fields>
  void operator()(Fields&... fields) {
    (Visit(fields), ...);
  }
  /// Both name the same bytes.
  template <class Pointer>
  void bulk(Pointer& pointer, u64 /*size*/, u32 /*flags*/) {
    Visit(pointer);
  }

 private:
  template <class Field>
  void Visit(Field& field) {
    if constexpr (std::is_array_v<Field>) {
      static_assert(std::is_trivially_copyable_v<Field>);
      std::memcpy(Twin(field), &field, sizeof(Field));
    } else if constexpr (std::is_copy_assignable_v<Field>) {
      *Twin(field) = field;
    } else {
      field.serialize(*this);
    }
  }
  template <class Field>
  Field* Twin(Field& field) const {
    return reinterpret_cast<Field*>(reinterpret_cast<char*>(&field) +
                                    distance_);
  }

  const std::ptrdiff_t distance_;
};

template <class TaskT>
void CopyPlainFields(const TaskT& from, TaskT& to) {
  static_assert(kIsPlainTask<TaskT>);
  std::memcpy(reinterpret_cast<char*>(&to) + sizeof(Task),
              reinterpret_cast<const char*>(&from) + sizeof(Task),
              sizeof(TaskT) - sizeof(Task));
}

inline ThreadPort& PortHere() {
  ThreadPort* const port = IpcManager::CurrentPort();
  CHI_CHECK(port != nullptr);
  return *port;
}

template <class TaskT>
void DestroyTask(ThreadPort& port, hipc::FullPtr<Task> task) {
  task.Cast<TaskT>()->~TaskT();
  port.Free(task.template Cast<char>(), sizeof(TaskT));
}

template <class TaskT>
void DelTaskAs(hipc::FullPtr<Task> task) {
  ThreadPort& port = PortHere();
  const bool unsubmitted = task->state_.load(std::memory_order_relaxed) ==
                           static_cast<u32>(TaskState::kNew);
  if (unsubmitted || task->IsComplete()) {
    DestroyTask<TaskT>(port, task);
  } else {
    port.Orphan(task, &DestroyTask<TaskT>);
  }
}

// A task that is being made; freed unless it is handed on.
template <class TaskT>
class Unfinished {
 public:
  Unfinished() {
    const hipc::FullPtr<char> memory = port_->Allocate(sizeof(TaskT));
    if (memory.IsNull()) {
      throw StatusError(Status::NoMemory("no memory for a copy of a task"));
    }
    auto* task =
        new (memory.ptr_) TaskT(hipc::CtxAllocator<CHI_MAIN_ALLOC_T>());
    task_ = {task, memory.shm_};
  }
  ~Unfinished() {
    if (!task_.IsNull()) DestroyTask<TaskT>(*port_, task_);
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;

  TaskT* operator->() const { return task_.ptr_; }
  TaskT& operator*() const { return *task_; }
  hipc::FullPtr<TaskT> Release() { return std::exchange(task_, {}); }

 private:
  ThreadPort* const port_ = &PortHere();
  hipc::FullPtr<TaskT> task_;
};

template <class TaskT>
hipc::FullPtr<Task> NewCopyAs(hipc::FullPtr<Task> origin) {
  const hipc::FullPtr<TaskT> from = origin.Cast<TaskT>();
  Unfinished<TaskT> copy;
  static_cast<TaskHeader&>(*copy) = *from;
  if constexpr (kHasCopy<TaskT>) {
    copy->Copy(from);
  } else if constexpr (kHasSerializers<TaskT>) {
    FieldCopier copier(*from, *copy);
    from->SerializeIn(copier);
  } else {
    CopyPlainFields(*from, *copy);
  }
  return copy.Release();
}

template <class TaskT>
void AggregateAs(hipc::FullPtr<Task> origin, hipc::FullPtr<Task> replica) {
  origin.Cast<TaskT>()->Aggregate(replica.Cast<TaskT>());
}

template <class TaskT>
void TakeOutputsAs(hipc::FullPtr<Task> origin, hipc::FullPtr<Task> replica) {
  const hipc::FullPtr<TaskT> to = origin.Cast<TaskT>();
  const hipc::FullPtr<TaskT> from = replica.Cast<TaskT>();
  if constexpr (kHasSerializers<TaskT>) {
    FieldCopier copier(*from, *to);
    from->SerializeOut(copier);
  } else if constexpr (kHasCopy<TaskT>) {
    to->Copy(from);
  } else {
    CopyPlainFields(*from, *to);
  }
}

template <class TaskT>
Status SaveAs(TaskOutputArchive& archive, Task& task) {
  return archive.Add(static_cast<TaskT&>(task));
}

template <class TaskT>
Status LoadAs(TaskInputArchive& archive, u32 number, Task& task) {
  return archive.Load(number, static_cast<TaskT&>(task));
}

template <class TaskT>
constexpr TaskOps MakeTaskOps() {
  TaskOps ops;
  ops.del = &DelTaskAs<TaskT>;
  if constexpr (kIsCopyable<TaskT>) {
    ops.new_copy = &NewCopyAs<TaskT>;
    ops.take_outputs = &TakeOutputsAs<TaskT>;
  }
  if constexpr (kHasAggregate<TaskT>) ops.aggregate = &AggregateAs<TaskT>;
  if constexpr (kHasSerializers<TaskT>) {
    ops.save = &SaveAs<TaskT>;
    ops.load = &LoadAs<TaskT>;
  }
  return ops;
}

}  // namespace internal

/// The table of one type of task.
template <class TaskT>
inline constexpr TaskOps kTaskOps = internal::MakeTaskOps<TaskT>();

}  // namespace chi

#endif  // CHIMAERA_CORE_TASK_OPS_H_

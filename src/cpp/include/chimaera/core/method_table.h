// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One row per method of a module, emitted by chi_refresh_repo; everything
// that is done with a task of that method is written once, here.
//
// A task from a client is run on a private copy: the header line was copied
// by the caller, the fields that SerializeIn names are copied in (each
// checked), the method runs, and the fields that SerializeOut names are copied
// back. A task type without serialisers is run where it lies.

#ifndef CHIMAERA_CORE_METHOD_TABLE_H_
#define CHIMAERA_CORE_METHOD_TABLE_H_

#include <functional>
#include <memory>
#include <type_traits>
#include <vector>

#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/core/container.h"
#include "chimaera/core/task_ops.h"
#include "chimaera/core/typed_method.h"
#include "chimaera/ipc/task.h"
#include "chimaera/ipc/task_archive.h"
#include "chimaera/sched/run_context.h"
#include "chimaera/shm/storage.h"

namespace chi {

/// A task that a client submitted: where it lies, and the copy of its header.
struct SubmittedTask {
  Task* shared = nullptr;
  hipc::Pointer pointer;
  /// In: the copy. Out: after a kDynamicSchedule run the query that the method
  /// wants.
  TaskHeader header;
};

/// Works on a task in a method's place, and says how it ended.
using TaskBody = std::function<Status(hipc::FullPtr<Task>)>;

struct MethodRow {
  MethodId id = 0;
  const char* name = nullptr;
  u64 task_size = 0;
  /// Runs a client's task and returns its outcome: what the method wrote into
  /// its copy, or what was wrong with the task itself, before or after the
  /// method ran. Throws what the method throws.
  Status (*run_submitted)(Container&, SubmittedTask&, RunContext&) = nullptr;
  /// Runs a task that was made inside the runtime, where it lies.
  void (*run)(Container&, hipc::FullPtr<Task>, RunContext&) = nullptr;
  /// The same as run_submitted with `body` in the method's place.
  Status (*with_task)(SubmittedTask&, RunContext&,
                      const TaskBody& body) = nullptr;
  /// What can be done with the method's tasks.
  const TaskOps* ops = nullptr;
  /// Asks the module's Monitor(kLocalSchedule) about a client's task, for
  /// ctx.plan; null if it has none.
  Status (*plan)(Container&, SubmittedTask&, RunContext&) = nullptr;
};

class MethodTable {
 public:
  /// `rows` must live as long as the table. REQUIRES: ids unique, < 4096.
  template <u32 kCount>
  MethodTable(const MethodRow (&rows)[kCount], const char* version)
      : MethodTable(rows, kCount, version) {}
  MethodTable(const MethodRow* rows, u32 count, const char* version);

  /// The row of `id`, or null. Safe from any thread.
  const MethodRow* Find(MethodId id) const {
    const MethodRow* const row = table_[id & mask_];
    return __builtin_expect(row->id == id, 1) ? row : nullptr;
  }
  const MethodRow* begin() const { return rows_; }
  const MethodRow* end() const { return rows_ + count_; }
  const char* version() const { return version_; }

 private:
  const MethodRow* rows_;
  u32 count_;
  const char* version_;
  // A power of two of rows; where there is no method, one whose id does not
  // belong there.
  std::vector<const MethodRow*> by_id_;
  // by_id_ in the shape in which Find needs it.
  const MethodRow* const* table_ = nullptr;
  u32 mask_ = 0;
};

namespace internal {

// Up to here a private copy lies on the fiber's stack.
inline constexpr u64 kMaxStackCopy = 4096;

template <class TaskT>
class PrivateCopy {
 public:
  // By value: nothing else can point to it, so the compiler sees that it hides
  // what TaskT's constructor wrote.
  explicit PrivateCopy(TaskHeader header) {
    *static_cast<TaskHeader*>(get()) = header;
  }
  hipc::FullPtr<TaskT> full() {
    if constexpr (kOnStack) {
      return {&copy_, hipc::Pointer::OnStack(&copy_)};
    } else {
      return hipc::FullPtr<TaskT>(copy_.get());
    }
  }
  TaskT* get() {
    if constexpr (kOnStack) {
      return &copy_;
    } else {
      return copy_.get();
    }
  }

 private:
  static constexpr bool kOnStack = sizeof(TaskT) <= kMaxStackCopy;
  static auto Make() {
    if constexpr (kOnStack) {
      return TaskT(hipc::CtxAllocator<CHI_MAIN_ALLOC_T>());
    } else {
      return std::make_unique<TaskT>(hipc::CtxAllocator<CHI_MAIN_ALLOC_T>());
    }
  }
  std::conditional_t<kOnStack, TaskT, std::unique_ptr<TaskT>> copy_ = Make();
};

template <class RuntimeT, class TaskT, auto kMethod>
void RunInPlace(Container& container, hipc::FullPtr<Task> task,
                RunContext& ctx) {
  if (HasOtherSchema<TaskT>(*task)) {
    return EndWith(SchemaMismatch(*task, SchemaOfType<TaskT>()), *task);
  }
  task->return_code_ = 0;
  task->text_size_ = 0;
  Invoke<kMethod>(static_cast<RuntimeT&>(container), task.Cast<TaskT>(), ctx);
}

/// The outcome that an error in `task` means. REQUIRES: return_code_ != 0.
Status ErrorOf(const Task& task);

inline Status OutcomeOf(const Task& task) {
  return __builtin_expect(task.return_code_ == 0, 1) ? Status() : ErrorOf(task);
}

// The archives end before the method runs, respectively begin after it, so
// that it need not be undone when it throws.
template <class TaskT>
Status CopyIn(Task* shared, TaskT& copy, Session& session) {
  CopyInArchive in(shared, &copy, sizeof(TaskT), session);
  copy.SerializeIn(in);
  return in.status();
}

template <class TaskT>
Status CopyOut(Task* shared, TaskT& copy, Session& session) {
  CopyOutArchive out(shared, &copy, sizeof(TaskT), session);
  copy.SerializeOut(out);
  return out.status();
}

// Begins to fetch the first line of a task's fields, which its client has just
// written: for writing, since most tasks have outputs that are written there.
template <class TaskT>
void FetchFields(const Task* shared) {
  if constexpr (sizeof(TaskT) > sizeof(Task)) {
    __builtin_prefetch(reinterpret_cast<const char*>(shared) + sizeof(Task), 1);
  }
}

template <class RuntimeT, class TaskT, auto kMethod>
Status RunSubmitted(Container& container, SubmittedTask& submitted,
                    RunContext& ctx) {
  FetchFields<TaskT>(submitted.shared);
  RuntimeT& runtime = static_cast<RuntimeT&>(container);
  if constexpr (kHasSerializers<TaskT>) {
    PrivateCopy<TaskT> holder(submitted.header);
    TaskT& copy = *holder.get();
    CHI_RETURN_IF_ERROR(CopyIn(submitted.shared, copy, *ctx.session));
    copy.return_code_ = 0;
    copy.text_size_ = 0;
    Invoke<kMethod>(runtime, holder.full(), ctx);
    if (__builtin_expect(ctx.exec_mode == ExecMode::kDynamicSchedule, 0)) {
      submitted.header.pool_query_ = copy.pool_query_;
      return Status();
    }
    CHI_RETURN_IF_ERROR(CopyOut(submitted.shared, copy, *ctx.session));
    return OutcomeOf(copy);
  } else {
    const ScopedStorage storage(&InPlaceStorage());
    auto* shared = static_cast<TaskT*>(submitted.shared);
    shared->return_code_ = 0;
    shared->text_size_ = 0;
    Invoke<kMethod>(runtime, hipc::FullPtr<TaskT>{shared, submitted.pointer},
                    ctx);
    submitted.header.pool_query_ = shared->pool_query_;
    return OutcomeOf(*shared);
  }
}

// The same for a typed method. It never sees its task, so that what it answers
// is the outcome, and a method without parameters needs no copy at all.
template <class RuntimeT, class TaskT, auto kMethod>
Status RunTyped(Container& container, SubmittedTask& submitted,
                RunContext& ctx) {
  FetchFields<TaskT>(submitted.shared);
  if (HasOtherSchema<TaskT>(submitted.header)) {
    return SchemaMismatch(submitted.header, SchemaOfType<TaskT>());
  }
  if (__builtin_expect(ctx.exec_mode == ExecMode::kDynamicSchedule, 0)) {
    submitted.header.pool_query_ = PoolQuery::Local();
    return Status();
  }
  PrivateCopy<TaskT> holder(submitted.header);
  TaskT& copy = *holder.get();
  CHI_RETURN_IF_ERROR(CopyIn(submitted.shared, copy, *ctx.session));
  Status outcome =
      CallTyped<kMethod>(static_cast<RuntimeT&>(container), copy, ctx);
  CHI_RETURN_IF_ERROR(CopyOut(submitted.shared, copy, *ctx.session));
  return outcome;
}

template <class RuntimeT, class TaskT, auto kMethod>
constexpr auto RunSubmittedOf() {
  if constexpr (kIsTyped<TaskT>) {
    return &RunTyped<RuntimeT, TaskT, kMethod>;
  } else {
    return &RunSubmitted<RuntimeT, TaskT, kMethod>;
  }
}

template <class TaskT>
Status WithTask(SubmittedTask& submitted, RunContext& ctx,
                const TaskBody& body) {
  if (HasOtherSchema<TaskT>(submitted.header)) {
    return SchemaMismatch(submitted.header, SchemaOfType<TaskT>());
  }
  if constexpr (kHasSerializers<TaskT>) {
    PrivateCopy<TaskT> holder(submitted.header);
    TaskT& copy = *holder.get();
    CHI_RETURN_IF_ERROR(CopyIn(submitted.shared, copy, *ctx.session));
    CHI_RETURN_IF_ERROR(body(holder.full().template Cast<Task>()));
    return CopyOut(submitted.shared, copy, *ctx.session);
  } else {
    const ScopedStorage storage(&InPlaceStorage());
    return body(hipc::FullPtr<Task>{submitted.shared, submitted.pointer});
  }
}

template <class RuntimeT, class = void>
inline constexpr bool kHasMonitor = false;
/// Whether the module has a Monitor of its own.
template <class RuntimeT>
inline constexpr bool
    kHasMonitor<RuntimeT, std::void_t<decltype(&RuntimeT::Monitor)>> =
        !std::is_same_v<decltype(&RuntimeT::Monitor),
                        decltype(&Container::Monitor)>;

/// Asks it about a client's task that is about to run.
template <class RuntimeT, class TaskT>
Status Plan(Container& container, SubmittedTask& submitted, RunContext& ctx) {
  constexpr auto kMode = MonitorModeId::kLocalSchedule;
  const MethodId method = ctx.method->id;
  if (HasOtherSchema<TaskT>(submitted.header)) {
    return SchemaMismatch(submitted.header, SchemaOfType<TaskT>());
  }
  if constexpr (kHasSerializers<TaskT>) {
    PrivateCopy<TaskT> holder(submitted.header);
    TaskT& copy = *holder.get();
    CHI_RETURN_IF_ERROR(CopyIn(submitted.shared, copy, *ctx.session));
    container.Monitor(kMode, method, holder.full().template Cast<Task>(), ctx);
  } else {
    const ScopedStorage storage(&InPlaceStorage());
    container.Monitor(kMode, method,
                      hipc::FullPtr<Task>{submitted.shared, submitted.pointer},
                      ctx);
  }
  return Status();
}

template <class RuntimeT, class TaskT>
constexpr auto PlanOf() -> Status (*)(Container&, SubmittedTask&, RunContext&) {
  if constexpr (kHasMonitor<RuntimeT>) {
    return &Plan<RuntimeT, TaskT>;
  } else {
    return nullptr;
  }
}

// Which task a method takes: void (Runtime::*)(FullPtr<TaskT>, RunContext&).
template <class RuntimeT, class TaskT>
TaskT TaskOf(void (RuntimeT::*)(hipc::FullPtr<TaskT>, RunContext&));

template <class RuntimeT, class = void>
inline constexpr bool kHasDestroy = false;
template <class RuntimeT>
inline constexpr bool
    kHasDestroy<RuntimeT, std::void_t<decltype(&RuntimeT::Destroy)>> = true;

template <class RuntimeT>
void RunNothing(Container&, hipc::FullPtr<Task>, RunContext&) {}
template <class RuntimeT>
Status RunNothingSubmitted(Container&, SubmittedTask&, RunContext&) {
  return Status();
}

}  // namespace internal

/// The row of a typed method; see typed_method.h for its forms.
template <class RuntimeT, class TaskT, auto kMethod>
constexpr MethodRow MakeTypedMethod(MethodId id, const char* name) {
  return {id,
          name,
          sizeof(TaskT),
          internal::RunSubmittedOf<RuntimeT, TaskT, kMethod>(),
          &internal::RunInPlace<RuntimeT, TaskT, kMethod>,
          &internal::WithTask<TaskT>,
          &kTaskOps<TaskT>,
          internal::PlanOf<RuntimeT, TaskT>()};
}

/// The row of a method that takes its task.
template <class RuntimeT, class TaskT,
          void (RuntimeT::*kMethod)(hipc::FullPtr<TaskT>, RunContext&)>
constexpr MethodRow MakeMethod(MethodId id, const char* name) {
  return MakeTypedMethod<RuntimeT, TaskT, kMethod>(id, name);
}

/// The same where `TaskT` is a template: admin's GetOrCreatePoolTask.
template <class RuntimeT, template <class> class TaskT, auto kMethod>
constexpr MethodRow MakeMethod(MethodId id, const char* name) {
  using Argument = decltype(internal::TaskOf(kMethod));
  return MakeMethod<RuntimeT, Argument, kMethod>(id, name);
}

/// The row of Destroy, which a module need not have.
template <class RuntimeT>
constexpr MethodRow MakeDestroy() {
  if constexpr (internal::kHasDestroy<RuntimeT>) {
    using TaskT = decltype(internal::TaskOf(&RuntimeT::Destroy));
    return MakeMethod<RuntimeT, TaskT, &RuntimeT::Destroy>(1, "Destroy");
  } else {
    return {1,
            "Destroy",
            sizeof(Task),
            &internal::RunNothingSubmitted<RuntimeT>,
            &internal::RunNothing<RuntimeT>,
            &internal::WithTask<Task>,
            &kTaskOps<Task>};
  }
}

}  // namespace chi

#define CHI_OPTIONAL_DESTROY(RuntimeT) ::chi::MakeDestroy<RuntimeT>()

/// Makes `rows` the methods of this shared library. Hidden: every module has
/// its own.
#define CHI_MODULE_METHODS(rows, version)                         \
  __attribute__((visibility("hidden"))) const ::chi::MethodTable& \
  chi_module_methods() {                                          \
    static const ::chi::MethodTable table(rows, version);         \
    return table;                                                 \
  }

__attribute__((visibility("hidden"))) const chi::MethodTable&
chi_module_methods();

#endif  // CHIMAERA_CORE_METHOD_TABLE_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How a method of a module is called. A method written by hand takes its task
// and does everything itself; a typed one takes its inputs and outputs, and
// what its author would have to remember is done here:
//
//   void   Method(hipc::FullPtr<TaskT>, RunContext&)         by hand
//   Status Method(const TaskT::In&, TaskT::Out&, RunContext&) typed
//   Status Create(const CreateParams&, RunContext&)           typed Create
//   Status Destroy(RunContext&)                               typed Destroy

#ifndef CHIMAERA_CORE_TYPED_METHOD_H_
#define CHIMAERA_CORE_TYPED_METHOD_H_

#include <cstdint>
#include <type_traits>

#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/ipc/pool_query.h"
#include "chimaera/ipc/typed_task.h"
#include "chimaera/sched/run_context.h"
#include "chimaera/shm/hipc.h"

namespace chi {

template <class T>
class Packed;

}  // namespace chi

namespace chi::internal {

/// kVersionMismatch, with the tags and the version of the module.
Status SchemaMismatch(const TaskHeader& header, u32 expected);
/// kBadRequest for parameter `name` of the method that runs.
Status BadValue(const char* name);
Status BadArray(const char* name, u64 size_bytes);
Status BadPacked(const char* name, const Status& what);

/// True if the caller of a typed method means other parameters than we: then
/// not a byte of them may be read.
template <class TaskT>
bool HasOtherSchema(const TaskHeader& header) {
  if constexpr (kIsTyped<TaskT>) {
    return __builtin_expect(SchemaOf(header) != TaskT::kSchema, 0);
  } else {
    return false;
  }
}
template <class TaskT>
constexpr u32 SchemaOfType() {
  if constexpr (kIsTyped<TaskT>) return TaskT::kSchema;
  return 0;
}

/// Visits the parameters whose bytes could be nonsense, and finds the memory of
/// arrays.
class ParameterCheck {
 public:
  explicit ParameterCheck(const RunContext& ctx) : ctx_(ctx) {}

  template <class T, u32 kNdim>
  void operator()(const char* name, Array<T, kNdim>& array) {
    const u64 bytes = array.size_bytes();
    if (bytes == 0) return array.SetData(nullptr);
    T* data = nullptr;
    if constexpr (std::is_const_v<T>) {
      data = reinterpret_cast<T*>(ctx_.Resolve(array.place(), bytes));
    } else {
      data = reinterpret_cast<T*>(ctx_.ResolveWritable(array.place(), bytes));
    }
    array.SetData(data);
    const bool aligned =
        reinterpret_cast<std::uintptr_t>(data) % alignof(T) == 0;
    if (data == nullptr || !aligned) status_ = BadArray(name, bytes);
  }
  template <class T>
  void operator()(const char* name, Packed<T>& value) {
    const Status checked = value.Check();
    if (!checked.ok()) status_ = BadPacked(name, checked);
  }
  template <class T>
  void operator()(const char* name, T& value) {
    if (!IsValid(value)) status_ = BadValue(name);
  }

  const Status& status() const { return status_; }

 private:
  const RunContext& ctx_;
  Status status_;
};

inline void EndWith(const Status& status, Task& task) {
  if (__builtin_expect(!status.ok(), 0)) {
    task.SetError(status.code_value(), status.message());
  }
}

template <class TaskT>
auto& InputsOf(TaskT& task) {
  if constexpr (std::is_empty_v<typename TaskT::In>) {
    static const typename TaskT::In kNothing;
    return kNothing;
  } else {
    return static_cast<const typename TaskT::In&>(task.in_);
  }
}

// Inlined, so that a method without parameters costs no call but its own.
template <auto kMethod, class RuntimeT, class TaskT>
__attribute__((always_inline)) inline Status CallTyped(RuntimeT& runtime,
                                                       TaskT& task,
                                                       RunContext& ctx) {
  {
    ParameterCheck check(ctx);
    task.Check(check);
    CHI_RETURN_IF_ERROR(check.status());
  }
  if constexpr (std::is_empty_v<typename TaskT::Out>) {
    typename TaskT::Out nothing;
    return (runtime.*kMethod)(InputsOf(task), nothing, ctx);
  } else {
    return (runtime.*kMethod)(InputsOf(task), task.out_, ctx);
  }
}

/// Calls a method of any of the forms above.
template <auto kMethod, class RuntimeT, class TaskT>
__attribute__((always_inline)) inline void Invoke(RuntimeT& runtime,
                                                  hipc::FullPtr<TaskT> task,
                                                  RunContext& ctx) {
  using Method = decltype(kMethod);
  if constexpr (std::is_invocable_v<Method, RuntimeT&, hipc::FullPtr<TaskT>,
                                    RunContext&>) {
    (runtime.*kMethod)(task, ctx);
  } else if (__builtin_expect(ctx.exec_mode == ExecMode::kDynamicSchedule, 0)) {
    task->pool_query_ = PoolQuery::Local();
  } else if constexpr (std::is_invocable_v<Method, RuntimeT&, RunContext&>) {
    EndWith((runtime.*kMethod)(ctx), *task);
  } else if constexpr (kIsTyped<TaskT>) {
    EndWith(CallTyped<kMethod>(runtime, *task, ctx), *task);
  } else {
    EndWith((runtime.*kMethod)(task->GetParams(), ctx), *task);
  }
}

}  // namespace chi::internal

#endif  // CHIMAERA_CORE_TYPED_METHOD_H_

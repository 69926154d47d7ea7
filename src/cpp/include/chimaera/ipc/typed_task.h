// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the generated tasks of typed methods have in common: the tag by which a
// client and a module that were built from different descriptions notice each
// other, checks of values that have no meaning, and the combination of results.

#ifndef CHIMAERA_IPC_TYPED_TASK_H_
#define CHIMAERA_IPC_TYPED_TASK_H_

#include <algorithm>
#include <cstring>
#include <string>
#include <type_traits>

#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/ipc/array.h"
#include "chimaera/ipc/task.h"
#include "chimaera/shm/hipc.h"

namespace chi {

/// The tag of a method's parameters (kSchema of its task) lies in these bits of
/// task_flags_; 0 for tasks written by hand and methods without parameters.
/// Frozen.
inline constexpr u32 kSchemaShift = 8;
inline constexpr u32 kMaxSchema = 0xFFFFFF;

inline u32 SchemaOf(const TaskHeader& header) {
  return header.task_flags_.bits() >> kSchemaShift;
}

/// What every constructor of a request of a typed method does.
template <class TaskT>
void StartTyped(TaskT* task, u32 timeout_ms = 0) {
  static_assert(TaskT::kSchema <= kMaxSchema);
  task->task_flags_.SetBits(TaskT::kSchema << kSchemaShift);
  task->timeout_ms_ = timeout_ms;
}

template <class TaskT, class = void>
inline constexpr bool kIsTyped = false;
/// True for the generated tasks of typed methods.
template <class TaskT>
inline constexpr bool
    kIsTyped<TaskT, std::void_t<decltype(TaskT::kSchema), typename TaskT::In,
                                typename TaskT::Out>> = true;

// ---- values that another process may have made up ----

/// Whether the bytes are a value of their type. Generated code overloads it for
/// enums and structs.
inline bool IsValid(const bool& value) {
  u8 byte;
  std::memcpy(&byte, &value, 1);
  return byte <= 1;
}
template <class T>
bool IsValid(const vector<T>& list) {
  return std::all_of(list.begin(), list.end(),
                     [](const T& element) { return IsValid(element); });
}

// ---- Aggregate ----

/// True for the first replica: its results count as they are.
inline bool HasNoResults(const Task& origin) {
  return origin.return_code_ == static_cast<u32>(StatusCode::kNotRun);
}
/// Takes them over, and says whether this was the first.
template <class TaskT>
bool TakeFirst(TaskT* origin, const TaskT& replica) {
  if (!HasNoResults(*origin)) return false;
  origin->out_ = replica.out_;
  return true;
}

template <class T>
void AggregateSum(T& to, const T& from) {
  if constexpr (std::is_integral_v<T>) {
    // Wraps around, as the numbers of C do when they have no sign.
    using Unsigned = std::make_unsigned_t<T>;
    to =
        static_cast<T>(static_cast<Unsigned>(to) + static_cast<Unsigned>(from));
  } else {
    to += from;
  }
}
template <class T>
void AggregateMin(T& to, const T& from) {
  to = std::min(to, from);
}
template <class T>
void AggregateMax(T& to, const T& from) {
  to = std::max(to, from);
}
template <class T>
void AggregateConcat(vector<T>& to, const vector<T>& from) {
  to.insert(to.size() == 0 ? nullptr : to.end(), from.begin(), from.end());
}
inline void AggregateConcat(string& to, const string& from) {
  to = to.str() + from.str();
}

}  // namespace chi

#endif  // CHIMAERA_IPC_TYPED_TASK_H_

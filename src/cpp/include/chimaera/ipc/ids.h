// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Names of pools, containers, methods and tasks. All are plain numbers that
// may lie in shared memory and go over the wire; their layouts are frozen.

#ifndef CHIMAERA_IPC_IDS_H_
#define CHIMAERA_IPC_IDS_H_

#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "chimaera/base/types.h"

namespace chi {

using ContainerId = u32;
using MethodId = u32;
using NodeId = u32;

/// A pool, written "major.minor". 0.0 is the null pool and names nothing.
struct PoolId {
  u32 major_ = 0;
  u32 minor_ = 0;

  constexpr PoolId() = default;
  constexpr PoolId(u32 major, u32 minor) : major_(major), minor_(minor) {}

  constexpr bool IsNull() const { return major_ == 0 && minor_ == 0; }
  constexpr u64 ToU64() const { return u64{major_} << 32 | minor_; }
  static constexpr PoolId FromU64(u64 bits) {
    return {static_cast<u32>(bits >> 32), static_cast<u32>(bits)};
  }
  std::string ToString() const;
  /// Accepts "512.0" and "512" (= "512.0"); anything else is nothing.
  static std::optional<PoolId> Parse(std::string_view text);

  friend constexpr bool operator==(PoolId a, PoolId b) {
    return a.ToU64() == b.ToU64();
  }
  friend constexpr bool operator!=(PoolId a, PoolId b) { return !(a == b); }
  friend constexpr bool operator<(PoolId a, PoolId b) {
    return a.ToU64() < b.ToU64();
  }
  friend std::ostream& operator<<(std::ostream& out, PoolId id);

  template <class Archive>
  void serialize(Archive& ar) {
    ar(major_, minor_);
  }
};
static_assert(sizeof(PoolId) == 8);

/// The pool that makes and destroys all others; it exists from the start.
inline constexpr PoolId kAdminPoolId{1, 0};

/// A task in the graph of tasks. A task and the subtasks it spawns share
/// `major_`: they are one group, and locks let a group in together.
struct TaskId {
  u64 major_ = 0;
  u64 minor_ = 0;

  constexpr bool IsNull() const { return major_ == 0 && minor_ == 0; }
  friend constexpr bool operator==(const TaskId& a, const TaskId& b) {
    return a.major_ == b.major_ && a.minor_ == b.minor_;
  }
  friend constexpr bool operator!=(const TaskId& a, const TaskId& b) {
    return !(a == b);
  }
  friend std::ostream& operator<<(std::ostream& out, const TaskId& id);

  template <class Archive>
  void serialize(Archive& ar) {
    ar(major_, minor_);
  }
};
static_assert(sizeof(TaskId) == 16);

namespace internal {

/// The next number of this thread; 0 when it has no range yet.
extern __thread u64 next_task_number __attribute__((tls_model("initial-exec")));

/// Takes a range of numbers for this thread and returns its first.
u64 StartTaskNumbers();

/// The task whose method runs on this thread, or null; set by workers.
/// __thread and initial-exec: it is written for every task.
extern __thread const TaskId* thread_task
    __attribute__((tls_model("initial-exec")));

}  // namespace internal

/// A fresh id. Inside a task's method it belongs to that task's group;
/// elsewhere it opens a group of its own, unique in this process.
/// Safe from any thread.
inline TaskId CreateTaskId() {
  u64 number = internal::next_task_number;
  if (__builtin_expect(number == 0, 0)) number = internal::StartTaskNumbers();
  internal::next_task_number = number + 1;
  const TaskId* current = internal::thread_task;
  return {current != nullptr ? current->major_ : number, number};
}

}  // namespace chi

template <>
struct std::hash<chi::PoolId> {
  size_t operator()(chi::PoolId id) const noexcept {
    return std::hash<chi::u64>{}(id.ToU64());
  }
};

#endif  // CHIMAERA_IPC_IDS_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Waiting for several tasks at once, in a method or in a client's thread.
//
//   std::vector<chi::Future<EchoTask>> calls = …;
//   const chi::Status all = chi::WaitAll(calls);
//   const chi::Result<size_t> first = chi::WaitAny(calls, timeout_ns);

#ifndef CHIMAERA_IPC_WAIT_H_
#define CHIMAERA_IPC_WAIT_H_

#include <cstddef>
#include <initializer_list>
#include <vector>

#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "chimaera/ipc/task.h"
#include "chimaera/ipc/waiter.h"

namespace chi {

/// Each task once; all submitted, by this thread or method.
using TaskPointers = std::vector<Task*>;

/// kOk when all are done, however they ended; at once for none.
/// kDeadlineExceeded when they are not after `timeout_ns`; kRuntimeDied.
[[nodiscard]] Status WaitForAll(const TaskPointers& tasks, u64 timeout_ns);

/// The index of one that is done, the first such. Errors as above;
/// kBadRequest for none.
[[nodiscard]] Result<size_t> WaitForAny(const TaskPointers& tasks,
                                        u64 timeout_ns);

namespace internal {

template <class Tasks>
TaskPointers PointersTo(const Tasks& tasks) {
  TaskPointers pointers;
  for (const auto& task : tasks) pointers.push_back(&*task);
  return pointers;
}

}  // namespace internal

/// The same for any container of futures, of FullPtrs or of pointers.
template <class Tasks>
[[nodiscard]] Status WaitAll(const Tasks& tasks,
                             u64 timeout_ns = kDefaultTimeoutNs) {
  return WaitForAll(internal::PointersTo(tasks), timeout_ns);
}
template <class Tasks>
[[nodiscard]] Result<size_t> WaitAny(const Tasks& tasks,
                                     u64 timeout_ns = kDefaultTimeoutNs) {
  return WaitForAny(internal::PointersTo(tasks), timeout_ns);
}

/// For tasks of several types: WaitAll({&*a, &*b}).
[[nodiscard]] inline Status WaitAll(std::initializer_list<Task*> tasks,
                                    u64 timeout_ns = kDefaultTimeoutNs) {
  return WaitForAll(tasks, timeout_ns);
}
[[nodiscard]] inline Result<size_t> WaitAny(
    std::initializer_list<Task*> tasks, u64 timeout_ns = kDefaultTimeoutNs) {
  return WaitForAny(tasks, timeout_ns);
}

}  // namespace chi

#endif  // CHIMAERA_IPC_WAIT_H_

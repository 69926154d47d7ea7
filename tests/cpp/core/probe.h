// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A module that does what its tasks tell it and writes down what happened to
// it. It is loaded from a shared library of its own, like any module; the log
// lies in the test and is reached by a plain pointer, since both are in one
// process.

#ifndef CHIMAERA_TESTS_CORE_PROBE_H_
#define CHIMAERA_TESTS_CORE_PROBE_H_

#include <atomic>

#include "chimaera/ipc/task.h"

namespace chi::test {

struct ProbeLog {
  std::atomic<u32> creates{0};    // calls of Create
  std::atomic<u32> destroys{0};   // calls of Destroy
  std::atomic<u32> freed{0};      // containers whose Create was called
  std::atomic<u64> gone{0};       // sum of the clients said to be gone
  std::atomic<u32> pings{0};      // calls of Ping
  std::atomic<bool> hold{false};  // Create waits while this is true
};

enum class ProbeAct : u32 {
  kWork,
  kFailWithText,
  kFailWithCode,
  kThrow,
  kThrowNumber,
};

/// What all methods of the probe take. Create and Destroy act as told in
/// container `at`, and work in the others.
struct ProbeTask : Task {
  explicit ProbeTask(ProbeLog* where, ProbeAct what = ProbeAct::kWork,
                     ContainerId container = 0)
      : Task(hipc::CtxAllocator<CHI_MAIN_ALLOC_T>()),
        log(where),
        act(what),
        at(container) {}

  ProbeLog* log;
  ProbeAct act;
  ContainerId at;
};

inline constexpr MethodId kPing = 10;
inline constexpr u64 kClientThatThrows = 13;

}  // namespace chi::test

#endif  // CHIMAERA_TESTS_CORE_PROBE_H_

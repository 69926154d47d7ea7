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
#include "chimaera/sched/run_context.h"

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

/// Calls a function of the test in a run.
struct CallTask : Task {
  using Function = void (*)(u64 argument, CallTask& task, RunContext& ctx);

  explicit CallTask(const hipc::CtxAllocator<CHI_MAIN_ALLOC_T>& alloc)
      : Task(alloc) {
    ++num_alive;
  }
  CallTask(const hipc::CtxAllocator<CHI_MAIN_ALLOC_T>& alloc, PoolId pool,
           Function call, u64 with)
      : Task(alloc, CreateTaskId(), pool, PoolQuery::Local(), kCall),
        function(reinterpret_cast<u64>(call)),
        argument(with) {
    ++num_alive;
  }
  ~CallTask() { --num_alive; }

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(function, argument);
  }
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}

  static constexpr MethodId kCall = 11;
  /// Copies too, in the runtime and in the test.
  inline static std::atomic<i64> num_alive{0};

  IN u64 function = 0;
  IN u64 argument = 0;
};

inline constexpr MethodId kPing = 10;
inline constexpr u64 kClientThatThrows = 13;

}  // namespace chi::test

#endif  // CHIMAERA_TESTS_CORE_PROBE_H_

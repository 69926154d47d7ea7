// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Honest clients at full load beside whatever a tool does to the daemon. Each
// task carries a number, so that one that is lost, answered before it ran, or
// answered with another's result is noticed.

#ifndef CHIMAERA_TESTS_STRESS_WITNESS_H_
#define CHIMAERA_TESTS_STRESS_WITNESS_H_

#include <array>
#include <atomic>
#include <string>
#include <vector>

#include "harness.h"

namespace chi::stress {

/// What an honest client saw; shared with the tool.
struct WitnessState {
  std::atomic<u64> tasks{0};
  std::atomic<u64> wrong{0};
  std::atomic<u64> hung{0};
  std::atomic<u64> slow_ns{0};
};

/// Submits tasks from `number` on and checks their answers; how many, or 0 if
/// one did not come.
u64 RunHonestBatch(u64 number, WitnessState* out);

class Witnesses {
 public:
  Witnesses(const std::string& dir, u32 count);
  Witnesses(const Witnesses&) = delete;
  Witnesses& operator=(const Witnesses&) = delete;
  ~Witnesses();

  /// Answered so far, of all.
  [[nodiscard]] u64 tasks() const;
  /// Until each has done some thousands of tasks.
  [[nodiscard]] bool AwaitWarm() const;
  /// p99 of the time of a batch in the last interval; the slowest witness's.
  [[nodiscard]] u64 slow_ns() const;
  /// Ends them, and enters what they saw.
  void Stop(Summary* summary);

 private:
  static constexpr u32 kMax = 4;
  struct Board {
    std::atomic<bool> stop{false};
    std::array<WitnessState, kMax> states;
  };

  static int Run(const std::string& dir, const Board& board, WitnessState* out);

  Shared<Board> board_;
  std::vector<pid_t> pids_;
};

}  // namespace chi::stress

#endif  // CHIMAERA_TESTS_STRESS_WITNESS_H_

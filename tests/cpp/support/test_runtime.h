// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The fixture of all tests that need a runtime: a daemon in a process and a
// directory of its own.

#ifndef CHIMAERA_TESTS_SUPPORT_TEST_RUNTIME_H_
#define CHIMAERA_TESTS_SUPPORT_TEST_RUNTIME_H_

#include <memory>
#include <string>

#include "chimaera/runtime/runtime.h"
#include "support/process.h"

namespace chi::test {

/// What a daemon holds.
struct Counts {
  u64 sessions = 0;      ///< Clients attached.
  u64 cut_off = 0;       ///< Clients thrown out since the start.
  u64 result_bytes = 0;  ///< Of runtime data, handed out.
  u64 fds = 0;           ///< Open descriptors.
  u64 segments = 0;      ///< Mapped memfds.
};

class TestRuntime {
 public:
  /// Starts it and waits until it serves. `yaml`: a configuration.
  explicit TestRuntime(const std::string& yaml = "", u32 num_workers = 2);
  TestRuntime(const TestRuntime&) = delete;
  TestRuntime& operator=(const TestRuntime&) = delete;

  const std::string& dir() const { return dir_; }
  Process& process() { return *process_; }

  /// Makes this process its client.
  Result<std::unique_ptr<Chimaera>> TryAttach() const;
  std::unique_ptr<Chimaera> Attach() const;

  /// Another process that is its client: chi_test_client <dir> <arguments...>.
  std::unique_ptr<Process> StartClient(
      std::vector<std::string> arguments) const;

  Counts GetCounts();
  /// True if it comes to hold what it held before.
  [[nodiscard]] bool ReturnsTo(const Counts& before);

  /// Asks it to stop, and waits; true if it ended well and said so.
  [[nodiscard]] bool Stop();
  void Kill();

 private:
  TempDir temp_;
  std::string dir_;
  std::unique_ptr<Process> process_;
};

}  // namespace chi::test

#endif  // CHIMAERA_TESTS_SUPPORT_TEST_RUNTIME_H_

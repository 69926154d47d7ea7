// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Other processes, and what a process holds: descriptors, mappings and a
// directory for the time of a test.

#ifndef CHIMAERA_TESTS_SUPPORT_PROCESS_H_
#define CHIMAERA_TESTS_SUPPORT_PROCESS_H_

#include <sys/types.h>

#include <csignal>
#include <string>
#include <vector>

#include "chimaera/base/types.h"
#include "chimaera/base/unique_fd.h"

namespace chi::test {

/// A new directory of mode 0700, removed with all it holds.
class TempDir {
 public:
  TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const {
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

/// Another process, in which `program`, built beside this one, runs with these
/// arguments. Its stderr is ours.
class Process {
 public:
  /// `inherited`, if given, is open in it under the same number.
  Process(const std::string& program, const std::vector<std::string>& arguments,
          int inherited = -1);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  /// Kills it if it still runs, and reaps it.
  ~Process();

  /// Sends it a line on its standard input.
  void WriteLine(const std::string& line);
  /// Its next line of output, without the newline; "" at the end of it.
  std::string ReadLine();
  /// Ends its standard input, on which it waits.
  void CloseInput() { input_.Reset(); }
  void Kill() { Signal(SIGKILL); }
  void Signal(int number);
  /// Its wait status.
  int Reap();
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  UniqueFd input_;
  UniqueFd output_;
};

/// Open descriptors of this process.
u64 CountOpenFds();
/// Mappings of this process whose name holds `text`.
u64 CountMappings(const std::string& text);

}  // namespace chi::test

#endif  // CHIMAERA_TESTS_SUPPORT_PROCESS_H_

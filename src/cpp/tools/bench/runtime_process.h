// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A runtime in another process, for the length of a benchmark.

#ifndef CHIMAERA_TOOLS_BENCH_RUNTIME_PROCESS_H_
#define CHIMAERA_TOOLS_BENCH_RUNTIME_PROCESS_H_

#include <sys/types.h>

#include <string>

#include "chimaera/base/types.h"

namespace chi::bench {

class RuntimeProcess {
 public:
  /// Forks a process that runs a runtime with one worker, which binds itself
  /// to the last CPU, and returns when a client can attach. To be called before
  /// the caller has threads or is bound to a CPU.
  RuntimeProcess();
  ~RuntimeProcess();
  RuntimeProcess(const RuntimeProcess&) = delete;
  RuntimeProcess& operator=(const RuntimeProcess&) = delete;

  const std::string& dir() const { return dir_; }
  pid_t pid() const { return pid_; }

 private:
  std::string dir_;
  pid_t pid_;
};

}  // namespace chi::bench

#endif  // CHIMAERA_TOOLS_BENCH_RUNTIME_PROCESS_H_

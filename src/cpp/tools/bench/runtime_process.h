// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A runtime in another process, and this process as its client, for the length
// of a topic.

#ifndef CHIMAERA_TOOLS_BENCH_RUNTIME_PROCESS_H_
#define CHIMAERA_TOOLS_BENCH_RUNTIME_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "chimaera/echo/echo_client.h"
#include "chimaera/runtime/runtime.h"
#include "harness.h"

namespace chi::bench {

/// A directory that is made here and removed in the end.
class TemporaryDir {
 public:
  TemporaryDir();
  ~TemporaryDir();
  TemporaryDir(const TemporaryDir&) = delete;
  TemporaryDir& operator=(const TemporaryDir&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class RuntimeProcess {
 public:
  /// Forks a process that runs a runtime, and returns when a client can attach.
  /// One worker binds itself to the last CPU, as long as there are two. To be
  /// called before the caller has threads or is bound to a CPU.
  /// `small_clients`: with as little memory each as is possible.
  explicit RuntimeProcess(u32 num_workers = 1, bool small_clients = false);
  ~RuntimeProcess();
  RuntimeProcess(const RuntimeProcess&) = delete;
  RuntimeProcess& operator=(const RuntimeProcess&) = delete;

  const std::string& dir() const { return dir_.path(); }
  pid_t pid() const { return pid_; }

 private:
  TemporaryDir dir_;
  pid_t pid_;
};

/// Attached to the runtime in `dir`, with a pool of echo. A failure ends the
/// program: there is nothing to measure then.
class EchoClient {
 public:
  explicit EchoClient(const std::string& dir);

  /// Makes a null task, waits for it and frees it.
  void Null() {
    auto null = echo_.AsyncNull(HSHM_MCTX, PoolQuery::Local());
    null.Wait();
  }
  /// Null, timed one by one.
  Samples Nulls(u64 slice_ns) {
    return TimeEach(slice_ns, [this] { Null(); });
  }
  chimaera::echo::Client& echo() { return echo_; }

 private:
  std::unique_ptr<Chimaera> client_;
  chimaera::echo::Client echo_;
};

}  // namespace chi::bench

#endif  // CHIMAERA_TOOLS_BENCH_RUNTIME_PROCESS_H_

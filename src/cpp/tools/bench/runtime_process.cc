// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The child says "ready" by a byte in a pipe, and lives until it is told to
// stop or its parent is gone.

#include "runtime_process.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "chimaera/base/check.h"
#include "chimaera/base/log.h"
#include "chimaera/runtime/runtime.h"

namespace chi::bench {
namespace {

[[noreturn]] void RunServer(const std::string& dir, u32 num_workers,
                            bool small_clients, int ready) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  sigprocmask(SIG_BLOCK, &term, nullptr);
  SetLogLevel(LogLevel::kWarning);
  RuntimeConfig config = RuntimeConfig();
  config.max_tasks_in_flight = 1u << 20;
  config.num_threads = num_workers;
  if (small_clients) {
    config.main_segment_bytes = kMiB;
    config.client_data_segment_bytes = kMiB;
  }
  {
    auto runtime = Chimaera::StartServer(config, dir);
    CHI_CHECK_OK(runtime.status());
    CHI_CHECK(write(ready, "1", 1) == 1);
    int signal = 0;
    sigwait(&term, &signal);
  }
  _exit(0);
}

}  // namespace

TemporaryDir::TemporaryDir() {
  char name[] = "/tmp/chimaera-bench-XXXXXX";
  CHI_CHECK(mkdtemp(name) != nullptr);
  path_ = name;
}

TemporaryDir::~TemporaryDir() { rmdir(path_.c_str()); }

RuntimeProcess::RuntimeProcess(u32 num_workers, bool small_clients) {
  int ready[2];
  CHI_CHECK(pipe(ready) == 0);
  pid_ = fork();
  CHI_CHECK(pid_ >= 0);
  if (pid_ == 0) RunServer(dir(), num_workers, small_clients, ready[1]);
  close(ready[1]);
  char byte = 0;
  CHI_CHECK(read(ready[0], &byte, 1) == 1, "the runtime did not start");
  close(ready[0]);
}

RuntimeProcess::~RuntimeProcess() {
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

EchoClient::EchoClient(const std::string& dir) {
  ClientConfig config;
  config.runtime_dir = dir;
  auto client = Chimaera::Attach(config);
  CHI_CHECK_OK(client.status());
  client_ = std::move(*client);
  CHI_CHECK(echo_.Create(HSHM_MCTX, PoolQuery::Dynamic(), "bench_echo",
                         PoolId(9000, 0)));
}

}  // namespace chi::bench

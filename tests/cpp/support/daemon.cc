// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// chi_test_daemon <dir> <workers> [<yaml file>]: a runtime in a process of its
// own. Says "ready", or why not; answers "counts" on its standard input with a
// line of numbers (see Counts in test_runtime.h); stops in order on SIGTERM, on
// an admin's StopRuntime, and at the end of its input, and then says "stopped".

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <string>

#include "chimaera/base/log.h"
#include "chimaera/ipc/control_server.h"
#include "chimaera/runtime/runtime.h"
#include "chimaera/runtime/singletons.h"
#include "support/process.h"

namespace {

std::atomic<bool> terminated{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void Say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

// An epoll set and an eventfd each; a worker that the kernel keeps waiting for
// long gets a stand-in, which stays.
chi::u64 FdsOfStandIns() {
  const chi::WorkOrchestrator& workers = *CHI_WORK_ORCHESTRATOR;
  return 2 * (workers.AllWorkers().size() - workers.num_workers());
}

void SayCounts(chi::Chimaera& runtime) {
  const chi::ControlServer::Stats stats = runtime.control().stats();
  Say(chi::Format("{} {} {} {} {}", stats.sessions, stats.cut_off,
                  runtime.control().runtime_data().used_bytes(),
                  chi::test::CountOpenFds() - FdsOfStandIns(),
                  chi::test::CountMappings("memfd:")));
}

// True when the runtime is to stop.
bool HandleInput(chi::Chimaera& runtime) {
  pollfd input = {STDIN_FILENO, POLLIN, 0};
  if (poll(&input, 1, 5) <= 0) return false;
  char line[64];
  const ssize_t size = read(STDIN_FILENO, line, sizeof(line));
  if (size <= 0) return true;
  if (std::string(line, static_cast<size_t>(size)) == "counts\n") {
    SayCounts(runtime);
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  std::signal(SIGTERM, [](int) { terminated = true; });
  chi::SetLogLevel(chi::LogLevel::kError);
  auto config = argc > 3
                    ? chi::RuntimeConfig::FromFile(argv[3])
                    : chi::Result<chi::RuntimeConfig>(chi::RuntimeConfig());
  if (!config.ok()) {
    Say(config.status().ToString());
    return 1;
  }
  config->num_threads = static_cast<chi::u32>(std::stoul(argv[2]));
  config->pin_workers = false;
  config->module_paths.emplace_back(CHI_TEST_LIBRARY_DIR);
  auto runtime = chi::Chimaera::StartServer(*config, argv[1]);
  if (!runtime.ok()) {
    Say(runtime.status().ToString());
    return 1;
  }
  Say("ready");
  while (!terminated && !(*runtime)->WaitForStop(0) &&
         !HandleInput(**runtime)) {
  }
  runtime->reset();
  Say("stopped");
  return 0;
}

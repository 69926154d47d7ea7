// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The processor time of a runtime that has a client and nothing to do, and the
// time from starting the program to the first answer of a task.

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <string>

#include "chimaera/base/check.h"
#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "runtime_process.h"
#include "topics.h"

namespace chi::bench {
namespace {

u64 CpuTimeNs(pid_t pid) {
  clockid_t clock;
  timespec time;
  CHI_CHECK(clock_getcpuclockid(pid, &clock) == 0);
  CHI_CHECK(clock_gettime(clock, &time) == 0);
  return static_cast<u64>(time.tv_sec) * 1'000'000'000 +
         static_cast<u64>(time.tv_nsec);
}

void SleepNs(u64 ns) {
  timespec left = {static_cast<time_t>(ns / 1'000'000'000),
                   static_cast<long>(ns % 1'000'000'000)};
  while (nanosleep(&left, &left) != 0) {
  }
}

Figure IdleCpu(const Effort& effort) {
  const RuntimeProcess runtime;
  EchoClient client(runtime.dir());
  static_cast<void>(client.Nulls(10 * kNsPerMs));
  SleepNs(effort.idle_ns / 10);
  const u64 busy_before = CpuTimeNs(runtime.pid());
  const u64 before = SystemClock::Get().NowNs();
  SleepNs(effort.idle_ns);
  const u64 elapsed = SystemClock::Get().NowNs() - before;
  const u64 busy = CpuTimeNs(runtime.pid()) - busy_before;
  return AtMost("idle_cpu",
                100 * static_cast<f64>(busy) / static_cast<f64>(elapsed),
                "% core", 0.5);
}

std::string ToolBesideThis(const std::string& name) {
  char path[4096];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof(path));
  CHI_CHECK(size > 0);
  const std::string here(path, static_cast<size_t>(size));
  return here.substr(0, here.rfind('/') + 1) + name;
}

// Starts the program, and returns when it says "ready".
pid_t StartProgram(const std::string& dir) {
  int ready[2];
  CHI_CHECK(pipe2(ready, O_CLOEXEC) == 0);
  // The child keeps its end over exec: dup2 onto itself clears the flag.
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ready[1], ready[1]);
  std::string program = ToolBesideThis("chimaera_start_runtime");
  std::string arguments[] = {"--runtime-dir", dir,
                             "--log-file",    dir + "/runtime.log",
                             "--ready-fd",    std::to_string(ready[1])};
  std::vector<char*> argv = {program.data()};
  for (std::string& each : arguments) argv.push_back(each.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, program.c_str(), &actions, nullptr,
                                argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  CHI_CHECK(error == 0, "cannot start {}: error {}", program, error);
  close(ready[1]);
  char byte = 0;
  CHI_CHECK(read(ready[0], &byte, 1) == 1 && byte == 'r',
            "{} did not start; see its log", program);
  close(ready[0]);
  return pid;
}

f64 SecondsToFirstAnswer() {
  const TemporaryDir dir;
  const u64 before = SystemClock::Get().NowNs();
  const pid_t pid = StartProgram(dir.path());
  u64 ready_ns = 0;
  {
    EchoClient client(dir.path());
    client.Null();
    ready_ns = SystemClock::Get().NowNs() - before;
  }
  kill(pid, SIGTERM);
  waitpid(pid, nullptr, 0);
  unlink((dir.path() + "/runtime.log").c_str());
  return static_cast<f64>(ready_ns) * 1e-9;
}

}  // namespace

std::vector<Figure> Idle(const Effort& effort) {
  Samples starts;
  for (u32 i = 0; i < effort.num_starts; ++i) {
    starts.push_back(SecondsToFirstAnswer());
  }
  // The slowest start: nobody waits for a median.
  return {IdleCpu(effort),
          AtMost("first_answer", Quantile(starts, 1), "s", 0.5)};
}

}  // namespace chi::bench

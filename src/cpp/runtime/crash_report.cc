// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Everything that the handler does is async-signal-safe: it reads words that
// the crashing thread itself has written, formats into an array on its stack
// and calls write. It takes no lock and allocates nothing.

#include "chimaera/runtime/crash_report.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "chimaera/base/types.h"
#include "chimaera/sched/run_context.h"
#include "chimaera/sched/signal_stack.h"
#include "runtime/signal_text.h"

namespace chi {
namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

// Set before the handlers are; -1: none.
int g_log_fd = -1;

const char* NameOf(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGILL:
      return "SIGILL";
    case SIGFPE:
      return "SIGFPE";
    default:
      return "SIGABRT";
  }
}

void OnCrash(int signal, siginfo_t* info, void* /*context*/) {
  const int saved_errno = errno;
  SignalText line;
  line << "chimaera: crash: " << NameOf(signal);
  if (signal != SIGABRT && info->si_code > 0) {
    line << " at ";
    line.Hex(reinterpret_cast<u64>(info->si_addr));
  }
  DescribeRun(CurrentRun(), line);
  line.WriteTo(STDERR_FILENO);
  line.WriteTo(g_log_fd);
  errno = saved_errno;
  // SA_RESETHAND has restored the default action, which now ends the process:
  // a fault happens again by itself, anything else is raised here.
  if (info->si_code <= 0 || signal == SIGABRT) raise(signal);
}

}  // namespace

Status InstallCrashReport(int log_fd) {
  g_log_fd = log_fd;
  // Workers have signal stacks of their own; this is the calling thread's.
  static const SignalStack stack;
  struct sigaction action = {};
  action.sa_sigaction = &OnCrash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND;
  for (const int signal : kSignals) {
    if (sigaction(signal, &action, nullptr) != 0) {
      return Status::FromErrno(errno, "sigaction");
    }
  }
  return Status();
}

}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Everything that the handler does is async-signal-safe: it reads words that
// the crashing thread itself has written, formats into an array on its stack
// and calls write. It takes no lock and allocates nothing.

#include "chimaera/runtime/crash_report.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "chimaera/base/types.h"
#include "chimaera/base/unique_fd.h"
#include "chimaera/core/container.h"
#include "chimaera/core/method_table.h"
#include "chimaera/sched/run_context.h"
#include "chimaera/sched/work_orchestrator.h"

namespace chi {
namespace {

// The report needs about 2 KiB, the kernel up to 11 KiB for its registers.
constexpr u64 kSignalStackBytes = 64 * kKiB;
constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

// Set before the handlers are; -1: none.
int g_log_fd = -1;

/// One line, cut where the room ends.
class Line {
 public:
  Line& operator<<(const char* text) {
    while (*text != '\0' && size_ < kRoom) bytes_[size_++] = *text++;
    return *this;
  }
  Line& operator<<(u64 number) {
    char digits[21];
    char* at = digits + sizeof(digits) - 1;
    *at = '\0';
    do {
      *--at = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    return *this << at;
  }
  void Hex(u64 number) {
    *this << "0x";
    for (int shift = 60; shift >= 0; shift -= 4) {
      const char digit[2] = {"0123456789abcdef"[number >> shift & 15], '\0'};
      *this << digit;
    }
  }
  void WriteTo(int fd) {
    if (fd < 0) return;
    bytes_[size_] = '\n';
    // Nobody is left to be told that it could not be written.
    const ssize_t written = write(fd, bytes_, size_ + 1);
    static_cast<void>(written);
  }

 private:
  static constexpr u64 kRoom = 1023;
  char bytes_[kRoom + 1];
  u64 size_ = 0;
};

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

void DescribeRun(const RunContext& run, Line& line) {
  if (const Container* container = run.container; container != nullptr) {
    line << " in pool " << container->pool_id_.major_ << "."
         << container->pool_id_.minor_ << " (" << container->pool_name_.c_str()
         << "), module " << container->module_name();
  }
  if (run.method != nullptr) {
    line << ", method " << run.method->name << " (" << run.method->id << ")";
  }
  line << ", task " << run.task_id.major_ << "." << run.task_id.minor_
       << ", client " << run.client_id;
}

void OnCrash(int signal, siginfo_t* info, void* /*context*/) {
  const int saved_errno = errno;
  Line line;
  line << "chimaera: crash: " << NameOf(signal);
  if (signal != SIGABRT && info->si_code > 0) {
    line << " at ";
    line.Hex(reinterpret_cast<u64>(info->si_addr));
  }
  if (const RunContext* run = CurrentRun(); run != nullptr) {
    DescribeRun(*run, line);
  } else {
    line << " outside any method";
  }
  line.WriteTo(STDERR_FILENO);
  line.WriteTo(g_log_fd);
  errno = saved_errno;
  // SA_RESETHAND has restored the default action, which now ends the process:
  // a fault happens again by itself, anything else is raised here.
  if (info->si_code <= 0 || signal == SIGABRT) raise(signal);
}

Status GiveSignalStack() {
  void* memory = mmap(nullptr, kSignalStackBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return Status::FromErrno(errno, "signal stack");
  stack_t stack = {};
  stack.ss_sp = memory;
  stack.ss_size = kSignalStackBytes;
  // Never unmapped: the thread may crash until the process ends.
  return sigaltstack(&stack, nullptr) == 0
             ? Status()
             : Status::FromErrno(errno, "sigaltstack");
}

}  // namespace

Status InstallCrashReport(WorkOrchestrator& workers,
                          const std::string& log_file) {
  if (!log_file.empty()) {
    UniqueFd fd(open(log_file.c_str(),
                     O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    if (!fd.valid()) return Status::FromErrno(errno, log_file);
    g_log_fd = fd.Release();
  }
  std::atomic<u32> failures{0};
  workers.RunOnEachWorker([&failures](Worker&) {
    if (!GiveSignalStack().ok()) failures.fetch_add(1);
  });
  CHI_RETURN_IF_ERROR(GiveSignalStack());
  if (failures.load() > 0) return Status::NoMemory("no room for signal stacks");
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

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// There is one sample, static, so that a thread that answers late writes into
// memory that is still there. A word says whose turn it is:
//
//   kFree --Take--> kAsked --handler--> kWriting --handler--> kWritten -->
//   kFree
//                      \--- Take gives up ---> kFree

#include "runtime/stack_probe.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "runtime/signal_text.h"

namespace chi {
namespace {

constexpr int kMaxFrames = 48;
// Frames of the handler itself and of the kernel's return from it.
constexpr int kOwnFrames = 2;
constexpr u64 kLookNs = 100 * kNsPerUs;

enum Turn : u32 { kFree, kAsked, kWriting, kWritten };

std::mutex g_one_at_a_time;
std::atomic<u32> g_turn{kFree};
SignalText g_run;
bool g_in_method = false;
void* g_frames[kMaxFrames];
int g_num_frames = 0;

int ProbeSignal() { return SIGRTMIN + 6; }

void OnProbe(int /*signal*/, siginfo_t* /*info*/, void* /*context*/) {
  const int saved_errno = errno;
  u32 expected = kAsked;
  if (g_turn.compare_exchange_strong(expected, kWriting)) {
    g_run = SignalText();
    g_in_method = CurrentRun() != nullptr;
    DescribeRun(CurrentRun(), g_run);
    g_num_frames = backtrace(g_frames, kMaxFrames);
    g_turn.store(kWritten);
  }
  errno = saved_errno;
}

std::string FileName(const char* path) {
  const std::string text(path == nullptr ? "?" : path);
  const size_t slash = text.rfind('/');
  return slash == std::string::npos ? text : text.substr(slash + 1);
}

std::string Symbol(const void* address) {
  Dl_info info = {};
  if (dladdr(address, &info) == 0) return Format("{}", address);
  const auto at = reinterpret_cast<u64>(address);
  const std::string file = FileName(info.dli_fname);
  if (info.dli_sname == nullptr) {
    return Format("{}+{}", file, at - reinterpret_cast<u64>(info.dli_fbase));
  }
  int failed = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(info.dli_sname, nullptr, nullptr, &failed),
      &std::free);
  return Format("{}+{} ({})", failed == 0 ? name.get() : info.dli_sname,
                at - reinterpret_cast<u64>(info.dli_saddr), file);
}

std::string StackText() {
  std::string text;
  for (int i = kOwnFrames; i < g_num_frames; ++i) {
    text += Format("  #{} {}\n", i - kOwnFrames, Symbol(g_frames[i]));
  }
  return text;
}

// True if the answer has come.
bool AwaitAnswer(u64 timeout_ns) {
  const Clock& clock = SystemClock::Get();
  const u64 deadline_ns = DeadlineNs(clock.NowNs(), timeout_ns);
  while (g_turn.load() != kWritten) {
    u32 expected = kAsked;
    if (clock.NowNs() >= deadline_ns &&
        g_turn.compare_exchange_strong(expected, kFree)) {
      return false;
    }
    const timespec pause{0, static_cast<long>(kLookNs)};
    nanosleep(&pause, nullptr);
  }
  return true;
}

}  // namespace

Status StackProbe::Install() {
  struct sigaction old = {};
  if (sigaction(ProbeSignal(), nullptr, &old) != 0) {
    return Status::FromErrno(errno, "sigaction");
  }
  const bool ours =
      (old.sa_flags & SA_SIGINFO) != 0 && old.sa_sigaction == &OnProbe;
  if (ours) return Status();
  if ((old.sa_flags & SA_SIGINFO) != 0 || old.sa_handler != SIG_DFL) {
    return Status::AlreadyExists(Format(
        "signal {} is used by another part of this process", ProbeSignal()));
  }
  // The first call loads the unwinder, which no handler may do.
  void* frame = nullptr;
  static_cast<void>(backtrace(&frame, 1));
  struct sigaction action = {};
  action.sa_sigaction = &OnProbe;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  return sigaction(ProbeSignal(), &action, nullptr) == 0
             ? Status()
             : Status::FromErrno(errno, "sigaction");
}

Result<StackSample> StackProbe::Take(pid_t tid, u64 timeout_ns) {
  const std::lock_guard<std::mutex> lock(g_one_at_a_time);
  g_turn.store(kAsked);
  if (syscall(SYS_tgkill, getpid(), tid, ProbeSignal()) != 0) {
    g_turn.store(kFree);
    return Status::NotFound(Format("thread {}", tid));
  }
  if (!AwaitAnswer(timeout_ns)) {
    return Status::DeadlineExceeded(
        Format("thread {} does not take signals", tid));
  }
  StackSample sample{std::string(g_run.view()), StackText(), g_in_method};
  g_turn.store(kFree);
  return sample;
}

}  // namespace chi

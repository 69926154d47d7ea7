// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A line is no longer than PIPE_BUF, so the kernel takes it whole or, where the
// pipe does not wait, refuses it.

#include "chimaera/base/log_pipe.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

namespace chi {
namespace {

static_assert(kMaxLogLineBytes <= PIPE_BUF);

constexpr int kCapacityBytes = static_cast<int>(kMiB);

std::atomic<LogPipe*> g_last{nullptr};

void WriteToStderr(std::string_view line) {
  const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  static_cast<void>(written);  // there is nowhere left to say so
}

}  // namespace

LogPipe::LogPipe(UniqueFd read, UniqueFd write, const LogPipe* previous)
    : read_(std::move(read)),
      write_(std::move(write)),
      owner_(::getpid()),
      previous_(previous) {}

Result<LogPipe*> LogPipe::Open() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return Status::FromErrno(errno, "pipe of the log");
  }
  UniqueFd read(ends[0]);
  UniqueFd write(ends[1]);
  if (::fcntl(write.get(), F_SETFL, O_NONBLOCK) != 0) {
    return Status::FromErrno(errno, "pipe of the log");
  }
  // A user's pipes may have used up what they may have; then it stays small.
  ::fcntl(write.get(), F_SETPIPE_SZ, kCapacityBytes);
  std::unique_ptr<LogPipe> pipe(
      new LogPipe(std::move(read), std::move(write), g_last.load()));
  g_last.store(pipe.get());
  SetLogSink(pipe.get());
  return pipe.release();
}

void LogPipe::Write(LogLevel level, std::string_view line) {
  if (::getpid() != owner_) return WriteToStderr(line);
  if (level == LogLevel::kFatal) WriteToStderr(line);
  const ssize_t written = ::write(write_.get(), line.data(), line.size());
  if (written < 0) dropped_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace chi

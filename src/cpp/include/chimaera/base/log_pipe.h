// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The log for a program that handles lines itself, in a thread of its own. The
// queue between is a pipe: bounded, without a lock, and it never makes the
// thread that logs wait.

#ifndef CHIMAERA_BASE_LOG_PIPE_H_
#define CHIMAERA_BASE_LOG_PIPE_H_

#include <sys/types.h>

#include <atomic>
#include <string_view>

#include "chimaera/base/log.h"
#include "chimaera/base/result.h"
#include "chimaera/base/types.h"
#include "chimaera/base/unique_fd.h"

namespace chi {

/// Lines of this process go into the pipe, whole; where it is full, they are
/// dropped and counted. A forked child's go to standard error, for nobody reads
/// them there. A fatal line goes there as well: the process is about to end.
/// Safe from any thread.
class LogPipe final : public LogSink {
 public:
  /// Makes one, which lives until the process ends, and sends the log there.
  /// kIo: no pipe can be had.
  static Result<LogPipe*> Open();

  void Write(LogLevel level, std::string_view line) override;

  /// Where lines come out; blocks while there are none.
  [[nodiscard]] int read_fd() const { return read_.get(); }
  /// For who wants to tell the reader something: it ends in a newline.
  [[nodiscard]] int write_fd() const { return write_.get(); }
  /// Lines that found the pipe full.
  [[nodiscard]] u64 dropped() const {
    return dropped_.load(std::memory_order_relaxed);
  }

 private:
  LogPipe(UniqueFd read, UniqueFd write, const LogPipe* previous);

  const UniqueFd read_;
  const UniqueFd write_;
  const pid_t owner_;
  // Keeps those of a parent process reachable, for leak checkers.
  [[maybe_unused]] const LogPipe* const previous_;
  std::atomic<u64> dropped_{0};
};

}  // namespace chi

#endif  // CHIMAERA_BASE_LOG_PIPE_H_

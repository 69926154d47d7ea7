// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The log as an operator sets it up: a level from the environment, and a file
// that does not grow without bound.

#ifndef CHIMAERA_BASE_LOG_FILE_H_
#define CHIMAERA_BASE_LOG_FILE_H_

#include <optional>
#include <string>

#include "chimaera/base/log.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"

namespace chi {

/// The level that the environment asks for, if it does: then it goes before
/// every other. CHI_DEBUG may be anything but 0. A CHI_LOG_LEVEL that is none
/// is told once, and asks for kInfo.
[[nodiscard]] std::optional<LogLevel> LogLevelFromEnvironment();

/// A file that has grown so large becomes FILE.1, the one that was FILE.1
/// becomes FILE.2, and the last is removed; a new FILE begins.
struct LogRotation {
  u64 max_bytes = 16 * kMiB;  ///< Exceeded by the line that crosses it, and by
                              ///< those written until the file is put aside.
  u32 old_files = 3;          ///< Kept beside FILE.
};

/// As SetLogFile in log.h, with rotation. The descriptor stays the same number
/// over rotations and further calls, and standard output and error go along
/// where they are that file. Only the process that has called this puts files
/// aside, not a forked child.
Status SetLogFile(const std::string& path, LogRotation rotation);

/// Lines go to where they went before SetLogFile, unless another sink was set
/// meanwhile; the file is held open no more. Nothing if there is none.
void CloseLogFile();

/// The descriptor of the file that SetLogFile opened last, or -1.
[[nodiscard]] int LogFileDescriptor();

namespace internal {

/// As SetLogSink; returns the one before, null for stderr.
LogSink* ExchangeLogSink(LogSink* sink);
/// False, and nothing is done, if lines do not go to `from`.
bool ReplaceLogSink(LogSink* from, LogSink* to);

}  // namespace internal

}  // namespace chi

#endif  // CHIMAERA_BASE_LOG_FILE_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The log. A disabled level costs one relaxed load and evaluates no argument;
// an enabled one is formatted by the caller's thread and handed to the sink as
// one complete line, so that lines of several processes do not mix.
//
// Everything here may be called from any thread at any time, also from static
// initialisers and from a forked child: no lock is taken on the way.
//
// CHI_LOG_LEVEL=debug|info|warning|error|fatal sets the level when the first
// message is met; CHI_DEBUG=1 is short for debug if CHI_LOG_LEVEL is not set.

#ifndef CHIMAERA_BASE_LOG_H_
#define CHIMAERA_BASE_LOG_H_

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>

#include "chimaera/base/format.h"
#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"

namespace chi {

/// One level means one audience.
enum class LogLevel : u8 {
  kDebug = 1,    ///< Whoever develops Chimaera or a module. May be a flood.
  kInfo = 2,     ///< Whoever runs it: started, stopped, pool created. Default.
  kWarning = 3,  ///< The operator, some time today: it works, but not well.
  kError = 4,    ///< The operator, now: something asked for did not happen.
  kFatal = 5,    ///< Whoever reads the crash. The caller ends the process; the
                 ///< level itself does not.
};

/// Longest line handed to a sink, newline included; longer ones are cut and end
/// in "...". PIPE_BUF on Linux: a pipe takes such a line whole or not at all.
inline constexpr std::size_t kMaxLogLineBytes = 4096;

/// Where lines go.
class LogSink {
 public:
  virtual ~LogSink() = default;

  /// `line` ends in a newline and holds no other. Called by any thread, by
  /// several at once. Must not throw and must not log. A line that cannot be
  /// written is lost: there is nowhere left to say so.
  virtual void Write(LogLevel level, std::string_view line) = 0;
};

/// Messages below `level` are dropped from now on.
void SetLogLevel(LogLevel level);

/// The level in force; reads the environment if nothing has set it yet.
[[nodiscard]] LogLevel GetLogLevel();

/// "debug", "INFO", "warning" or "warn", ... to the level. Returns kBadRequest,
/// naming the text and the choices, for anything else.
Result<LogLevel> ParseLogLevel(std::string_view text);

/// Sends lines to `sink`, or back to stderr if it is null. The caller owns it
/// and keeps it alive for as long as any thread may log: in practice, until the
/// process ends.
void SetLogSink(LogSink* sink);

/// Appends lines to the file at `path`, made with mode 0600 if missing. On
/// failure (kIo) the sink stays what it was. Each call keeps one descriptor
/// until the process ends, since another thread may be writing to the old one.
/// Not from two threads at once.
Status SetLogFile(const std::string& path);

/// Writes `message` as one line whatever the level in force is. For code that
/// has decided already; others use CHI_LOG.
void LogMessage(LogLevel level, const char* file, int line,
                std::string_view message);

namespace internal {

/// 0 until the environment was read; then the level in force. It publishes
/// nothing else, hence relaxed everywhere.
extern std::atomic<u8> g_log_level;

LogLevel ReadLogLevelOnce();

/// Whether lines go elsewhere than to stderr.
bool HasLogSink();

}  // namespace internal

[[nodiscard]] inline bool LogEnabled(LogLevel level) {
  const u8 current = internal::g_log_level.load(std::memory_order_relaxed);
  if (static_cast<u8>(level) < current) {
    return false;
  }
  return current != 0 || level >= internal::ReadLogLevelOnce();
}

}  // namespace chi

/// CHI_LOG(kInfo, "pool {} has {} containers", id, n). The level is a bare
/// enumerator of chi::LogLevel, from any namespace.
#define CHI_LOG(level, ...)                                         \
  do {                                                              \
    if (::chi::LogEnabled(::chi::LogLevel::level)) {                \
      ::chi::LogMessage(::chi::LogLevel::level, __FILE__, __LINE__, \
                        ::chi::Format(__VA_ARGS__));                \
    }                                                               \
  } while (false)

/// The names that modules use, for information and for errors. Both are
/// CHI_LOG.
#define HILOG(level, ...) CHI_LOG(level, __VA_ARGS__)
#define HELOG(level, ...) CHI_LOG(level, __VA_ARGS__)

#endif  // CHIMAERA_BASE_LOG_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The log: level, line layout, and where a line goes.

#include "chimaera/base/log.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "chimaera/base/log_file.h"

namespace chi {

namespace internal {

std::atomic<u8> g_log_level{0};

}  // namespace internal

namespace {

// Null means stderr. Partner: SetLogSink stores with release what a logging
// thread loads with acquire, so that it sees the sink fully constructed.
std::atomic<LogSink*> g_sink{nullptr};

void WriteFully(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return;  // lost, as LogSink::Write says
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

char LevelLetter(LogLevel level) {
  constexpr char kLetters[] = "?DIWEF";
  const auto index = static_cast<std::size_t>(level);
  return index < sizeof(kLetters) - 1 ? kLetters[index] : '?';
}

const char* BaseName(const char* path) {
  const char* name = path;
  for (const char* p = path; *p != '\0'; ++p) {
    if (*p == '/') {
      name = p + 1;
    }
  }
  return name;
}

struct Date {
  u64 year;
  u64 month;
  u64 day;
};

// Gregorian date of a day counted from 1970-01-01. Written out because
// gmtime_r takes the C library's time-zone lock, which a fork may leave held in
// the child. Years run from March here, so that the leap day comes last.
Date DateOfDay(u64 days_since_1970) {
  constexpr u64 kDaysFrom0000MarchTo1970 = 719468;
  constexpr u64 kDaysPer400Years = 146097;
  const u64 days = days_since_1970 + kDaysFrom0000MarchTo1970;
  const u64 era = days / kDaysPer400Years;
  const u64 day_of_era = days % kDaysPer400Years;
  const u64 year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
                           day_of_era / 146096) /
                          365;
  const u64 day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const u64 march_month = (5 * day_of_year + 2) / 153;
  const u64 month = march_month < 10 ? march_month + 3 : march_month - 9;
  const u64 day = day_of_year - (153 * march_month + 2) / 5 + 1;
  return {era * 400 + year_of_era + (month <= 2 ? 1 : 0), month, day};
}

// "2026-01-31T12:00:00.123456Z I 42/43 file.cc:17] "
std::string LinePrefix(LogLevel level, const char* file, int line) {
  constexpr u64 kSecondsPerDay = 86400;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const auto seconds = static_cast<u64>(now.tv_sec);
  const Date date = DateOfDay(seconds / kSecondsPerDay);
  const u64 of_day = seconds % kSecondsPerDay;
  char text[256];
  const int size = std::snprintf(
      text, sizeof(text),
      "%04" PRIu64 "-%02" PRIu64 "-%02" PRIu64 "T%02" PRIu64 ":%02" PRIu64
      ":%02" PRIu64 ".%06ldZ %c %d/%ld %.100s:%d] ",
      date.year, date.month, date.day, of_day / 3600, of_day / 60 % 60,
      of_day % 60, now.tv_nsec / 1000, LevelLetter(level),
      static_cast<int>(::getpid()), static_cast<long>(::syscall(SYS_gettid)),
      BaseName(file), line);
  return std::string(text, static_cast<std::size_t>(size));
}

// A name that a client chose must not be able to forge a line of its own.
void AppendEscaped(std::string_view message, std::string* line) {
  for (const char c : message) {
    if (c == '\n') {
      *line += "\\n";
    } else if (c != '\t' && std::iscntrl(static_cast<unsigned char>(c)) != 0) {
      *line += '?';
    } else {
      *line += c;
    }
  }
}

// Null if it is not set. Reading is safe as long as nobody calls setenv; a
// program that does has to set the log level itself first.
const char* FromEnvironment(const char* name) {
  return std::getenv(name);  // NOLINT(concurrency-mt-unsafe): see above
}

}  // namespace

namespace internal {

LogLevel ReadLogLevelOnce() {
  // Two threads may both read the environment; the first to store wins, and
  // SetLogLevel wins over both.
  const auto wanted =
      static_cast<u8>(LogLevelFromEnvironment().value_or(LogLevel::kInfo));
  u8 current = 0;
  if (g_log_level.compare_exchange_strong(current, wanted,
                                          std::memory_order_relaxed)) {
    current = wanted;
  }
  return static_cast<LogLevel>(current);
}

LogSink* ExchangeLogSink(LogSink* sink) {
  return g_sink.exchange(sink, std::memory_order_acq_rel);
}
bool ReplaceLogSink(LogSink* from, LogSink* to) {
  return g_sink.compare_exchange_strong(from, to, std::memory_order_acq_rel);
}

bool HasLogSink() { return g_sink.load(std::memory_order_acquire) != nullptr; }

}  // namespace internal

std::optional<LogLevel> LogLevelFromEnvironment() {
  const char* text = FromEnvironment("CHI_LOG_LEVEL");
  if (text != nullptr && *text != '\0') {
    const Result<LogLevel> level = ParseLogLevel(text);
    if (level.ok()) return *level;
    static std::atomic<bool> told{false};
    if (!told.exchange(true)) {
      LogMessage(LogLevel::kWarning, __FILE__, __LINE__,
                 Format("CHI_LOG_LEVEL: {}; using info", level.status()));
    }
    return LogLevel::kInfo;
  }
  const char* debug = FromEnvironment("CHI_DEBUG");
  const std::string_view said = debug == nullptr ? "0" : debug;
  if (said.empty() || said == "0") return std::nullopt;
  return LogLevel::kDebug;
}

void SetLogLevel(LogLevel level) {
  internal::g_log_level.store(static_cast<u8>(level),
                              std::memory_order_relaxed);
}

LogLevel GetLogLevel() {
  const u8 level = internal::g_log_level.load(std::memory_order_relaxed);
  return level != 0 ? static_cast<LogLevel>(level)
                    : internal::ReadLogLevelOnce();
}

Result<LogLevel> ParseLogLevel(std::string_view text) {
  static constexpr std::pair<std::string_view, LogLevel> kLevels[] = {
      {"debug", LogLevel::kDebug},     {"info", LogLevel::kInfo},
      {"warning", LogLevel::kWarning}, {"warn", LogLevel::kWarning},
      {"error", LogLevel::kError},     {"fatal", LogLevel::kFatal},
  };
  std::string lower(text);
  for (char& c : lower) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  for (const auto& [name, value] : kLevels) {
    if (name == lower) {
      return value;
    }
  }
  return Status::BadRequest(Format(
      "log level '{}' is none of debug, info, warning, error, fatal", text));
}

void SetLogSink(LogSink* sink) {
  g_sink.store(sink, std::memory_order_release);
}

void LogMessage(LogLevel level, const char* file, int line,
                std::string_view message) {
  std::string text = LinePrefix(level, file, line);
  AppendEscaped(message, &text);
  if (text.size() > kMaxLogLineBytes - 1) {
    constexpr std::string_view kCut = "...";
    text.resize(kMaxLogLineBytes - 1 - kCut.size());
    text += kCut;
  }
  text += '\n';
  LogSink* sink = g_sink.load(std::memory_order_acquire);
  if (sink != nullptr) {
    sink->Write(level, text);
  } else {
    WriteFully(STDERR_FILENO, text);
  }
}

}  // namespace chi

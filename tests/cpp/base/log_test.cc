// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The log: levels, laziness, layout, sinks, environment, threads.

#include "chimaera/base/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/run_in_child.h"
#include "chimaera/base/mutex.h"
#include "support/catch.h"

namespace chi {
namespace {

class RecordingSink final : public LogSink {
 public:
  void Write(LogLevel, std::string_view line) override {
    MutexLock lock(mutex_);
    lines_.emplace_back(line);
  }
  std::vector<std::string> lines() {
    MutexLock lock(mutex_);
    return lines_;
  }

 private:
  Mutex mutex_;
  std::vector<std::string> lines_ CHI_GUARDED_BY(mutex_);
};

// Sends the log to `sink` for the length of a test.
class LogTo {
 public:
  LogTo(LogSink* sink, LogLevel level) : old_level_(GetLogLevel()) {
    SetLogSink(sink);
    SetLogLevel(level);
  }
  LogTo(const LogTo&) = delete;
  LogTo& operator=(const LogTo&) = delete;
  ~LogTo() {
    SetLogSink(nullptr);
    SetLogLevel(old_level_);
  }

 private:
  const LogLevel old_level_;
};

// What a process prints that logs one line per level, given its environment.
std::string LinesWithEnvironment(const char* level, const char* debug) {
  const auto set = [](const char* name, const char* value) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the child has one thread
    value != nullptr ? ::setenv(name, value, 1) : ::unsetenv(name);
  };
  return test::RunInChild([&] {
           set("CHI_LOG_LEVEL", level);
           set("CHI_DEBUG", debug);
           internal::g_log_level.store(0);  // as at the start of a process
           CHI_LOG(kDebug, "<debug>");
           CHI_LOG(kInfo, "<info>");
           CHI_LOG(kError, "<error>");
         })
      .stderr_text;
}

TEST_CASE("Log: a disabled level evaluates no argument") {
  RecordingSink sink;
  const LogTo scope(&sink, LogLevel::kInfo);
  int evaluated = 0;
  CHI_LOG(kDebug, "{}", ++evaluated);
  CHECK(evaluated == 0);
  CHECK(sink.lines().empty());
}

TEST_CASE("Log: a level lets itself and worse ones through") {
  RecordingSink sink;
  const LogTo scope(&sink, LogLevel::kWarning);
  CHI_LOG(kInfo, "no");
  CHI_LOG(kWarning, "yes");
  CHI_LOG(kError, "yes");
  CHI_LOG(kFatal, "yes");
  CHECK(sink.lines().size() == 3);
}

// Every run of digits becomes one '#'.
std::string WithoutNumbers(const std::string& line) {
  std::string text;
  for (const char c : line) {
    const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    if (!digit) {
      text += c;
    } else if (text.empty() || text.back() != '#') {
      text += '#';
    }
  }
  return text;
}

TEST_CASE("Log: a line has UTC time, level, pid, tid, place and text") {
  RecordingSink sink;
  const LogTo scope(&sink, LogLevel::kInfo);
  CHI_LOG(kWarning, "pool {} is {}", 3, "full");
  REQUIRE(sink.lines().size() == 1);
  const std::string line = sink.lines()[0];
  CHECK(WithoutNumbers(line) ==
        "#-#-#T#:#:#.#Z W #/# log_test.cc:#] pool # is full\n");
  CHECK(line.find('Z') == std::string("2026-01-31T12:00:00.123456").size());
}

TEST_CASE("Log: the date is that of the C library") {
  RecordingSink sink;
  const LogTo scope(&sink, LogLevel::kInfo);
  // A day may end between the two looks at the calendar, but not twice.
  bool same = false;
  for (int attempt = 0; attempt < 2 && !same; ++attempt) {
    const std::time_t now = std::time(nullptr);
    CHI_LOG(kInfo, "x");
    char date[16];
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    std::strftime(date, sizeof(date), "%Y-%m-%dT", &utc);
    same = sink.lines().back().rfind(date, 0) == 0;
  }
  CHECK(same);
}

TEST_CASE("Log: the module guide's names work from any namespace") {
  RecordingSink sink;
  const LogTo scope(&sink, LogLevel::kDebug);
  HILOG(kDebug, "one");
  HILOG(kInfo, "two {}", 2);
  HELOG(kError, "three {}", "x");
  CHECK(sink.lines().size() == 3);
}

TEST_CASE("Log: works as the body of an if without braces") {
  RecordingSink sink;
  const LogTo scope(&sink, LogLevel::kInfo);
  // NOLINTBEGIN(google-readability-braces-around-statements): the point here
  if (sink.lines().empty())
    CHI_LOG(kInfo, "then");
  else
    CHI_LOG(kInfo, "else");
  // NOLINTEND(google-readability-braces-around-statements)
  REQUIRE(sink.lines().size() == 1);
  CHECK_THAT(sink.lines()[0], Catch::Contains("then"));
}

TEST_CASE("Log: a message cannot forge a second line") {
  RecordingSink sink;
  const LogTo scope(&sink, LogLevel::kInfo);
  CHI_LOG(kInfo, "name {}", "a\nb\x1b[31m\ttab");
  REQUIRE(sink.lines().size() == 1);
  CHECK_THAT(sink.lines()[0], Catch::EndsWith("name a\\nb?[31m\ttab\n"));
}

TEST_CASE("Log: a line too long is cut and says so") {
  RecordingSink sink;
  const LogTo scope(&sink, LogLevel::kInfo);
  CHI_LOG(kInfo, "{}", std::string(3 * kMaxLogLineBytes, 'x'));
  REQUIRE(sink.lines().size() == 1);
  CHECK(sink.lines()[0].size() == kMaxLogLineBytes);
  CHECK_THAT(sink.lines()[0], Catch::EndsWith("...\n"));
}

TEST_CASE("Log: without a sink, lines go to stderr") {
  const test::ChildEnd end = test::RunInChild([] {
    SetLogLevel(LogLevel::kInfo);
    CHI_LOG(kInfo, "to stderr");
  });
  CHECK_THAT(end.stderr_text, Catch::EndsWith("to stderr\n"));
}

TEST_CASE("Log: a file gets appended lines and is private") {
  char path[] = "/tmp/chi_log_test_XXXXXX";
  const UniqueFd fd(::mkstemp(path));
  REQUIRE(fd.valid());
  ::unlink(path);
  const std::string file = std::string(path) + ".log";
  {
    const LogTo scope(nullptr, LogLevel::kInfo);
    REQUIRE(SetLogFile(file).ok());
    CHI_LOG(kInfo, "first");
    REQUIRE(SetLogFile(file).ok());
    CHI_LOG(kInfo, "second");
  }
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  struct stat info {};
  REQUIRE(::stat(file.c_str(), &info) == 0);
  ::unlink(file.c_str());
  CHECK_THAT(text.str(), Catch::Contains("first\n"));
  CHECK_THAT(text.str(), Catch::EndsWith("second\n"));
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("Log: a file that cannot be opened is named, the sink stays") {
  RecordingSink sink;
  const LogTo scope(&sink, LogLevel::kInfo);
  const Status status = SetLogFile("/no/such/directory/x.log");
  CHECK(status.code() == StatusCode::kIo);
  CHECK_THAT(status.ToString(), Catch::Contains("/no/such/directory/x.log"));
  CHI_LOG(kInfo, "still here");
  CHECK(sink.lines().size() == 1);
}

TEST_CASE("ParseLogLevel: knows its names in any case and nothing else") {
  CHECK(*ParseLogLevel("debug") == LogLevel::kDebug);
  CHECK(*ParseLogLevel("INFO") == LogLevel::kInfo);
  CHECK(*ParseLogLevel("warn") == LogLevel::kWarning);
  CHECK(*ParseLogLevel("Warning") == LogLevel::kWarning);
  CHECK(*ParseLogLevel("error") == LogLevel::kError);
  CHECK(*ParseLogLevel("fatal") == LogLevel::kFatal);
  CHECK(ParseLogLevel("").status().code() == StatusCode::kBadRequest);
  CHECK_THAT(ParseLogLevel("loud").status().ToString(),
             Catch::Contains("'loud'"));
}

TEST_CASE("Log: without environment, info is the level") {
  const std::string text = LinesWithEnvironment(nullptr, nullptr);
  CHECK_THAT(text, !Catch::Contains("<debug>"));
  CHECK_THAT(text, Catch::Contains("<info>"));
}

TEST_CASE("Log: CHI_LOG_LEVEL sets the level") {
  const std::string text = LinesWithEnvironment("error", nullptr);
  CHECK_THAT(text, !Catch::Contains("<info>"));
  CHECK_THAT(text, Catch::Contains("<error>"));
}

TEST_CASE("Log: CHI_DEBUG=1 means debug, and yields to CHI_LOG_LEVEL") {
  CHECK_THAT(LinesWithEnvironment(nullptr, "1"), Catch::Contains("<debug>"));
  CHECK_THAT(LinesWithEnvironment(nullptr, "0"), !Catch::Contains("<debug>"));
  CHECK_THAT(LinesWithEnvironment("info", "1"), !Catch::Contains("<debug>"));
}

TEST_CASE("Log: a wrong CHI_LOG_LEVEL is named and info is used") {
  const std::string text = LinesWithEnvironment("loud", nullptr);
  CHECK_THAT(text, Catch::Contains("'loud'"));
  CHECK_THAT(text, Catch::Contains("<info>"));
  CHECK_THAT(text, !Catch::Contains("<debug>"));
}

TEST_CASE("Log: lines of several threads arrive whole, none lost") {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kLines = 200;
  RecordingSink sink;
  const LogTo scope(&sink, LogLevel::kInfo);
  std::vector<std::thread> threads(kThreads);
  for (std::thread& thread : threads) {
    thread = std::thread([] {
      for (std::size_t i = 0; i < kLines; ++i) {
        SetLogLevel(i % 2 == 0 ? LogLevel::kInfo : LogLevel::kWarning);
        CHI_LOG(kError, "a line {}", i);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  const std::vector<std::string> lines = sink.lines();
  CHECK(lines.size() == kThreads * kLines);
  for (const std::string& line : lines) {
    REQUIRE(line.find(" line ") != std::string::npos);
    REQUIRE(line.find('\n') == line.size() - 1);
  }
}

}  // namespace
}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The log: levels, laziness, layout, sinks, environment, threads.

#include "chimaera/base/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/run_in_child.h"
#include "chimaera/base/log_file.h"
#include "chimaera/base/log_pipe.h"
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

// A file of the log in a folder of its own.
class LogFolder {
 public:
  LogFolder() { CHI_CHECK(::mkdtemp(path_) != nullptr); }
  LogFolder(const LogFolder&) = delete;
  LogFolder& operator=(const LogFolder&) = delete;
  ~LogFolder() { std::filesystem::remove_all(path_); }

  std::string file() const { return std::string(path_) + "/x.log"; }
  std::string Old(u32 number) const {
    return file() + "." + std::to_string(number);
  }
  static std::string Read(const std::string& path) {
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }

 private:
  char path_[32] = "/tmp/chi_log_test_XXXXXX";
};

TEST_CASE("Log: a file that is large is put aside, and no line is lost") {
  constexpr u32 kThreads = 4;
  constexpr u32 kLines = 1000;
  constexpr u64 kBound = 8192;
  const LogFolder folder;
  const LogTo scope(nullptr, LogLevel::kInfo);
  REQUIRE(SetLogFile(folder.file(), {kBound, 1000}).ok());
  std::vector<std::thread> threads;
  for (u32 number = 0; number < kThreads; ++number) {
    threads.emplace_back([number] {
      for (u32 i = 0; i < kLines; ++i) CHI_LOG(kInfo, "<{} {}>", number, i);
    });
  }
  for (std::thread& thread : threads) thread.join();
  SetLogSink(nullptr);
  std::set<std::string> seen;
  u32 files = 0;
  const auto read = [&](const std::string& path) {
    std::istringstream text(LogFolder::Read(path));
    for (std::string line; std::getline(text, line);) {
      CHECK(WithoutNumbers(line).find("I #/# log_test.cc:#] <# #>") !=
            std::string::npos);
      CHECK(seen.insert(line.substr(line.find('<'))).second);
    }
    ++files;
  };
  read(folder.file());
  for (u32 i = 1; std::filesystem::exists(folder.Old(i)); ++i) {
    read(folder.Old(i));
  }
  CHECK(seen.size() == kThreads * kLines);
  // More if no thread is kept from putting the file aside.
  CHECK(files > 1);
}

TEST_CASE("Log: as many old files are kept as wanted, the newest ones") {
  for (const u32 kept : {0u, 2u}) {
    const LogFolder folder;
    const LogTo scope(nullptr, LogLevel::kInfo);
    REQUIRE(SetLogFile(folder.file(), {1, kept}).ok());
    for (const char* each : {"one", "two", "three"}) CHI_LOG(kInfo, "{}", each);
    SetLogSink(nullptr);
    CHECK(LogFolder::Read(folder.file()).empty());
    CHECK(std::filesystem::exists(folder.Old(1)) == (kept > 0));
    CHECK(!std::filesystem::exists(folder.Old(3)));
    if (kept == 0) continue;
    CHECK_THAT(LogFolder::Read(folder.Old(1)), Catch::EndsWith("three\n"));
    CHECK_THAT(LogFolder::Read(folder.Old(2)), Catch::EndsWith("two\n"));
  }
}

TEST_CASE("Log: standard error goes along where it is the same file") {
  const LogFolder folder;
  const test::ChildEnd end = test::RunInChild([&folder] {
    SetLogLevel(LogLevel::kInfo);
    CHI_CHECK(SetLogFile(folder.file(), {200, 1}).ok());
    ::dup2(LogFileDescriptor(), STDERR_FILENO);
    CHI_LOG(kInfo, "{}", std::string(200, 'x'));
    ::dprintf(STDERR_FILENO, "by a module\n");
    CHI_LOG(kInfo, "after it");
  });
  CHECK(end.exit_code == 0);
  const std::string text = LogFolder::Read(folder.file());
  CHECK_THAT(text, Catch::StartsWith("by a module\n"));
  CHECK_THAT(text, Catch::EndsWith("after it\n"));
}

u64 NumDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<u64>(std::distance(begin(all), end(all)));
}

TEST_CASE("Log: files after each other take one descriptor, and hold no file") {
  const LogFolder folder;
  RecordingSink sink;
  const LogTo scope(&sink, LogLevel::kInfo);
  REQUIRE(SetLogFile(folder.file()).ok());
  const int descriptor = LogFileDescriptor();
  const u64 before = NumDescriptors();
  for (u32 i = 1; i <= 6; ++i) {
    REQUIRE(SetLogFile(folder.Old(i)).ok());
    CHI_LOG(kInfo, "of {}", i);
    CloseLogFile();
    CHI_LOG(kInfo, "between");
    CHECK_THAT(LogFolder::Read(folder.Old(i)),
               Catch::EndsWith(Format("of {}\n", i)));
  }
  CHECK(sink.lines().size() == 6);
  CHECK(LogFileDescriptor() == descriptor);
  CHECK(NumDescriptors() == before);
  const std::string link = Format("/proc/self/fd/{}", descriptor);
  CHECK(std::filesystem::read_symlink(link) == "/dev/null");
}

TEST_CASE("LogPipe: what does not fit is dropped and counted, nobody waits") {
  constexpr u32 kLines = 20'000;
  constexpr u32 kThreads = 2;
  const Result<LogPipe*> pipe = LogPipe::Open();
  REQUIRE(pipe.ok());
  const LogTo scope(*pipe, LogLevel::kInfo);
  std::vector<std::thread> threads(kThreads);
  for (std::thread& thread : threads) {
    thread = std::thread([] {
      for (u32 i = 0; i < kLines; ++i)
        CHI_LOG(kInfo, "{}", std::string(99, 'x'));
    });
  }
  for (std::thread& thread : threads) thread.join();
  SetLogSink(nullptr);
  CHECK((*pipe)->dropped() > 0);
  REQUIRE(::fcntl((*pipe)->read_fd(), F_SETFL, O_NONBLOCK) == 0);
  u64 lines = 0;
  char last = '\n';
  char buffer[65536];
  for (ssize_t n = 0;
       (n = ::read((*pipe)->read_fd(), buffer, sizeof(buffer))) > 0;) {
    lines += static_cast<u64>(std::count(buffer, buffer + n, '\n'));
    last = buffer[n - 1];
  }
  CHECK(last == '\n');
  CHECK(lines + (*pipe)->dropped() == kThreads * kLines);
}

TEST_CASE("LogPipe: a child's lines and last words go to standard error") {
  const Result<LogPipe*> pipe = LogPipe::Open();
  REQUIRE(pipe.ok());
  const LogTo scope(*pipe, LogLevel::kInfo);
  const test::ChildEnd inherited =
      test::RunInChild([] { CHI_LOG(kInfo, "of the child"); });
  CHECK_THAT(inherited.stderr_text, Catch::EndsWith("of the child\n"));
  const test::ChildEnd own = test::RunInChild([] {
    CHI_CHECK(LogPipe::Open().ok());
    CHI_LOG(kInfo, "quiet");
    CHI_LOG(kFatal, "the end");
  });
  CHECK_THAT(own.stderr_text, !Catch::Contains("quiet"));
  CHECK_THAT(own.stderr_text, Catch::EndsWith("the end\n"));
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

TEST_CASE("Log: CHI_DEBUG means debug, and yields to CHI_LOG_LEVEL") {
  CHECK_THAT(LinesWithEnvironment(nullptr, "1"), Catch::Contains("<debug>"));
  CHECK_THAT(LinesWithEnvironment(nullptr, "yes"), Catch::Contains("<debug>"));
  CHECK_THAT(LinesWithEnvironment(nullptr, ""), !Catch::Contains("<debug>"));
  CHECK_THAT(LinesWithEnvironment(nullptr, "0"), !Catch::Contains("<debug>"));
  CHECK_THAT(LinesWithEnvironment("info", "1"), !Catch::Contains("<debug>"));
}

TEST_CASE("Log: a wrong CHI_LOG_LEVEL is named and info is used") {
  const std::string text = LinesWithEnvironment("loud", nullptr);
  CHECK_THAT(text, Catch::Contains("'loud'"));
  CHECK_THAT(text, Catch::Contains("<info>"));
  CHECK_THAT(text, !Catch::Contains("<debug>"));
}

TEST_CASE("Log: a wrong CHI_LOG_LEVEL is told once, whoever asks") {
  const std::string text =
      test::RunInChild([] {
        // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
        ::setenv("CHI_LOG_LEVEL", "loud", 1);
        for (int i = 0; i < 4; ++i) {
          CHI_CHECK(LogLevelFromEnvironment() == LogLevel::kInfo);
        }
      }).stderr_text;
  const size_t first = text.find("'loud'");
  CHECK(first != std::string::npos);
  CHECK(text.find("'loud'", first + 1) == std::string::npos);
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

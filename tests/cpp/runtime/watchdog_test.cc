// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The watchdog looks when it is told to, by a clock that stands still: what it
// reports does not depend on how fast this machine is.

#include "chimaera/runtime/watchdog.h"

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "chimaera/admin/admin_client.h"
#include "chimaera/base/log.h"
#include "embedded.h"
#include "support/wait_until.h"

namespace chi::test {
namespace {

constexpr u64 kLong = 30 * kNsPerMs;

// A runtime of one worker in this process, and a watchdog of our own.
class Watched : public Embedded {
 public:
  Watched() : Embedded(1), watchdog(runtime().workers(), Options(&clock)) {}

  void LookAfter(u64 ns) {
    clock.Advance(ns);
    watchdog.TEST_Look();
  }

  const WorkerStats& stats() { return worker(0).stats(); }

  ManualClock clock;
  Watchdog watchdog;

 private:
  static WatchdogOptions Options(const Clock* clock) {
    WatchdogOptions options;
    options.clock = clock;
    options.answer_ns = kHangNs;  // a stack, however loaded the machine is
    return options;
  }
};

// Hears what is logged while one lives.
class Listening {
 public:
  Listening() {
    Log().Clear();
    SetLogSink(&Log());
    SetLogLevel(LogLevel::kInfo);
  }
  ~Listening() {
    SetLogLevel(LogLevel::kError);  // as Embedded left it
    SetLogSink(nullptr);
  }

  // The levels of the lines that hold `text`.
  std::vector<LogLevel> LevelsOf(std::string_view text) {
    return Log().LevelsOf(text);
  }

 private:
  class Lines : public LogSink {
   public:
    void Write(LogLevel level, std::string_view line) override {
      const std::lock_guard<std::mutex> lock(mutex_);
      lines_.emplace_back(level, line);
    }
    void Clear() {
      const std::lock_guard<std::mutex> lock(mutex_);
      lines_.clear();
    }
    std::vector<LogLevel> LevelsOf(std::string_view text) {
      const std::lock_guard<std::mutex> lock(mutex_);
      std::vector<LogLevel> levels;
      for (const auto& [level, line] : lines_) {
        if (line.find(text) != std::string::npos) levels.push_back(level);
      }
      return levels;
    }

   private:
    std::mutex mutex_;
    std::vector<std::pair<LogLevel, std::string>> lines_;
  };

  // A thread of the runtime may be writing to it when it is taken away.
  static Lines& Log() {
    static auto* const lines = new Lines;
    return *lines;
  }
};

TEST_CASE("Watchdog: a short hold is information, a long one a warning") {
  const std::vector<LogLevel> warning{LogLevel::kWarning};
  Watched w;
  std::atomic<bool> release{false};
  std::atomic<bool> held{false};
  w.worker(0).InjectCall([&](RunContext&) {
    held = true;
    while (!release.load()) std::this_thread::yield();
  });
  REQUIRE(WaitUntil([&] { return held.load(); }));
  Listening log;
  w.LookAfter(0);
  w.LookAfter(77 * kNsPerMs);
  const auto levels = log.LevelsOf("worker 0 has not moved for 77 ms");
  CHECK_FALSE(levels.empty());  // the runtime's own watchdog may say so, too
  for (const LogLevel level : levels) CHECK(level == LogLevel::kInfo);
  w.LookAfter(3600 * kNsPerSec);
  w.LookAfter(0);
  CHECK(log.LevelsOf("worker 0 has not moved for 3600077 ms") == warning);
  release = true;
  CHECK(WaitUntil([&] {
    w.watchdog.TEST_Look();
    return w.watchdog.Stuck().empty();
  }));
  CHECK(log.LevelsOf("worker 0 goes on after 3600077 ms") == warning);
}

TEST_CASE("Watchdog: a method that does not yield is named, once") {
  Watched w;
  const u64 before = w.stats().tasks.load();
  auto busy = w.echo.AsyncBusy(HSHM_MCTX, PoolQuery::Local(), 4 * kNsPerSec);
  // A long task counts as begun once as it comes and, handed over, again.
  REQUIRE(WaitUntil([&] { return w.stats().handed_over.load() == 1; }));
  REQUIRE(WaitUntil([&] { return w.stats().tasks.load() > before; }));
  w.LookAfter(0);
  w.LookAfter(kLong);
  const auto stuck = w.watchdog.Stuck();
  REQUIRE(stuck.size() == 1);
  CHECK(stuck[0].worker == 0);
  w.LookAfter(kLong);
  CHECK(w.watchdog.num_reports() == 1);
  INFO(stuck[0].run << '\n' << stuck[0].stack);
#if !defined(__SANITIZE_THREAD__)  // it keeps signals until the next call
  const auto npos = std::string::npos;
  CHECK(stuck[0].run.find("in pool 300.0 (echo), module chimaera_echo, "
                          "method Busy (13)") != npos);
  CHECK(stuck[0].stack.find("chimaera::echo::Runtime::Busy") != npos);
  CHECK(stuck[0].stack.find("libchimaera_echo_runtime.so") != npos);
#endif
  REQUIRE(busy.Get().ok());
  REQUIRE(WaitUntil([&] {
    w.watchdog.TEST_Look();
    return w.watchdog.Stuck().empty();
  }));
}

TEST_CASE("Watchdog: sleeping workers and parked methods are not reported") {
  Watched w;
  auto sleep =
      w.echo.AsyncSleep(HSHM_MCTX, PoolQuery::Local(), 3600 * kNsPerSec);
  REQUIRE(WaitUntil([&] { return w.stats().parked.load() == 1; }));
  REQUIRE(WaitUntil([&] { return w.stats().asleep.load(); }));
  w.LookAfter(0);
  for (int i = 0; i < 10 && w.stats().asleep.load(); ++i) w.LookAfter(kLong);
  CHECK(w.watchdog.num_reports() == 0);
  CHECK(sleep.Cancel());
  CHECK(sleep.Get().code() == StatusCode::kCancelled);
}

#if !defined(__SANITIZE_THREAD__)  // it keeps signals until the next call
TEST_CASE("Watchdog: who is in no method is given more time") {
  std::atomic<bool> release{false};
  std::atomic<bool> held{false};
  Watched w;
  w.worker(0).Inject([&] {
    held = true;
    while (!release.load()) std::this_thread::yield();
  });
  CHECK(WaitUntil([&] { return held.load(); }));
  w.LookAfter(0);
  w.LookAfter(kLong);
  CHECK(w.watchdog.num_reports() == 0);
  w.LookAfter(kNsPerSec);
  CHECK(w.watchdog.num_reports() == 1);
  release = true;
}
#endif

TEST_CASE("Watchdog: others go on while a method holds the only worker") {
  Watched w;
  std::atomic<bool> release{false};
  std::atomic<bool> held{false};
  w.worker(0).InjectCall([&](RunContext&) {
    held = true;
    while (!release.load()) std::this_thread::yield();
  });
  REQUIRE(WaitUntil([&] { return held.load(); }));
  auto null = w.echo.AsyncNull(HSHM_MCTX, PoolQuery::Local());
  w.LookAfter(0);
  w.LookAfter(kLong);
  CHECK(w.watchdog.Stuck().size() == 1);
  // The runtime's own watchdog may be faster, or look for a stand-in as well.
  w.LookAfter(kNsPerSec);
  CHECK(null.Get().ok());
  CHECK(w.runtime().workers().AllWorkers().size() >= 2);
  CHECK(CHI_ADMIN->ListPools(HSHM_MCTX).ok());
  std::thread other([&w] {
    const auto done = w.echo.Null(HSHM_MCTX, PoolQuery::Local());
    CHI_CHECK(done.ok());
  });
  other.join();
  CHECK_FALSE(release.load());
  release = true;
  CHECK(WaitUntil([&] {
    w.watchdog.TEST_Look();
    return w.watchdog.Stuck().empty() && w.stats().rings.load() > 0;
  }));
  CHECK(w.echo.Null(HSHM_MCTX, PoolQuery::Local()).ok());
}

TEST_CASE("Watchdog: a runtime reports by itself") {
  std::atomic<bool> release{false};
  Watched w;
  w.worker(0).InjectCall([&](RunContext&) {
    while (!release.load()) std::this_thread::yield();
  });
  Watchdog& own = Chimaera::Get().watchdog();
  CHECK(WaitUntil([&] { return own.num_reports() > 0; }));
  release = true;
  CHECK(WaitUntil([&] { return own.Stuck().empty(); }));
}

}  // namespace
}  // namespace chi::test

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Fibers without a worker: who runs after a switch, and what survives it.

#include "sched/fiber.h"

#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/run_in_child.h"
#include "support/catch.h"

namespace chi::test {
namespace {

constexpr u64 kStackBytes = 256 * kKiB;  // enough for the sanitizers

// A host whose fibers share one loop, as a worker's do: it runs the next step
// until there is none left.
class Steps {
 public:
  explicit Steps(std::vector<std::function<void(Steps&)>> steps)
      : steps_(std::move(steps)), host_(kStackBytes, [this] { Loop(); }) {}

  void Run() { host_.Run(); }
  FiberHost& host() { return host_; }

  // Stops the running step; the loop goes on with a fiber of its own.
  void Pause(Fiber** self) {
    *self = host_.Current();
    Fiber* spare = host_.AcquireSpare();
    REQUIRE(spare != nullptr);
    host_.SwitchTo(spare);
  }

 private:
  void Loop() {
    while (next_ < steps_.size()) steps_[next_++](*this);
  }

  std::vector<std::function<void(Steps&)>> steps_;
  size_t next_ = 0;
  FiberHost host_;
};

TEST_CASE("FiberHost: a body that returns at once ends the host") {
  int runs = 0;
  FiberHost host(kStackBytes, [&runs] { ++runs; });
  host.Run();
  CHECK(runs == 1);
  CHECK(host.num_fibers() == 0);
}

TEST_CASE("FiberHost: a stopped fiber goes on where it was") {
  std::string trace;
  Fiber* paused = nullptr;
  Steps steps({
      [&](Steps& s) {
        trace += "a";
        s.Pause(&paused);
        trace += "c";
      },
      [&](Steps& s) {
        trace += "b";
        s.host().RetireInto(paused);
        trace += "e";
      },
      [&](Steps&) { trace += "d"; },
  });
  steps.Run();
  CHECK(trace == "abcde");
}

TEST_CASE("FiberHost: a retired fiber is the next spare one") {
  Fiber* paused = nullptr;
  Fiber* retired = nullptr;
  u64 fibers = 0;
  std::vector<std::function<void(Steps&)>> steps;
  for (int i = 0; i < 100; ++i) {
    steps.push_back([&](Steps& s) { s.Pause(&paused); });
    steps.push_back([&](Steps& s) {
      if (retired != nullptr) CHECK(s.host().Current() == retired);
      retired = paused;
      fibers = s.host().num_fibers();
      Fiber* target = paused;
      retired = s.host().Current();
      s.host().RetireInto(target);
    });
  }
  Steps(std::move(steps)).Run();
  CHECK(fibers == 2);
}

TEST_CASE("FiberHost: two fibers handle exceptions at the same time") {
  // Each stops inside its own catch block, and looks at its own exception
  // after the other one has thrown, caught and stopped as well.
  Fiber* first = nullptr;
  Fiber* second = nullptr;
  std::string seen;
  const auto thrower = [&seen](Fiber** self, const char* text) {
    return [&seen, self, text](Steps& s) {
      try {
        throw std::runtime_error(text);
      } catch (...) {
        s.Pause(self);
        try {
          throw;  // the one this fiber handles
        } catch (const std::exception& error) {
          seen += error.what();
        }
      }
      CHECK(std::current_exception() == nullptr);
    };
  };
  Steps steps({
      thrower(&first, "one "),
      thrower(&second, "two "),
      [&](Steps& s) { s.host().RetireInto(first); },
      [&](Steps& s) { s.host().RetireInto(second); },
  });
  steps.Run();
  CHECK(seen == "one two ");
}

TEST_CASE("FiberHost: std::uncaught_exceptions is each fiber's own") {
  // A destructor that runs during unwinding stops its fiber.
  Fiber* unwinding = nullptr;
  struct StopInDestructor {
    ~StopInDestructor() {
      steps.Pause(self);
      during = std::uncaught_exceptions();
    }
    Steps& steps;
    Fiber** self;
    int& during;
  };
  int during = -1;
  int elsewhere = -1;
  Steps steps({
      [&](Steps& s) {
        try {
          StopInDestructor stop{s, &unwinding, during};
          throw 1;
        } catch (int) {
        }
      },
      [&](Steps& s) {
        elsewhere = std::uncaught_exceptions();
        s.host().RetireInto(unwinding);
      },
  });
  steps.Run();
  CHECK(during == 1);
  CHECK(elsewhere == 0);
}

// Not a tail call, and each frame is used.
#if defined(__clang__)
__attribute__((noinline, optnone))
#else
__attribute__((noinline, optimize("O0")))
#endif
int Recurse(int depth) {
  volatile char frame[512];
  frame[0] = static_cast<char>(depth);
  if (depth < 0) return frame[0];
  return Recurse(depth + 1) + frame[0];
}

TEST_CASE("FiberHost: an overflow is a fault, not another fiber's memory") {
  const ChildEnd end = RunInChild([] {
    std::signal(SIGSEGV, SIG_DFL);
    // The handler's own stack is not needed: the default action kills.
    FiberHost host(kStackBytes, [] { _exit(Recurse(0) & 1); });
    host.Run();
  });
  CHECK(end.signal == SIGSEGV);
}

TEST_CASE("FiberHost: a thousand fibers stop and go on") {
  constexpr int kCount = 1000;
  std::vector<Fiber*> paused(kCount);
  int resumed = 0;
  std::vector<std::function<void(Steps&)>> steps;
  for (int i = 0; i < kCount; ++i) {
    steps.push_back([&, i](Steps& s) {
      s.Pause(&paused[i]);
      ++resumed;
    });
  }
  for (int i = 0; i < kCount; ++i) {
    steps.push_back([&, i](Steps& s) { s.host().RetireInto(paused[i]); });
  }
  Steps(std::move(steps)).Run();
  CHECK(resumed == kCount);
}

}  // namespace
}  // namespace chi::test

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Fault points. Each case starts and ends with an empty registry.

#include "chimaera/base/fault_point.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "chimaera/base/check.h"
#include "support/catch.h"

namespace chi {
namespace {

class CleanRegistry {
 public:
  CleanRegistry() { FaultPoints::Reset(); }
  CleanRegistry(const CleanRegistry&) = delete;
  CleanRegistry& operator=(const CleanRegistry&) = delete;
  ~CleanRegistry() { FaultPoints::Reset(); }
};

bool PassA() { return CHI_FAULT("test.a"); }
bool PassB() { return CHI_FAULT("test.b"); }

TEST_CASE("FaultPoint: nothing armed, nothing fires, nothing is recorded") {
  const CleanRegistry clean;
  CHECK_FALSE(PassA());
  CHECK(FaultPoints::List().empty());
  CHECK_FALSE(internal::g_faults_active.load());
}

TEST_CASE("FaultPoint: fires as often as armed, then rests") {
  const CleanRegistry clean;
  FaultPoints::Arm("test.a", 2);
  CHECK(PassA());
  CHECK_FALSE(PassB());
  CHECK(PassA());
  CHECK_FALSE(PassA());
  CHECK(FaultPoints::NumFired("test.a") == 2);
  CHECK(FaultPoints::NumFired("test.b") == 0);
  CHECK_FALSE(internal::g_faults_active.load());
}

TEST_CASE("FaultPoint: skips the first passes if asked") {
  const CleanRegistry clean;
  FaultPoints::Arm("test.a", 1, 2);
  CHECK_FALSE(PassA());
  CHECK_FALSE(PassA());
  CHECK(PassA());
  CHECK_FALSE(PassA());
}

TEST_CASE("FaultPoint: arming with 0 disarms") {
  const CleanRegistry clean;
  FaultPoints::Arm("test.a", FaultPoints::kAlways);
  CHECK(PassA());
  CHECK(PassA());
  FaultPoints::Arm("test.a", 0);
  CHECK_FALSE(PassA());
}

TEST_CASE("FaultPoint: watching lists and counts without firing") {
  const CleanRegistry clean;
  FaultPoints::Watch(true);
  CHECK_FALSE(PassB());
  CHECK_FALSE(PassA());
  CHECK_FALSE(PassA());
  const std::vector<FaultPointInfo> list = FaultPoints::List();
  REQUIRE(list.size() == 2);
  CHECK(list[0].name == "test.a");
  CHECK(list[0].num_passed == 2);
  CHECK(list[0].num_fired == 0);
  CHECK(list[1].name == "test.b");
  FaultPoints::Watch(false);
  CHECK_FALSE(internal::g_faults_active.load());
}

TEST_CASE("FaultPoint: arms from text") {
  const CleanRegistry clean;
  REQUIRE(FaultPoints::ArmFromText("test.a=2,test.b,,x.y=always").ok());
  const std::vector<FaultPointInfo> list = FaultPoints::List();
  REQUIRE(list.size() == 3);
  CHECK(list[0].remaining == 2);
  CHECK(list[1].remaining == 1);
  CHECK(list[2].remaining == FaultPoints::kAlways);
  CHECK(FaultPoints::ArmFromText("").ok());
}

TEST_CASE("FaultPoint: wrong text is named and arms nothing") {
  const CleanRegistry clean;
  for (const char* text :
       {"test.a,test.b=x", "test.a,=1", "test.a,b=", "test.a,b=-1", "a,b=1x",
        "a,b=99999999999999999999"}) {
    CAPTURE(text);
    const Status status = FaultPoints::ArmFromText(text);
    CHECK(status.code() == StatusCode::kBadRequest);
    CHECK(FaultPoints::List().empty());
  }
}

TEST_CASE("FaultPoint: several threads share one count") {
  const CleanRegistry clean;
  FaultPoints::Arm("test.a", 100);
  std::vector<std::thread> threads(4);
  std::atomic<int> fired{0};
  for (std::thread& thread : threads) {
    thread = std::thread([&fired] {
      for (int i = 0; i < 1000; ++i) {
        fired += PassA() ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK(fired == 100);
}

// Not a test of its own: run by the next one, in a process whose environment
// arms test.a once.
TEST_CASE("FaultPoint: child of the environment test", "[.][faults-env]") {
  CHECK(PassA());
  CHECK_FALSE(PassA());
}

TEST_CASE("FaultPoint: CHI_FAULTS arms a whole process") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the child has one thread
    ::setenv("CHI_FAULTS", "test.a=1", 1);
    ::execl("/proc/self/exe", "test", "[faults-env]", nullptr);
    ::_exit(127);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

}  // namespace
}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// CHI_CHECK and CHI_CHECK_OK. A check that fails ends the process, so those
// cases run in a child.

#include "chimaera/base/check.h"

#include <csignal>

#include "base/run_in_child.h"
#include "chimaera/base/log.h"
#include "support/catch.h"

namespace chi {
namespace {

TEST_CASE("CHI_CHECK: a true condition evaluates no argument") {
  int evaluated = 0;
  CHI_CHECK(true, "{}", ++evaluated);
  CHECK(evaluated == 0);
}

TEST_CASE("CHI_CHECK: evaluates its condition once") {
  int evaluated = 0;
  CHI_CHECK(++evaluated > 0);
  CHECK(evaluated == 1);
}

TEST_CASE("CHI_CHECK: a false one prints place and condition and aborts") {
  const test::ChildEnd end = test::RunInChild([] { CHI_CHECK(1 + 1 == 3); });
  CHECK(end.signal == SIGABRT);
  CHECK_THAT(end.stderr_text, Catch::Contains("check_test.cc:"));
  CHECK_THAT(end.stderr_text, Catch::Contains("CHI_CHECK failed: 1 + 1 == 3"));
}

TEST_CASE("CHI_CHECK: prints its message with arguments") {
  const test::ChildEnd end =
      test::RunInChild([] { CHI_CHECK(false, "lane {} of {}", 3, 2); });
  CHECK(end.signal == SIGABRT);
  CHECK_THAT(end.stderr_text, Catch::Contains(": lane 3 of 2\n"));
}

TEST_CASE("CHI_CHECK: the log hears of it too") {
  class Stderr final : public LogSink {
   public:
    void Write(LogLevel level, std::string_view) override {
      CHI_CHECK(level == LogLevel::kFatal);
      CHI_CHECK(false, "a failing sink does not recurse");
    }
  };
  const test::ChildEnd end = test::RunInChild([] {
    Stderr sink;
    SetLogSink(&sink);
    CHI_CHECK(false, "first");
  });
  CHECK(end.signal == SIGABRT);
  CHECK_THAT(end.stderr_text, Catch::Contains("first"));
  CHECK_THAT(end.stderr_text, Catch::Contains("does not recurse"));
}

TEST_CASE("CHI_CHECK: a message longer than its buffer is cut") {
  const test::ChildEnd end = test::RunInChild(
      [] { CHI_CHECK(false, "{}", std::string(100000, 'x')); });
  CHECK(end.signal == SIGABRT);
  CHECK(end.stderr_text.size() < 2000);
}

TEST_CASE("CHI_CHECK_OK: passes success and aborts with the status") {
  CHI_CHECK_OK(Status());
  const test::ChildEnd end =
      test::RunInChild([] { CHI_CHECK_OK(Status::Io("no disk")); });
  CHECK(end.signal == SIGABRT);
  CHECK_THAT(end.stderr_text, Catch::Contains("Io: no disk"));
}

}  // namespace
}  // namespace chi

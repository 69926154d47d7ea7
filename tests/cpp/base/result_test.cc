// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Result: value or status, move-only types, macros, misuse.

#include "chimaera/base/result.h"

#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/run_in_child.h"
#include "support/catch.h"

namespace chi {
namespace {

struct Base {
  virtual ~Base() = default;
};
struct Derived : Base {};

Result<int> Parse(bool good) {
  if (!good) {
    return Status::BadRequest("not a number");
  }
  return 7;
}

Result<std::string> Describe(bool good) {
  CHI_ASSIGN_OR_RETURN(const int number, Parse(good));
  int again = 0;
  CHI_ASSIGN_OR_RETURN(again, Parse(good));
  return std::to_string(number + again);
}

TEST_CASE("Result: holds a value") {
  const Result<int> result = Parse(true);
  REQUIRE(result.ok());
  CHECK(result.status().ok());
  CHECK(*result == 7);
  CHECK(result.value_or(1) == 7);
}

TEST_CASE("Result: holds the reason why there is none") {
  const Result<int> result = Parse(false);
  REQUIRE_FALSE(result.ok());
  CHECK_FALSE(static_cast<bool>(result));
  CHECK(result.status().ToString() == "BadRequest: not a number");
  CHECK(result.value_or(1) == 1);
}

TEST_CASE("Result: gives up a move-only value") {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(5);
  REQUIRE(result.ok());
  CHECK(**result == 5);
  const std::unique_ptr<int> taken = std::move(result).value();
  CHECK(*taken == 5);
}

TEST_CASE("Result: takes what converts to its type") {
  const Result<std::unique_ptr<Base>> pointer = std::make_unique<Derived>();
  CHECK(pointer.ok());
  const Result<std::string> text = "literal";
  CHECK(text->size() == 7);
}

TEST_CASE("Result: operator-> reaches the value, and may change it") {
  Result<std::vector<int>> result = std::vector<int>{1};
  result->push_back(2);
  CHECK(result->size() == 2);
}

TEST_CASE("Result: a pointer value may be null") {
  const Result<int*> result = nullptr;
  REQUIRE(result.ok());
  CHECK(*result == nullptr);
}

TEST_CASE("CHI_ASSIGN_OR_RETURN: assigns on success") {
  CHECK(*Describe(true) == "14");
}

TEST_CASE("CHI_ASSIGN_OR_RETURN: returns the status of a failure") {
  CHECK(Describe(false).status().code() == StatusCode::kBadRequest);
}

TEST_CASE("Result: value() of a failure aborts and shows the status") {
  const test::ChildEnd end =
      test::RunInChild([] { static_cast<void>(Parse(false).value()); });
  CHECK(end.signal == SIGABRT);
  CHECK_THAT(end.stderr_text, Catch::Contains("BadRequest: not a number"));
}

TEST_CASE("Result: made from a successful status aborts") {
  const test::ChildEnd end =
      test::RunInChild([] { const Result<int> result = Status(); });
  CHECK(end.signal == SIGABRT);
}

}  // namespace
}  // namespace chi

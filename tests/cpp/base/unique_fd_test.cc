// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// UniqueFd: who closes what, and when.

#include "chimaera/base/unique_fd.h"

#include <fcntl.h>

#include <utility>

#include "support/catch.h"

namespace chi {
namespace {

int OpenNull() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST_CASE("UniqueFd: the default owns nothing") {
  const UniqueFd fd;
  CHECK_FALSE(fd.valid());
  CHECK(fd.get() == -1);
  CHECK_FALSE(UniqueFd(-5).valid());
}

TEST_CASE("UniqueFd: closes what it owns") {
  const int raw = OpenNull();
  REQUIRE(raw >= 0);
  {
    const UniqueFd fd(raw);
    CHECK(IsOpen(raw));
  }
  CHECK_FALSE(IsOpen(raw));
}

TEST_CASE("UniqueFd: a move hands over and closes the old one") {
  const int first = OpenNull();
  const int second = OpenNull();
  UniqueFd a(first);
  UniqueFd b(second);
  a = std::move(b);
  CHECK(a.get() == second);
  CHECK_FALSE(IsOpen(first));
  const UniqueFd c(std::move(a));
  CHECK(c.get() == second);
  CHECK(IsOpen(second));
}

TEST_CASE("UniqueFd: a move to itself changes nothing") {
  UniqueFd fd(OpenNull());
  UniqueFd& same = fd;
  fd = std::move(same);
  CHECK(IsOpen(fd.get()));
}

TEST_CASE("UniqueFd: Release leaves the descriptor open") {
  UniqueFd fd(OpenNull());
  const UniqueFd keeper(fd.Release());
  CHECK_FALSE(fd.valid());
  CHECK(IsOpen(keeper.get()));
}

TEST_CASE("UniqueFd: Reset closes, and keeps the same number open") {
  UniqueFd fd(OpenNull());
  const int raw = fd.get();
  fd.Reset(raw);
  CHECK(IsOpen(raw));
  fd.Reset();
  CHECK_FALSE(IsOpen(raw));
}

}  // namespace
}  // namespace chi

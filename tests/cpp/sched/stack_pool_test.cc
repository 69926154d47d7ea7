// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Stacks: mapped once, used again, guarded below.

#include "sched/stack_pool.h"

#include <csignal>
#include <cstring>
#include <set>
#include <vector>

#include "base/run_in_child.h"
#include "support/catch.h"

namespace chi::test {
namespace {

TEST_CASE("StackPool: a size is rounded up to whole pages") {
  StackPool pool(1);
  CHECK(pool.usable_bytes() > 1);
  CHECK(pool.usable_bytes() % 4096 == 0);
  CHECK(pool.num_mapped() == 0);
}

TEST_CASE("StackPool: all bytes of every stack are usable and its own") {
  StackPool pool(64 * kKiB);
  std::vector<char*> stacks;
  for (int i = 0; i < 8; ++i) {
    char* stack = pool.Acquire();
    REQUIRE(stack != nullptr);
    std::memset(stack, i, pool.usable_bytes());
    stacks.push_back(stack);
  }
  for (int i = 0; i < 8; ++i) {
    CHECK(stacks[i][0] == i);
    CHECK(stacks[i][pool.usable_bytes() - 1] == i);
  }
  CHECK(std::set<char*>(stacks.begin(), stacks.end()).size() == 8);
  for (char* stack : stacks) pool.Release(stack);
}

TEST_CASE("StackPool: a released stack serves again before one is mapped") {
  StackPool pool(64 * kKiB);
  char* first = pool.Acquire();
  char* second = pool.Acquire();
  pool.Release(first);
  CHECK(pool.Acquire() == first);
  CHECK(pool.num_mapped() == 2);
  pool.Release(first);
  pool.Release(second);
}

TEST_CASE("StackPool: a write below a stack is a fault") {
  const ChildEnd end = RunInChild([] {
    std::signal(SIGSEGV, SIG_DFL);
    StackPool pool(64 * kKiB);
    volatile char* stack = pool.Acquire();
    stack[-1] = 1;
  });
  CHECK(end.signal == SIGSEGV);
}

}  // namespace
}  // namespace chi::test

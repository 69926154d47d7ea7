// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Do the sanitizers follow a switch of stacks? A report ends the process, so
// that passing under one means silence; in other builds the tests are merely
// true. With libraries that announce no switch AddressSanitizer meets an
// unknown stack in the first test ("false positive error reports may follow").
// The other two would be reported by ThreadSanitizer if the announced switches
// carried no happens-before: it takes each fiber for a thread of its own.

#include <boost/fiber/buffered_channel.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/mutex.hpp>
#include <boost/fiber/operations.hpp>
#include <stdexcept>
#include <thread>

#include "support/catch.h"

namespace {

// Unwinds several frames, each with something to destroy, on this stack.
int ThrowFromDepth(int depth) {
  volatile char frame[256] = {};
  frame[depth] = 1;
  if (depth == 0) throw std::runtime_error("from a fiber");
  return ThrowFromDepth(depth - 1) + frame[depth];
}

}  // namespace

TEST_CASE("Fibers: an exception is caught in the fiber that threw it") {
  int caught = 0;
  for (int i = 0; i < 10; ++i) {
    boost::fibers::fiber fiber([&caught] {
      try {
        ThrowFromDepth(20);
      } catch (const std::runtime_error&) {
        boost::this_fiber::yield();
        ++caught;
      }
    });
    fiber.join();
  }
  REQUIRE(caught == 10);
}

TEST_CASE("Fibers: those of one thread share memory without a lock") {
  int turns = 0;
  auto body = [&turns] {
    for (int i = 0; i < 100; ++i) {
      ++turns;
      boost::this_fiber::yield();
    }
  };
  boost::fibers::fiber first(body);
  boost::fibers::fiber second(body);
  first.join();
  second.join();
  REQUIRE(turns == 200);
}

TEST_CASE("Fibers: a value handed to another thread's fiber is synchronised") {
  boost::fibers::buffered_channel<int*> channel(8);
  int value = 0;
  std::thread receiver([&channel] {
    boost::fibers::fiber fiber([&channel] {
      int* received = nullptr;
      while (channel.pop(received) ==
             boost::fibers::channel_op_status::success) {
        ++*received;
      }
    });
    fiber.join();
  });
  value = 41;
  channel.push(&value);
  channel.close();
  receiver.join();
  REQUIRE(value == 42);
}

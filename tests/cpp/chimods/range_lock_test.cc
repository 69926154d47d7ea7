// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Who shares a page goes one after the other, others do not wait.

#include "range_lock.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "support/catch.h"
#include "support/wait_until.h"

namespace chi::test {
namespace {

using chimaera::bdev::RangeLock;

TEST_CASE("RangeLock: neighbours do not wait for each other") {
  RangeLock lock;
  const RangeLock::Guard first(lock, 0, 4);
  const RangeLock::Guard second(lock, 4, 8);
  const RangeLock::Guard third(lock, 100, 101);
}

TEST_CASE("RangeLock: what lies between the ranges of a guard is free") {
  RangeLock lock;
  const std::vector<RangeLock::Range> even = {{0, 1}, {2, 3}, {4, 5}};
  const std::vector<RangeLock::Range> odd = {{1, 2}, {3, 4}, {5, 9}};
  const RangeLock::Guard first(lock, even);
  const RangeLock::Guard second(lock, odd);
  const RangeLock::Guard third(lock, 9, 10);
}

TEST_CASE("RangeLock: who overlaps waits, in the order of arrival") {
  RangeLock lock;
  auto first = std::make_unique<RangeLock::Guard>(lock, 0, 4);
  std::atomic<u32> got_second{0};
  std::thread second([&] {
    const RangeLock::Guard guard(lock, 3, 6);
    ++got_second;
  });
  CHECK(got_second == 0);
  first = nullptr;
  second.join();
  CHECK(got_second == 1);
}

TEST_CASE("RangeLock: two never hold the same page") {
  constexpr u64 kPages = 8;
  RangeLock lock;
  std::array<std::atomic<u32>, kPages> holders{};
  std::atomic<u64> wrong{0};
  std::vector<std::thread> threads;
  for (u64 t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (u64 i = 0; i < 5000; ++i) {
        // One range, or two that are apart.
        const u64 begin = (i * 7 + t * 3) % kPages;
        const u64 end = std::min(kPages, begin + 1 + i % 3);
        std::vector<RangeLock::Range> ranges = {{begin, end}};
        if (i % 2 == 0 && end + 1 < kPages) {
          ranges.push_back({end + 1, kPages});
        }
        const RangeLock::Guard guard(lock, ranges);
        for (const auto& range : ranges) {
          for (u64 page = range.begin; page < range.end; ++page) {
            if (holders[page].fetch_add(1) != 0) ++wrong;
          }
        }
        for (const auto& range : ranges) {
          for (u64 page = range.begin; page < range.end; ++page) {
            holders[page].fetch_sub(1);
          }
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace chi::test

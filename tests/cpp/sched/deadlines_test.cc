// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Deadlines against a std::multimap, in seeded random programs of adding,
// removing and letting time pass, with distances from 1 ns to centuries.

#include "sched/deadlines.h"

#include <deque>
#include <map>
#include <vector>

#include "chimaera/base/random.h"
#include "support/catch.h"

namespace chi::test {
namespace {

TEST_CASE("Deadlines: none is due in the beginning") {
  Deadlines deadlines;
  CHECK(deadlines.empty());
  CHECK(deadlines.NextNs() == kNoDeadlineNs);
  CHECK(deadlines.TakeDue(kNoDeadlineNs - 1) == nullptr);
}

TEST_CASE("Deadlines: what is past already is due at once") {
  Deadlines deadlines;
  DeadlineNode late, early;
  late.deadline_ns = 1000;
  deadlines.Add(late);
  REQUIRE(deadlines.TakeDue(1000) == &late);
  early.deadline_ns = 10;
  deadlines.Add(early);
  CHECK(deadlines.NextNs() == 10);
  CHECK(deadlines.TakeDue(1000) == &early);
  CHECK(deadlines.empty());
}

TEST_CASE("Deadlines: with many, the next time is never too late") {
  Deadlines deadlines;
  std::deque<DeadlineNode> nodes(1000);
  for (u64 i = 0; i < nodes.size(); ++i) {
    nodes[i].deadline_ns = 1'000'000 + i;
    deadlines.Add(nodes[i]);
  }
  // However early it is, taking it seriously leads to the deadline.
  u64 now_ns = 0;
  u32 wakes = 0;
  while (deadlines.TakeDue(now_ns) == nullptr) {
    REQUIRE(deadlines.NextNs() <= 1'000'000);
    REQUIRE(deadlines.NextNs() > now_ns);
    now_ns = deadlines.NextNs();
    ++wakes;
  }
  CHECK(now_ns == 1'000'000);
  CHECK(wakes <= 64);
}

TEST_CASE("Deadlines: random programs, against a sorted map") {
  const u64 seed = GENERATE(range(u64{1}, u64{201}));
  CAPTURE(seed);
  SeededRandom random(seed);
  Deadlines deadlines;
  std::deque<DeadlineNode> nodes(64);
  std::vector<DeadlineNode*> idle;
  for (DeadlineNode& node : nodes) idle.push_back(&node);
  std::multimap<u64, DeadlineNode*> expected;
  u64 now_ns = 0;
  for (u32 step = 0; step < 500; ++step) {
    const u64 distance = random.Next() >> (1 + random.Below(63));
    if (random.Below(3) != 0 && !idle.empty()) {
      DeadlineNode* node = idle.back();
      idle.pop_back();
      node->deadline_ns = now_ns + distance / 4;
      deadlines.Add(*node);
      expected.emplace(node->deadline_ns, node);
    } else if (random.Below(2) == 0 && !expected.empty()) {
      auto victim = expected.begin();
      std::advance(victim, random.Below(expected.size()));
      deadlines.Remove(*victim->second);
      idle.push_back(victim->second);
      expected.erase(victim);
    } else {
      now_ns += std::min(distance / 4, (u64{1} << 62) - now_ns);
      while (DeadlineNode* due = deadlines.TakeDue(now_ns)) {
        REQUIRE(!expected.empty());
        REQUIRE(expected.begin()->first == due->deadline_ns);
        auto taken = expected.begin();
        while (taken->second != due) ++taken;
        REQUIRE(taken->first == due->deadline_ns);
        idle.push_back(due);
        expected.erase(taken);
      }
      REQUIRE((expected.empty() || expected.begin()->first > now_ns));
    }
    REQUIRE(deadlines.empty() == expected.empty());
    const u64 next = expected.empty() ? kNoDeadlineNs : expected.begin()->first;
    REQUIRE(deadlines.NextNs() == next);
  }
}

}  // namespace
}  // namespace chi::test

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How long each lane's turn is.

#include "sched/lane_share.h"

#include <algorithm>
#include <vector>

#include "support/catch.h"

namespace chi::test {
namespace {

TEST_CASE("LaneShare: a new lane has a full turn, always") {
  LaneShare share;
  CHECK(share.batch() == LaneShare::kMaxBatch);
  share.EndTurn();
  CHECK_FALSE(share.Pauses());
}

TEST_CASE("LaneShare: short tasks keep it, costlier ones shorten it") {
  LaneShare share;
  for (int i = 0; i < 100; ++i) share.Count(100, 64);
  CHECK(share.batch() == LaneShare::kMaxBatch);
  for (int i = 0; i < 2000; ++i) share.Count(2000, 1);
  CHECK(share.batch() <= 8);
  CHECK(share.batch() >= 4);
  share.EndTurn();
  CHECK_FALSE(share.Pauses());
}

TEST_CASE("LaneShare: one long run among short ones changes nothing, two do") {
  LaneShare share;
  for (int i = 0; i < 100; ++i) share.Count(100, 64);
  share.Count(4'000'000, 64);
  CHECK(share.mean_ns() == 100);
  CHECK(share.batch() == LaneShare::kMaxBatch);
  share.Count(100, 64);
  share.Count(4'000'000, 64);
  CHECK(share.mean_ns() == 100);
  share.Count(4'000'000, 64);
  CHECK(share.batch() == 1);
}

TEST_CASE("LaneShare: who takes several quanta pauses as many turns") {
  LaneShare share;
  share.Count(5 * LaneShare::kQuantumNs, 1);
  CHECK(share.batch() == 1);
  share.EndTurn();
  for (int i = 0; i < 4; ++i) CHECK(share.Pauses());
  CHECK_FALSE(share.Pauses());
}

TEST_CASE("LaneShare: no estimate makes the pause endless") {
  LaneShare share;
  share.Count((u64{3600} * 1'000'000'000), 1);
  share.EndTurn();
  u32 pause = 0;
  while (share.Pauses()) ++pause;
  CHECK(pause == LaneShare::kMaxPause);
}

TEST_CASE("LaneShare: what it took is told once") {
  LaneShare share;
  share.Count(10, 64);
  share.Count(5, 2);
  CHECK(share.TakeBusy() == 650);
  CHECK(share.TakeBusy() == 0);
  CHECK(share.busy_ns() == 650);
}

TEST_CASE("LaneShare: lanes with tasks of any cost share the time evenly") {
  // One worker, always something to do in every lane: turns of all of them.
  const std::vector<u64> costs = {150, 1'000, 5'000, 20'000, 300'000};
  std::vector<LaneShare> shares(costs.size());
  std::vector<u64> served(costs.size(), 0);
  for (size_t i = 0; i < costs.size(); ++i) shares[i].Count(costs[i], 16);
  for (int turn = 0; turn < 20'000; ++turn) {
    for (size_t i = 0; i < costs.size(); ++i) {
      if (shares[i].Pauses()) continue;
      served[i] += shares[i].batch() * costs[i];
      shares[i].EndTurn();
    }
  }
  const auto [least, most] = std::minmax_element(served.begin(), served.end());
  CHECK(*most <= 2 * *least);
}

}  // namespace
}  // namespace chi::test

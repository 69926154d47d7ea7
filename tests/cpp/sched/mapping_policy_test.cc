// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Each policy: which worker a ring gets.

#include "chimaera/sched/mapping_policy.h"

#include <map>
#include <set>

#include "support/catch.h"

namespace chi::test {
namespace {

// Workers 4, 5 and 6, idle.
std::vector<Candidate> Three() { return {{4, 0, 0}, {5, 0, 0}, {6, 0, 0}}; }

std::unique_ptr<MappingPolicy> Make(std::string_view name) {
  return std::move(MakeMappingPolicy(name)).value();
}

TEST_CASE("MappingPolicy: every name makes a policy that chooses a candidate") {
  for (const std::string_view name : MappingPolicyNames()) {
    CAPTURE(name);
    const auto policy = Make(name);
    for (u32 i = 0; i < 100; ++i) {
      const u32 worker = policy->Choose({i, i, i}, Three());
      CHECK(worker >= 4);
      CHECK(worker <= 6);
      CHECK(policy->Choose({i, i, i}, {{9, 0, 0}}) == 9);
    }
  }
}

TEST_CASE("MappingPolicy: an unknown name is an error with the nearest one") {
  const Status status = MakeMappingPolicy("least_loded").status();
  CHECK(status.code() == StatusCode::kBadRequest);
  CHECK(status.message() ==
        "there is no policy 'least_loded' (did you mean 'least_loaded'?)");
}

TEST_CASE("map_by_pid_tid: the same thread, the same worker; threads spread") {
  const auto policy = Make("map_by_pid_tid");
  std::set<u32> used;
  for (u32 tid = 0; tid < 64; ++tid) {
    const u32 worker = policy->Choose({1, 77, tid}, Three());
    CHECK(Make("map_by_pid_tid")->Choose({2, 77, tid}, Three()) == worker);
    used.insert(worker);
  }
  CHECK(used.size() == 3);
}

TEST_CASE("round_robin: threads in turn, both rings of one together") {
  const auto policy = Make("round_robin");
  for (u32 tid = 0; tid < 9; ++tid) {
    CHECK(policy->Choose({1, 77, tid}, Three()) == 4 + tid % 3);
  }
  CHECK(policy->Choose({1, 77, 4}, Three()) == 5);
  CHECK(policy->Choose({2, 77, 4}, Three()) == 4);  // another process
}

TEST_CASE("proc_round_robin: processes in turn, their threads together") {
  const auto policy = Make("proc_round_robin");
  for (u32 process = 0; process < 9; ++process) {
    for (u32 tid = 0; tid < 5; ++tid) {
      CHECK(policy->Choose({process, process, tid}, Three()) ==
            4 + process % 3);
    }
  }
}

TEST_CASE("queue_round_robin: rings in turn, whosever they are") {
  const auto policy = Make("queue_round_robin");
  for (u32 i = 0; i < 9; ++i) {
    CHECK(policy->Choose({1, 77, 7}, Three()) == 4 + i % 3);
  }
}

TEST_CASE("least_loaded: who does least, then who has fewest rings") {
  const auto policy = Make("least_loaded");
  CHECK(policy->Choose({}, {{0, 1, 900}, {1, 9, 100}, {2, 1, 500}}) == 1);
  CHECK(policy->Choose({}, {{0, 3, 520}, {1, 2, 580}, {2, 5, 510}}) == 1);
  CHECK(policy->Choose({}, {{0, 3, 0}, {1, 2, 0}, {2, 2, 0}}) == 1);
}

}  // namespace
}  // namespace chi::test

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Claims on CPUs. They are per user and machine-wide, so the test bears others.

#include "sched/cpu_claims.h"

#include <algorithm>

#include "support/catch.h"

namespace chi::test {
namespace {

TEST_CASE("CpuClaims: there is always a CPU to run on") {
  const std::vector<i32> cpus = AllowedCpus();
  REQUIRE_FALSE(cpus.empty());
  CHECK(std::is_sorted(cpus.begin(), cpus.end()));
}

TEST_CASE("CpuClaims: nothing is claimed when clients would have no CPU left") {
  CpuClaims claims;
  const u32 all = static_cast<u32>(AllowedCpus().size());
  CHECK(claims.Claim(all).empty());
  CHECK(claims.Claim(all + 1).empty());
}

TEST_CASE("CpuClaims: a claimed CPU is nobody else's") {
  const u32 count = static_cast<u32>(AllowedCpus().size()) - 1;
  CpuClaims claims;
  const std::vector<i32> mine = claims.Claim(count);
  CpuClaims others;
  for (i32 cpu : others.Claim(count)) {
    CHECK(std::find(mine.begin(), mine.end(), cpu) == mine.end());
  }
}

}  // namespace
}  // namespace chi::test

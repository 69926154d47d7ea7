// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Random numbers and incarnations.

#include "chimaera/base/random.h"

#include <csignal>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/run_in_child.h"
#include "support/catch.h"

namespace chi {
namespace {

// Gives what it is told to, then zeros.
class ScriptedRandom final : public Random {
 public:
  explicit ScriptedRandom(std::vector<u64> values)
      : values_(std::move(values)) {}
  u64 Next() override { return used_ < values_.size() ? values_[used_++] : 1; }
  std::size_t used() const { return used_; }

 private:
  const std::vector<u64> values_;
  std::size_t used_ = 0;
};

TEST_CASE("SeededRandom: gives the published numbers of xoshiro256**") {
  // Seed 0 through splitmix64; other implementations give the same.
  SeededRandom random(0);
  CHECK(random.Next() == 0x99ec5f36cb75f2b4);
  CHECK(random.Next() == 0xbf6e1f784956452a);
  CHECK(random.Next() == 0x1a5f849d4933e6e0);
}

TEST_CASE("SeededRandom: equal seeds agree, different ones do not") {
  SeededRandom a(7);
  SeededRandom b(7);
  SeededRandom c(8);
  const u64 first = a.Next();
  CHECK(first == b.Next());
  CHECK(first != c.Next());
}

TEST_CASE("SystemRandom: does not repeat itself") {
  std::set<u64> seen;
  for (int i = 0; i < 1000; ++i) {
    seen.insert(SystemRandom::Get().Next());
  }
  CHECK(seen.size() == 1000);
}

TEST_CASE("Random: Below stays below and reaches every value") {
  SeededRandom random(1);
  std::vector<int> hits(10, 0);
  for (int i = 0; i < 1000; ++i) {
    const u64 drawn = random.Below(10);
    REQUIRE(drawn < 10);
    ++hits[drawn];
  }
  for (const int count : hits) {
    CHECK(count > 0);
  }
  CHECK(random.Below(1) == 0);
}

TEST_CASE("Random: Below draws again where the choice would be uneven") {
  // 2^64 mod 10 is 6: 0 to 5 are refused.
  ScriptedRandom random({5, 0, 6});
  CHECK(random.Below(10) == 6);
  CHECK(random.used() == 3);
}

TEST_CASE("Random: Below zero is a bug of the caller") {
  const test::ChildEnd end = test::RunInChild([] {
    SeededRandom random(1);
    static_cast<void>(random.Below(0));
  });
  CHECK(end.signal == SIGABRT);
}

TEST_CASE("Incarnation: is never zero and prints 32 digits") {
  ScriptedRandom random({0, 0, 0, 0xab});
  const Incarnation made = Incarnation::Make(random);
  CHECK_FALSE(made.IsZero());
  CHECK(made.ToString() == "000000000000000000000000000000ab");
  CHECK(Incarnation().IsZero());
}

TEST_CASE("Incarnation: two of them differ") {
  const Incarnation a = Incarnation::Make(SystemRandom::Get());
  const Incarnation b = Incarnation::Make(SystemRandom::Get());
  CHECK(a != b);
  CHECK(a == a);
}

}  // namespace
}  // namespace chi

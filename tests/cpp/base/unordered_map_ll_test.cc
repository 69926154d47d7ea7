// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// unordered_map_ll: the interface that the module guide promises.

#include "chimaera/base/unordered_map_ll.h"

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "chimaera/base/random.h"
#include "support/catch.h"

namespace chi {
namespace {

TEST_CASE("unordered_map_ll: starts empty with the buckets asked for") {
  const unordered_map_ll<int, int> by_default;
  const unordered_map_ll<int, int> map(32);
  const unordered_map_ll<int, int> none(0);
  CHECK(by_default.bucket_count() == 16);
  CHECK(map.bucket_count() == 32);
  CHECK(none.bucket_count() == 1);
  CHECK(map.empty());
  CHECK(map.size() == 0);
  CHECK(map.find(1) == nullptr);
}

TEST_CASE("unordered_map_ll: insert keeps the value that is there") {
  unordered_map_ll<int, std::string> map;
  const auto [inserted, value] = map.insert(42, "hello");
  CHECK(inserted);
  CHECK(*value == "hello");
  const auto [again, existing] = map.insert(42, "other");
  CHECK_FALSE(again);
  CHECK(existing == value);
  CHECK(*existing == "hello");
  CHECK(map.size() == 1);
}

TEST_CASE("unordered_map_ll: insert_or_assign replaces in place") {
  unordered_map_ll<int, std::string> map;
  const auto [inserted, value] = map.insert_or_assign(1, "a");
  const auto [again, existing] = map.insert_or_assign(1, "b");
  CHECK(inserted);
  CHECK_FALSE(again);
  CHECK(existing == value);
  CHECK(*value == "b");
}

TEST_CASE("unordered_map_ll: operator[] makes a zero value once") {
  unordered_map_ll<std::string, int> map;
  CHECK(map["x"] == 0);
  map["x"] += 5;
  CHECK(map["x"] == 5);
  CHECK(map.size() == 1);
}

TEST_CASE("unordered_map_ll: at finds, or throws out_of_range") {
  unordered_map_ll<int, int> map;
  map.insert(1, 10);
  map.at(1) = 11;
  const auto& fixed = map;
  CHECK(fixed.at(1) == 11);
  CHECK_THROWS_AS(map.at(2), std::out_of_range);
  CHECK_THROWS_AS(fixed.at(2), std::out_of_range);
}

TEST_CASE("unordered_map_ll: contains and count tell what is there") {
  unordered_map_ll<int, int> map;
  map.insert(1, 10);
  CHECK(map.contains(1));
  CHECK_FALSE(map.contains(2));
  CHECK(map.count(1) == 1);
  CHECK(map.count(2) == 0);
}

TEST_CASE("unordered_map_ll: erase tells how many it removed") {
  unordered_map_ll<int, int> map(1);
  map.insert(1, 10);
  map.insert(2, 20);
  CHECK(map.erase(1) == 1);
  CHECK(map.erase(1) == 0);
  CHECK(map.size() == 1);
  CHECK(*map.find(2) == 20);
}

TEST_CASE("unordered_map_ll: clear removes everything, buckets stay") {
  unordered_map_ll<int, int> map(4);
  for (int i = 0; i < 100; ++i) {
    map.insert(i, i);
  }
  map.clear();
  CHECK(map.empty());
  CHECK(map.find(5) == nullptr);
  CHECK(map.bucket_count() == 4);
}

TEST_CASE("unordered_map_ll: for_each visits each element once") {
  unordered_map_ll<int, int> map(4);
  for (int i = 0; i < 50; ++i) {
    map.insert(i, 0);
  }
  map.for_each([](const int& key, int& value) { value += key; });
  const auto& fixed = map;
  int sum = 0;
  fixed.for_each([&sum](const int& key, const int& value) {
    REQUIRE(key == value);
    sum += value;
  });
  CHECK(sum == 50 * 49 / 2);
}

TEST_CASE("unordered_map_ll: what was moved from is empty and can be used") {
  unordered_map_ll<int, int> map(4);
  const int* kept = map.insert(1, 10).second;
  unordered_map_ll<int, int> other(std::move(map));
  CHECK(other.find(1) == kept);
  CHECK(map.empty());
  CHECK(map.bucket_count() == 4);
  CHECK(map.insert(1, 20).first);
  map = std::move(other);
  CHECK(map.size() == 1);
  CHECK(map.find(1) == kept);
  CHECK(other.find(1) == nullptr);
  unordered_map_ll<int, int> copy = map;
  copy[1] = 30;
  CHECK(*map.find(1) == 10);
}

TEST_CASE("unordered_map_ll: takes the guide's keys, hashes and literals") {
  struct Info {
    u64 start = 0;
    u32 code = 0;
  };
  struct Parity {
    size_t operator()(int key) const { return static_cast<size_t>(key & 1); }
  };
  unordered_map_ll<u64, Info> infos(64);
  CHECK(infos.insert(u64{7}, Info{1, 2}).second->code == 2);
  unordered_map_ll<u32, u64> counts(16);
  ++*counts.insert_or_assign(3, 0).second;
  CHECK(counts.at(3) == 1);
  unordered_map_ll<std::string, Info> named;
  CHECK(named.insert("a", Info{}).first);
  CHECK(named.contains("a"));
  unordered_map_ll<int, int, Parity> odd(2);
  for (int i = 0; i < 9; ++i) odd[i] = i;
  CHECK(odd.size() == 9);
}

TEST_CASE("unordered_map_ll: takes values that only move") {
  unordered_map_ll<int, std::unique_ptr<int>> map;
  map.insert(1, std::make_unique<int>(3));
  CHECK(**map.find(1) == 3);
}

TEST_CASE("unordered_map_ll: pointers stay good while others come and go") {
  unordered_map_ll<int, int> map(2);
  const int* kept = map.insert(-1, 7).second;
  for (int i = 0; i < 1000; ++i) {
    map.insert(i, i);
  }
  for (int i = 0; i < 1000; ++i) {
    map.erase(i);
  }
  CHECK(map.find(-1) == kept);
  CHECK(*kept == 7);
}

TEST_CASE("unordered_map_ll: agrees with std::map over random operations") {
  const u64 seed = SystemRandom::Get().Next();
  CAPTURE(seed);
  SeededRandom random(seed);
  unordered_map_ll<u64, u64> map(8);
  std::map<u64, u64> model;
  for (int i = 0; i < 20000; ++i) {
    const u64 key = random.Below(200);
    const u64 value = random.Next();
    switch (random.Below(4)) {
      case 0:
        REQUIRE(map.insert(key, value).first ==
                model.emplace(key, value).second);
        break;
      case 1:
        REQUIRE(map.insert_or_assign(key, value).first ==
                model.insert_or_assign(key, value).second);
        break;
      case 2:
        REQUIRE(map.erase(key) == model.erase(key));
        break;
      default:
        REQUIRE(map.contains(key) == (model.count(key) == 1));
    }
    REQUIRE(map.size() == model.size());
  }
  map.for_each([&model](const u64& key, const u64& value) {
    REQUIRE(model.at(key) == value);
  });
}

}  // namespace
}  // namespace chi

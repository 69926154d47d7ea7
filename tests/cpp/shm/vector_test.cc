// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Vectors of tasks: as modules use them, on the heap and in a segment, with an
// answer of the runtime in them, and with fields that a hostile process wrote.

#include "chimaera/shm/vector.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "arena_storage.h"
#include "chimaera/base/random.h"
#include "chimaera/shm/field_access.h"
#include "chimaera/shm/hipc.h"
#include "support/catch.h"

namespace chi {
namespace {

using Alloc = hipc::CtxAllocator<CHI_MAIN_ALLOC_T>;

struct Block {
  u64 offset;
  u32 size;
};

std::vector<u32> Numbers(u32 count) {
  std::vector<u32> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

std::vector<u32> Plain(const chi::vector<u32>& v) {
  return std::vector<u32>(v.begin(), v.end());
}

TEST_CASE("vector: is built in every way that modules use") {
  const Alloc alloc;
  CHECK(chi::ipc::vector<u32>(alloc).empty());
  CHECK(chi::vector<u32>(alloc, 3).size() == 3);
  CHECK(chi::vector<u32>(alloc, 3)[2] == 0);
  CHECK(Plain(chi::vector<u32>(alloc, 2, 7)) == std::vector<u32>{7, 7});
  CHECK(Plain(hipc::vector<u32>(alloc, {1, 2, 3})) ==
        std::vector<u32>{1, 2, 3});
  CHECK(Plain(chi::vector<u32>(alloc, Numbers(50))) == Numbers(50));
}

TEST_CASE("vector: takes and gives the contents of a std::vector") {
  const std::vector<u32> numbers = Numbers(1000);
  chi::vector<u32> v{Alloc()};
  v.resize(numbers.size());
  std::copy(numbers.begin(), numbers.end(), v.begin());
  CHECK(Plain(v) == numbers);
  v.assign(numbers.begin() + 10, numbers.end());
  CHECK(v.front() == 10);
  CHECK(v.back() == 999);
  v = numbers;
  CHECK(Plain(v) == numbers);
  CHECK(std::find(v.begin(), v.end(), 500u) == v.begin() + 500);
}

TEST_CASE("vector: one inserted at the end of another joins them") {
  const chi::vector<u32> second(Alloc(), {4, 5});
  chi::vector<u32> first(Alloc(), {1, 2, 3});
  first.insert(first.end(), second.begin(), second.end());
  CHECK(Plain(first) == std::vector<u32>{1, 2, 3, 4, 5});
  chi::vector<u32> none;
  none.insert(none.end(), second.begin(), second.end());
  CHECK(none == second);
  first.insert(first.end(), chi::vector<u32>().begin(),
               chi::vector<u32>().end());
  CHECK(first.size() == 5);
}

TEST_CASE("vector: holds structures built in place") {
  chi::vector<Block> blocks;
  CHECK(blocks.emplace_back(u64{4096}, 16u).offset == 4096);
  blocks.push_back({8192, 32});
  u64 bytes = 0;
  for (const Block& block : blocks) {
    bytes += block.size;
  }
  CHECK(bytes == 48);
}

TEST_CASE("vector: an element of itself may be pushed and inserted") {
  chi::vector<u32> v(Alloc(), {1, 2});
  for (int i = 0; i < 100; ++i) {
    v.push_back(v[0]);
    v.insert(v.begin(), v[1]);
  }
  CHECK(v.size() == 202);
}

TEST_CASE("vector: behaves like std::vector under random operations") {
  const u64 seed = SystemRandom::Get().Next();
  INFO("seed " << seed);
  SeededRandom random(seed);
  ArenaStorage arena(kMainSegment);
  const bool in_arena = GENERATE(false, true);
  const ScopedStorage scope(in_arena ? &arena : nullptr);
  chi::vector<u32> v;
  std::vector<u32> model;
  for (int i = 0; i < 500; ++i) {
    const u32 n = static_cast<u32>(random.Below(40));
    const std::vector<u32> some = Numbers(n);
    const u64 at = random.Below(model.size() + 1);
    switch (random.Below(8)) {
      case 0:
        v.push_back(n);
        model.push_back(n);
        break;
      case 1:
        v.insert(v.begin() + at, some.begin(), some.end());
        model.insert(model.begin() + static_cast<i64>(at), some.begin(),
                     some.end());
        break;
      case 2:
        v.erase(v.begin() + at, v.end());
        model.erase(model.begin() + static_cast<i64>(at), model.end());
        break;
      case 3:
        v.resize(n, 9);
        model.resize(n, 9);
        break;
      case 4:
        v.assign(n, 3);
        model.assign(n, 3);
        break;
      case 5:
        v.reserve(2 * n);
        break;
      case 6:
        if (!model.empty()) {
          v.pop_back();
          model.pop_back();
        }
        break;
      default:
        v = chi::vector<u32>(v);
    }
    REQUIRE(Plain(v) == model);
  }
}

TEST_CASE("vector: copies and moves keep the elements") {
  ArenaStorage arena(kMainSegment);
  const bool in_arena = GENERATE(false, true);
  {
    const ScopedStorage scope(in_arena ? &arena : nullptr);
    chi::vector<u32> first(Alloc(), Numbers(100));
    chi::vector<u32> second(first);
    first[0] = 77;
    CHECK(Plain(second) == Numbers(100));
    chi::vector<u32> third(std::move(second));
    first = std::move(third);
    CHECK(Plain(first) == Numbers(100));
    first.clear();
    CHECK(first.empty());
  }
  CHECK(arena.num_live() == 0);
}

TEST_CASE("vector: an answer is read in place and copied before a change") {
  ArenaStorage arena(kMainSegment);
  const ScopedStorage scope(&arena);
  const std::vector<u32> numbers = Numbers(50);
  const ShmPtr answer = arena.Answer(numbers.data(), 50 * sizeof(u32));
  {
    chi::vector<u32> v(Alloc(), 3);
    TaskFieldAccess::AnswerAt(v, answer, 50, 50);
    CHECK(Plain(v) == numbers);
    CHECK(arena.given_back.empty());
    SECTION("only read") {}
    SECTION("written") { v[1] = 100; }
    SECTION("appended to") {
      v.push_back(50);
      CHECK(Plain(v) == Numbers(51));
    }
    SECTION("cleared") {
      v.clear();
      CHECK(v.empty());
    }
  }
  CHECK(arena.given_back == std::vector<ShmPtr>{answer});
  CHECK(arena.num_live() == 0);
}

TEST_CASE("vector: no memory throws the status and keeps the elements") {
  ArenaStorage arena(kMainSegment);
  const ScopedStorage scope(&arena);
  chi::vector<u32> v(Alloc(), {1, 2, 3});
  arena.limit = 100;
  CHECK_THROWS_AS(v.resize(1000), StatusError);
  CHECK_THROWS_AS(v.resize(std::numeric_limits<u64>::max() / 2), StatusError);
  CHECK_THROWS_AS(v.reserve(std::numeric_limits<u64>::max()), StatusError);
  CHECK(Plain(v) == std::vector<u32>{1, 2, 3});
}

TEST_CASE("vector: hostile fields are refused or harmless, never followed") {
  const u64 seed = SystemRandom::Get().Next();
  INFO("seed " << seed);
  SeededRandom random(seed);
  ArenaStorage arena(kMainSegment);
  const ScopedStorage scope(&arena);
  const u64 sizes[] = {0,
                       1,
                       100,
                       ArenaStorage::kBytes / 8,
                       ArenaStorage::kBytes / 8 + 1,
                       u64{1} << 61,
                       u64{1} << 62,
                       ~u64{0}};
  u64 sum = 0;
  for (int round = 0; round < 20'000; ++round) {
    chi::vector<u64> v;
    TaskFieldAccess::size(v) = sizes[random.Below(std::size(sizes))];
    TaskFieldAccess::capacity(v) = random.Next();
    TaskFieldAccess::data(v) =
        random.Below(2) == 0 ? ShmPtr::FromBits(random.Next())
                             : ShmPtr::At(kMainSegment, random.Below(2 << 20));
    const chi::vector<u64>& reader = v;
    try {
      for (const u64 element : reader) {
        sum += element;
        if (&element - reader.data() > 100) {
          break;
        }
      }
    } catch (const StatusError& error) {
      REQUIRE(error.status().code() != StatusCode::kOk);
    }
    // As its own bytes, to be written: the capacity is a lie as well.
    TaskFieldAccess::home(v) = TaskFieldAccess::data(v);
    try {
      if (!v.empty()) {
        v[0] = 1;
      }
    } catch (const StatusError& error) {
      REQUIRE(error.status().code() != StatusCode::kOk);
    }
    TaskFieldAccess::data(v) = ShmPtr::Null();
    TaskFieldAccess::home(v) = ShmPtr::Null();
  }
  INFO("so that the reads stay: " << sum);
}

TEST_CASE("vector: misaligned elements are refused") {
  ArenaStorage arena(kMainSegment);
  const ScopedStorage scope(&arena);
  chi::vector<u64> v;
  TaskFieldAccess::AnswerAt(v, ShmPtr::At(kMainSegment, 4), 1, 1);
  CHECK_THROWS_AS(std::as_const(v)[0], StatusError);
  TaskFieldAccess::data(v) = ShmPtr::Null();
}

}  // namespace
}  // namespace chi

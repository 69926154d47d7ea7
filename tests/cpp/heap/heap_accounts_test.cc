// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The accounts by themselves, in a program that counts.

#include "chimaera/base/heap_accounts.h"

#include <memory>
#include <thread>
#include <vector>

#include "support/catch.h"

namespace chi {
namespace {

// Under a sanitizer nothing is counted, and that is all there is to say.
#define NEEDS_COUNTING_HEAP()                 \
  if (!HeapAccounts::IsCounting()) {          \
    CHECK(HeapAccounts::Bytes(0) == ~u64{0}); \
    return;                                   \
  }

TEST_CASE("HeapAccounts: blocks are entered for the innermost scope") {
  NEEDS_COUNTING_HEAP();
  OwnHeapAccount outer;
  OwnHeapAccount inner;
  CHECK(outer.bytes() == HeapAccounts::kNotCounted);
  outer.Open();
  inner.Open();
  std::unique_ptr<char[]> blocks[3];
  {
    const HeapScope in_outer(outer.account());
    blocks[0] = std::make_unique<char[]>(100);
    {
      const HeapScope in_inner(inner.account());
      blocks[1] = std::make_unique<char[]>(10);
    }
    blocks[2] = std::make_unique<char[]>(1);
  }
  CHECK(outer.bytes() == 101);
  CHECK(inner.bytes() == 10);
  const HeapScope in_inner(inner.account());
  for (auto& block : blocks) block.reset();
  CHECK(outer.bytes() == 0);
  CHECK(inner.bytes() == 0);
}

TEST_CASE("HeapAccounts: threads that have ended count on") {
  NEEDS_COUNTING_HEAP();
  OwnHeapAccount account;
  account.Open();
  std::vector<std::unique_ptr<char[]>> blocks(64);
  for (auto& block : blocks) {
    std::thread([&] {
      const HeapScope scope(account.account());
      block = std::make_unique<char[]>(1000);
    }).join();
  }
  CHECK(account.bytes() == 64'000);
  std::thread([&] { blocks.clear(); }).join();
  CHECK(account.bytes() == 0);
}

TEST_CASE("HeapAccounts: a number is used again once nothing is left of it") {
  NEEDS_COUNTING_HEAP();
  HeapAccount leaking = kRuntimeHeap;
  std::unique_ptr<char[]> block;
  {
    OwnHeapAccount account;
    account.Open();
    leaking = account.account();
    const HeapScope scope(leaking);
    block = std::make_unique<char[]>(8);
  }
  CHECK(HeapAccounts::Bytes(leaking) == 8);
  u32 met = 0;
  for (u32 i = 0; i < 2 * HeapAccounts::kNumAccounts; ++i) {
    OwnHeapAccount account;
    account.Open();
    REQUIRE(account.account() != kRuntimeHeap);
    met += account.account() == leaking ? 1 : 0;
  }
  CHECK(met == 0);
  block.reset();
  for (u32 i = 0; i < HeapAccounts::kNumAccounts; ++i) {
    OwnHeapAccount account;
    account.Open();
    met += account.account() == leaking ? 1 : 0;
  }
  CHECK(met == 1);
}

TEST_CASE("HeapAccounts: when all are in use the rest goes to the runtime") {
  NEEDS_COUNTING_HEAP();
  const auto all =
      std::make_unique<OwnHeapAccount[]>(HeapAccounts::kNumAccounts);
  for (u32 i = 1; i < HeapAccounts::kNumAccounts; ++i) {
    all[i].Open();
    REQUIRE(all[i].account() != kRuntimeHeap);
  }
  OwnHeapAccount one_more;
  one_more.Open();
  CHECK(one_more.account() == kRuntimeHeap);
  CHECK(one_more.bytes() == HeapAccounts::kNotCounted);
}

}  // namespace
}  // namespace chi

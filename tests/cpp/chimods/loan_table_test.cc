// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One borrower at a time, whoever waits, is cancelled or dies; and what others
// gave it is its own.

#include "loan_table.h"

#include <atomic>
#include <vector>

#include "block_table.h"
#include "sched/lock_harness.h"
#include "support/catch.h"

namespace chi::test {
namespace {

using chimaera::bdev::Block;
using chimaera::bdev::BlockTable;
using chimaera::bdev::BlockTableOptions;
using chimaera::bdev::LoanTable;

constexpr u64 kAlice = 7;
constexpr u64 kBob = 8;
constexpr u64 kForever = 60 * kNsPerSec;

u64 Lend(LoanTable& loans, const char* name, u64 client) {
  const auto loan = loans.Borrow(name, client, 0);
  INFO(loan.status());
  REQUIRE(loan.ok());
  return *loan;
}

TEST_CASE("LoanTable: a name has one borrower, and each loan its own number") {
  LoanTable loans;
  const u64 first = Lend(loans, "a", kAlice);
  for (const u64 client : {kAlice, kBob}) {
    const Status refused = loans.Borrow("a", client, 0).status();
    CHECK(refused.code() == StatusCode::kAlreadyExists);
    CHECK(refused.message().find("client 7") != std::string::npos);
  }
  CHECK(Lend(loans, "b", kBob) != first);
  CHECK(loans.Return("a", first, kBob).code() == StatusCode::kPermissionDenied);
  CHECK(loans.Return("a", first, kAlice).ok());
  CHECK(loans.Return("a", first, kAlice).code() == StatusCode::kStale);
  CHECK(Lend(loans, "a", kBob) != first);
  CHECK(loans.Borrow(std::string(256, 'x'), kBob, 0).status().code() ==
        StatusCode::kBadRequest);
}

TEST_CASE("LoanTable: who is gone has nothing on loan") {
  LoanTable loans;
  const u64 lost = Lend(loans, "a", kAlice);
  Lend(loans, "b", kAlice);
  const u64 kept = Lend(loans, "c", kBob);
  loans.ForgetClient(kAlice);
  Lend(loans, "a", kBob);
  Lend(loans, "b", kBob);
  CHECK(loans.Collect("a", lost, kAlice).status().code() == StatusCode::kStale);
  CHECK(loans.Collect("c", kept, kBob).ok());
}

TEST_CASE("LoanTable: blocks that are given become the borrower's") {
  LoanTable loans;
  BlockTableOptions options;
  options.size = 1 << 20;
  BlockTable table(options);
  const u64 loan = Lend(loans, "a", kAlice);
  const std::vector<Block> blocks = {table.Allocate(kBob, 4096)->front(),
                                     table.Allocate(kBob, 4096)->front()};
  const auto give = [&](const std::vector<u64>& numbers, u64 caller) {
    return loans
        .Give("a", loan, numbers, blocks,
              [&](u64 borrower) {
                return table.HandOver(caller, blocks.data(), blocks.size(),
                                      borrower);
              })
        .code();
  };
  CHECK(give({1}, kBob) == StatusCode::kBadRequest);
  CHECK(give({1, 2}, kAlice) == StatusCode::kBadRequest);  // not Alice's
  CHECK(give({3, 3}, kBob) == StatusCode::kAlreadyExists);
  CHECK(loans.Collect("a", loan, kAlice)->empty());
  CHECK(give({5, 2}, kBob) == StatusCode::kOk);
  CHECK(give({2, 9}, kAlice) == StatusCode::kAlreadyExists);
  CHECK(loans.Collect("a", loan, kBob).status().code() ==
        StatusCode::kPermissionDenied);
  const auto given = loans.Collect("a", loan, kAlice);
  REQUIRE(given.ok());
  REQUIRE(given->size() == 2);
  CHECK(given->at(5).block_id_ == blocks[0].block_id_);
  table.ForgetClient(kBob);
  CHECK(table.Stats().num_blocks == 2);
  loans.ForgetClient(kAlice);
  table.ForgetClient(kAlice);
  CHECK(table.Stats().num_blocks == 0);
  CHECK(give({1, 2}, kBob) == StatusCode::kStale);
  table.TEST_CheckInvariants();
}

TEST_CASE("LoanTable: those who wait have it one after another") {
  constexpr u64 kTasks = 300;
  LoanTable loans;
  std::atomic<u32> inside{0};
  std::atomic<u64> wrong{0};
  Fleet fleet(2, [&](u64 value) {
    const auto loan = loans.Borrow("a", value, kForever);
    if (!loan.ok() || inside.fetch_add(1) != 0) ++wrong;
    this_task::Yield();
    inside.fetch_sub(1);
    if (!loans.Return("a", *loan, value).ok()) ++wrong;
  });
  for (u64 i = 0; i < kTasks; ++i) fleet.Push(i, i % 2);
  REQUIRE(fleet.Ended(kTasks));
  CHECK(wrong == 0);
  Lend(loans, "a", kAlice);
}

TEST_CASE("LoanTable: a waiter that is late or cancelled leaves the queue") {
  LoanTable loans;
  const u64 loan = Lend(loans, "a", kAlice);
  std::atomic<u64> late{0};
  Fleet fleet(1, [&](u64 value) {
    const auto lent = loans.Borrow("a", kBob, value == 0 ? 1 : kForever);
    if (lent.status().code() == StatusCode::kDeadlineExceeded) ++late;
  });
  fleet.Push(0);
  REQUIRE(fleet.Ended(1));
  CHECK(late == 1);
  for (u64 i = 1; i < 10; ++i) fleet.Push(i);
  REQUIRE(WaitUntil([&] { return loans.num_waiting("a") == 9; }));
  fleet.DropClient();
  REQUIRE(fleet.Ended(10));
  CHECK(fleet.thrown().size() == 9);
  CHECK(loans.num_waiting("a") == 0);
  CHECK(loans.Return("a", loan, kAlice).ok());
  Lend(loans, "a", kBob);
}

TEST_CASE("LoanTable: the loan of who is gone passes over its own waiters") {
  LoanTable loans;
  Lend(loans, "a", kAlice);
  std::atomic<u64> bobs{0};
  Fleet fleet(1, [&](u64 value) {
    const auto lent = loans.Borrow("a", value < 3 ? kAlice : kBob, kForever);
    if (value == 3 && lent.ok()) bobs = *lent;
  });
  for (u64 i = 0; i < 4; ++i) {
    fleet.Push(i);
    REQUIRE(WaitUntil([&] { return loans.num_waiting("a") == i + 1; }));
  }
  loans.ForgetClient(kAlice);
  REQUIRE(fleet.Ended(4));
  CHECK(loans.Return("a", bobs, kBob).ok());
  Lend(loans, "a", kAlice);
}

}  // namespace
}  // namespace chi::test

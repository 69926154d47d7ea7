// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The methods for loans: ask the table.

#include <string>
#include <utility>
#include <vector>

#include "block_table.h"
#include "caller.h"
#include "chimaera/admin/route_here.h"
#include "chimaera/bdev/bdev_runtime.h"
#include "loan_table.h"

namespace chimaera::bdev {
namespace {

template <class Field>
auto VectorOf(const Field& field) {
  return std::vector<std::decay_t<decltype(*field.begin())>>(field.begin(),
                                                             field.end());
}

}  // namespace

void Runtime::Borrow(hipc::FullPtr<BorrowTask> task, chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const std::string name = std::as_const(task->name_).str();
  const auto loan = loans_->Borrow(name, OwnerOf(rctx), task->wait_ns_);
  if (loan.ok()) task->loan_ = *loan;
  Answer(loan.status(), *task);
}

void Runtime::Give(hipc::FullPtr<GiveTask> task, chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const auto blocks = VectorOf(std::as_const(task->blocks_));
  Answer(loans_->Give(std::as_const(task->name_).str(), task->loan_,
                      VectorOf(std::as_const(task->numbers_)), blocks,
                      [&](chi::u64 borrower) {
                        return table_->HandOver(OwnerOf(rctx), blocks.data(),
                                                blocks.size(), borrower);
                      }),
         *task);
}

void Runtime::Collect(hipc::FullPtr<CollectTask> task, chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const auto given = loans_->Collect(std::as_const(task->name_).str(),
                                     task->loan_, OwnerOf(rctx));
  if (!given.ok()) return Answer(given.status(), *task);
  std::vector<chi::u64> numbers;
  std::vector<Block> blocks;
  for (const auto& [number, block] : *given) {
    numbers.push_back(number);
    blocks.push_back(block);
  }
  task->numbers_ = numbers;
  task->blocks_ = blocks;
}

void Runtime::ReturnLoan(hipc::FullPtr<ReturnLoanTask> task,
                         chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  Answer(loans_->Return(std::as_const(task->name_).str(), task->loan_,
                        OwnerOf(rctx)),
         *task);
}

}  // namespace chimaera::bdev

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See loan_table.h. A loan passes to a waiter under the lock, so that whoever
// finds the event set, late or cancelled, also finds out that it has it.

#include "loan_table.h"

#include <chimaera/sched/coevent.h>

#include <utility>

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/shm/storage.h"

namespace chimaera::bdev {

using chi::Format;
using chi::MutexLock;
using chi::Result;
using chi::Status;
using chi::u64;

struct LoanTable::Waiter {
  u64 client = 0;
  u64 loan = 0;  // guarded by mu_; not 0: it is lent to this one
  chi::CoEvent lent;
};

Result<u64> LoanTable::Borrow(std::string_view name, u64 client, u64 wait_ns) {
  if (name.size() > kMaxNameBytes) {
    return Status::BadRequest(Format("a name of {} bytes", name.size()));
  }
  Waiter waiter;
  waiter.client = client;
  {
    const MutexLock lock(mu_);
    const auto found = loans_.find(name);
    if (found == loans_.end()) {
      if (loans_.size() == kMaxLoans) {
        return Status::Overloaded(Format("{} loans", kMaxLoans));
      }
      Loan& loan = loans_[std::string(name)];
      loan.id = next_id_++;
      loan.borrower = client;
      return loan.id;
    }
    if (wait_ns == 0) {
      return Status::AlreadyExists(
          Format("'{}' is on loan to client {}", name, found->second.borrower));
    }
    found->second.waiting.push_back(&waiter);
  }
  CHI_RETURN_IF_ERROR(Wait(name, waiter, wait_ns));
  return waiter.loan;
}

// Leaves `waiter` out of the queue in any case.
Status LoanTable::Wait(std::string_view name, Waiter& waiter, u64 wait_ns) {
  Status waited;
  try {
    waited = waiter.lent.Wait(wait_ns);
  } catch (const chi::StatusError&) {
    const MutexLock lock(mu_);
    const auto found = loans_.find(name);
    if (waiter.loan == 0) {
      found->second.waiting.remove(&waiter);
    } else if (found != loans_.end() && found->second.id == waiter.loan) {
      End(found);
    }
    throw;
  }
  const MutexLock lock(mu_);
  if (waiter.loan != 0) return Status();
  Loan& loan = loans_.find(name)->second;
  loan.waiting.remove(&waiter);
  return Status::DeadlineExceeded(
      Format("'{}' was on loan to client {} for {} ms", name, loan.borrower,
             wait_ns / chi::kNsPerMs));
}

Result<LoanTable::Loan*> LoanTable::Find(std::string_view name, u64 loan) {
  const auto found = loans_.find(name);
  if (found == loans_.end() || found->second.id != loan) {
    return Status::Stale(Format("loan {} of '{}' has ended", loan, name));
  }
  return &found->second;
}

Status LoanTable::Give(std::string_view name, u64 loan,
                       const std::vector<u64>& numbers,
                       const std::vector<Block>& blocks,
                       const std::function<Status(u64 borrower)>& hand_over) {
  if (numbers.size() != blocks.size()) {
    return Status::BadRequest(
        Format("{} numbers for {} blocks", numbers.size(), blocks.size()));
  }
  const MutexLock lock(mu_);
  CHI_ASSIGN_OR_RETURN(Loan* const found, Find(name, loan));
  Given all = found->given;
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (!all.emplace(numbers[i], blocks[i]).second) {
      return Status::AlreadyExists(
          Format("loan {} of '{}' has number {}", loan, name, numbers[i]));
    }
  }
  // Under the lock: the borrower may be gone at any time, and all that is its
  // is freed after its loans have ended.
  CHI_RETURN_IF_ERROR(hand_over(found->borrower));
  found->given = std::move(all);
  return Status();
}

Result<LoanTable::Given> LoanTable::Collect(std::string_view name, u64 loan,
                                            u64 client) {
  const MutexLock lock(mu_);
  CHI_ASSIGN_OR_RETURN(Loan* const found, Find(name, loan));
  if (found->borrower != client) {
    return Status::PermissionDenied(
        Format("loan {} is client {}'s", loan, found->borrower));
  }
  return found->given;
}

Status LoanTable::Return(std::string_view name, u64 loan, u64 client) {
  const MutexLock lock(mu_);
  CHI_ASSIGN_OR_RETURN(const Loan* const found, Find(name, loan));
  if (found->borrower != client) {
    return Status::PermissionDenied(
        Format("loan {} is client {}'s", loan, found->borrower));
  }
  End(loans_.find(name));
  return Status();
}

bool LoanTable::End(Loans::iterator at) {
  Loan& loan = at->second;
  if (loan.waiting.empty()) {
    loans_.erase(at);
    return true;
  }
  Waiter* const next = loan.waiting.front();
  loan.waiting.pop_front();
  loan.id = next_id_++;
  loan.borrower = next->client;
  loan.given.clear();
  next->loan = loan.id;
  next->lent.Set();
  return false;
}

u64 LoanTable::num_waiting(std::string_view name) const {
  const MutexLock lock(mu_);
  const auto found = loans_.find(name);
  return found == loans_.end() ? 0 : found->second.waiting.size();
}

void LoanTable::ForgetClient(u64 client) {
  const MutexLock lock(mu_);
  for (auto at = loans_.begin(); at != loans_.end();) {
    const auto next = std::next(at);
    // It may wait in the queue, too.
    while (at->second.borrower == client && !End(at)) {
    }
    at = next;
  }
}

}  // namespace chimaera::bdev

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Who may make an object anew: one client at a time, until it returns the loan
// or is gone. Others may work for the borrower: the blocks that they give to a
// loan become the borrower's, each under a number that says what it is.

#ifndef CHIMAERA_BDEV_LOAN_TABLE_H_
#define CHIMAERA_BDEV_LOAN_TABLE_H_

#include <chimaera/bdev/block.h>

#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "chimaera/base/mutex.h"
#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"

namespace chimaera::bdev {

/// Safe from any thread. The names are nobody's business here.
class LoanTable {
 public:
  using Given = std::map<chi::u64, Block>;  // number, to block

  static constexpr chi::u64 kMaxNameBytes = 255;
  static constexpr chi::u64 kMaxLoans = 1u << 16;

  LoanTable() = default;
  LoanTable(const LoanTable&) = delete;
  LoanTable& operator=(const LoanTable&) = delete;

  /// Lends `name` to `client`; waits for it, parked, at most `wait_ns`, in the
  /// order in which others came. Returns what the loan is called from then on,
  /// never twice the same. kAlreadyExists if `wait_ns` is 0 and it is lent,
  /// else kDeadlineExceeded; both say to whom. kBadRequest for a name of more
  /// than kMaxNameBytes, kOverloaded for more than kMaxLoans. Throws
  /// StatusError if the task is cancelled meanwhile.
  chi::Result<chi::u64> Borrow(std::string_view name, chi::u64 client,
                               chi::u64 wait_ns);

  /// Notes `blocks` under `numbers` (of the same length) once `hand_over` has
  /// made them the borrower's: all or none. kStale if there is no such loan any
  /// more, kAlreadyExists naming a number that is taken, what `hand_over` says.
  chi::Status Give(
      std::string_view name, chi::u64 loan,
      const std::vector<chi::u64>& numbers, const std::vector<Block>& blocks,
      const std::function<chi::Status(chi::u64 borrower)>& hand_over);

  /// What was given to a loan of `client`. kStale as Give.
  chi::Result<Given> Collect(std::string_view name, chi::u64 loan,
                             chi::u64 client);

  /// Ends a loan of `client`, and begins that of who waits longest. kStale.
  chi::Status Return(std::string_view name, chi::u64 loan, chi::u64 client);

  chi::u64 num_waiting(std::string_view name) const;

  /// Ends all loans of a client that is gone.
  void ForgetClient(chi::u64 client);

 private:
  struct Waiter;
  struct Loan {
    chi::u64 id = 0;  // 0: lent to nobody, only between two waiters
    chi::u64 borrower = 0;
    Given given;
    std::list<Waiter*> waiting;
  };
  using Loans = std::map<std::string, Loan, std::less<>>;

  chi::Status Wait(std::string_view name, Waiter& waiter, chi::u64 wait_ns);
  chi::Result<Loan*> Find(std::string_view name, chi::u64 loan)
      CHI_REQUIRES(mu_);
  // Whether nobody waited for it, so that it is gone.
  bool End(Loans::iterator at) CHI_REQUIRES(mu_);

  mutable chi::Mutex mu_;
  Loans loans_ CHI_GUARDED_BY(mu_);
  chi::u64 next_id_ CHI_GUARDED_BY(mu_) = 1;
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_LOAN_TABLE_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Loans: who makes an object anew, and who works for it. See src/loan_table.h.

#ifndef CHIMAERA_BDEV_LOAN_TASKS_H_
#define CHIMAERA_BDEV_LOAN_TASKS_H_

#include <chimaera/bdev/autogen/bdev_methods.h>
#include <chimaera/bdev/block.h>
#include <chimaera/chimaera.h>

#include <string_view>
#include <vector>

namespace chimaera::bdev {

/// The caller has `name` for itself until ReturnLoan, or until it is gone.
struct BorrowTask : public chi::Task {
  using AllocT = hipc::CtxAllocator<CHI_MAIN_ALLOC_T>;

  IN chi::string name_;
  /// Waits so long for who has it; 0: kAlreadyExists then.
  IN chi::u64 wait_ns_ = 0;
  OUT chi::u64 loan_ = 0;

  explicit BorrowTask(const AllocT& alloc) : chi::Task(alloc), name_(alloc) {}
  BorrowTask(const AllocT& alloc, const chi::TaskId& task_id,
             const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
             std::string_view name, chi::u64 wait_ns)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kBorrow),
        name_(alloc, name),
        wait_ns_(wait_ns) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(name_, wait_ns_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(loan_);
  }
};

/// Makes blocks of the caller the borrower's, and tells it their numbers.
struct GiveTask : public chi::Task {
  using AllocT = hipc::CtxAllocator<CHI_MAIN_ALLOC_T>;

  IN chi::string name_;
  IN chi::u64 loan_ = 0;
  IN chi::vector<chi::u64> numbers_;
  IN chi::vector<Block> blocks_;

  explicit GiveTask(const AllocT& alloc)
      : chi::Task(alloc), name_(alloc), numbers_(alloc), blocks_(alloc) {}
  GiveTask(const AllocT& alloc, const chi::TaskId& task_id,
           const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
           std::string_view name, chi::u64 loan,
           const std::vector<chi::u64>& numbers,
           const std::vector<Block>& blocks)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kGive),
        name_(alloc, name),
        loan_(loan),
        numbers_(alloc, numbers),
        blocks_(alloc, blocks) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(name_, loan_, numbers_, blocks_);
  }
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}
};

/// What was given to a loan of the caller, by number.
struct CollectTask : public chi::Task {
  using AllocT = hipc::CtxAllocator<CHI_MAIN_ALLOC_T>;

  IN chi::string name_;
  IN chi::u64 loan_ = 0;
  OUT chi::vector<chi::u64> numbers_;
  OUT chi::vector<Block> blocks_;

  explicit CollectTask(const AllocT& alloc)
      : chi::Task(alloc), name_(alloc), numbers_(alloc), blocks_(alloc) {}
  CollectTask(const AllocT& alloc, const chi::TaskId& task_id,
              const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
              std::string_view name, chi::u64 loan)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kCollect),
        name_(alloc, name),
        loan_(loan),
        numbers_(alloc),
        blocks_(alloc) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(name_, loan_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(numbers_, blocks_);
  }
};

/// Blocks that were given stay the caller's.
struct ReturnLoanTask : public chi::Task {
  using AllocT = hipc::CtxAllocator<CHI_MAIN_ALLOC_T>;

  IN chi::string name_;
  IN chi::u64 loan_ = 0;

  explicit ReturnLoanTask(const AllocT& alloc)
      : chi::Task(alloc), name_(alloc) {}
  ReturnLoanTask(const AllocT& alloc, const chi::TaskId& task_id,
                 const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
                 std::string_view name, chi::u64 loan)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kReturnLoan),
        name_(alloc, name),
        loan_(loan) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(name_, loan_);
  }
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_LOAN_TASKS_H_

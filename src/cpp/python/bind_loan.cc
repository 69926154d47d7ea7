// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Loans of module bdev: who makes an object anew.

#include <chimaera/bdev/loan_tasks.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "python/block.h"
#include "python/call.h"
#include "python/pybind.h"
#include "python/query.h"

namespace chi::python {
namespace {

namespace bdev = chimaera::bdev;

using ConnectionPtr = std::shared_ptr<Connection>;

// Where arrays and their loans are looked after.
Target HomeOf(const PoolIdTuple& pool, u32 timeout_ms) {
  return Target(ToPoolId(pool), PoolQuery::Local(), timeout_ms);
}

std::unique_ptr<Call> Borrow(const ConnectionPtr& connection,
                             const PoolIdTuple& pool, const std::string& name,
                             u64 wait_ns, u32 timeout_ms) {
  return StartTask<bdev::BorrowTask>(
      connection, HomeOf(pool, timeout_ms),
      [](bdev::BorrowTask& task) -> py::object { return py::int_(task.loan_); },
      {}, name, wait_ns);
}

std::unique_ptr<Call> Give(const ConnectionPtr& connection,
                           const PoolIdTuple& pool, const std::string& name,
                           u64 loan, const std::vector<u64>& numbers,
                           const std::vector<BlockTuple>& rows,
                           u32 timeout_ms) {
  std::vector<bdev::Block> blocks;
  for (const BlockTuple& row : rows) blocks.push_back(ToBlock(row));
  return StartTask<bdev::GiveTask>(connection, HomeOf(pool, timeout_ms),
                                   &NoResult, {}, name, loan, numbers, blocks);
}

std::unique_ptr<Call> Collect(const ConnectionPtr& connection,
                              const PoolIdTuple& pool, const std::string& name,
                              u64 loan, u32 timeout_ms) {
  return StartTask<bdev::CollectTask>(
      connection, HomeOf(pool, timeout_ms),
      [](bdev::CollectTask& task) -> py::object {
        const auto& done = std::as_const(task);
        py::dict given;
        const auto* number = done.numbers_.begin();
        for (const bdev::Block& each : done.blocks_) {
          given[py::int_(*number++)] = py::make_tuple(
              each.offset_, each.size_, each.block_id_, each.container_id_);
        }
        return std::move(given);
      },
      {}, name, loan);
}

std::unique_ptr<Call> ReturnLoan(const ConnectionPtr& connection,
                                 const PoolIdTuple& pool,
                                 const std::string& name, u64 loan,
                                 u32 timeout_ms) {
  return StartTask<bdev::ReturnLoanTask>(connection, HomeOf(pool, timeout_ms),
                                         &NoResult, {}, name, loan);
}

}  // namespace

void BindLoan(py::module_& m) {
  const auto connection = py::arg("connection");
  const auto pool_id = py::arg("pool_id");
  const auto name = py::arg("name");
  const auto loan = py::arg("loan");
  const auto timeout_ms = py::arg("timeout_ms") = 0;
  m.def("bdev_borrow", &Borrow, connection, pool_id, name, py::arg("wait_ns"),
        timeout_ms);
  m.def("bdev_give", &Give, connection, pool_id, name, loan, py::arg("numbers"),
        py::arg("blocks"), timeout_ms);
  m.def("bdev_collect", &Collect, connection, pool_id, name, loan, timeout_ms);
  m.def("bdev_return_loan", &ReturnLoan, connection, pool_id, name, loan,
        timeout_ms);
}

}  // namespace chi::python

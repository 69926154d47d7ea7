// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Dispatch by the method table, for tasks made inside the runtime.

#include "chimaera/core/container.h"

#include <string>

#include "chimaera/core/method_table.h"
#include "core/fixture.h"
#include "support/catch.h"

namespace chi {
namespace {

using test::kPing;
using test::ProbeLog;
using test::ProbeTask;

TEST_CASE("Container: a method is found by its id and runs") {
  test::Pools pools;
  const auto module = pools.modules.Find("probe_a");
  REQUIRE(module.ok());
  const auto container = (*module)->NewContainer();
  REQUIRE(container.ok());
  ProbeTask task(&pools.log);
  RunContext ctx;
  (*container)->Run(kPing, test::TaskPtr(task), ctx);
  CHECK(pools.log.pings == 1);
  CHECK(task.return_code_ == 0);
}

TEST_CASE("Container: an unknown method is refused by name and number") {
  test::Pools pools;
  const auto container = (*pools.modules.Find("probe_a"))->NewContainer();
  (*container)->Init({512, 0}, "somewhere");
  ProbeTask task(&pools.log);
  RunContext ctx;
  for (const MethodId method : {2u, 77u, 4095u, ~0u}) {
    (*container)->Run(method, test::TaskPtr(task), ctx);
    CHECK(task.return_code_ == static_cast<u32>(StatusCode::kUnimplemented));
    CHECK(std::string(task.text_, task.text_size_) ==
          "pool 512.0 (probe_a): method " + std::to_string(method) +
              " of 0-1, 10-11");
  }
}

TEST_CASE("Container: without a table every method is unknown") {
  Container container;
  ProbeTask task(nullptr);
  RunContext ctx;
  container.Run(0, test::TaskPtr(task), ctx);
  CHECK(task.return_code_ == static_cast<u32>(StatusCode::kUnimplemented));
}

TEST_CASE("MethodTable: rows are found by id, gaps are not") {
  const MethodRow rows[] = {{0, "A"}, {4095, "B"}, {12, "C"}};
  const MethodTable table(rows, "2.1");
  CHECK(std::string(table.Find(4095)->name) == "B");
  CHECK(std::string(table.Find(12)->name) == "C");
  CHECK(table.Find(1) == nullptr);
  CHECK(table.Find(4096) == nullptr);
  CHECK(table.end() - table.begin() == 3);
  CHECK(std::string(table.version()) == "2.1");
}

TEST_CASE("Container: a long list of methods is cut to fit a task's text") {
  std::vector<MethodRow> rows;
  for (MethodId id = 0; id < 4096; id += 2) rows.push_back({id, "M"});
  const MethodTable table(rows.data(), static_cast<u32>(rows.size()), "1");
  Container container;
  container.SetMethods(table, "even");
  const Status status = container.UnknownMethod(1);
  CHECK(status.message().size() < Task::kTextCapacity);
  CHECK(status.message().substr(status.message().size() - 5) == ", ...");
}

}  // namespace
}  // namespace chi

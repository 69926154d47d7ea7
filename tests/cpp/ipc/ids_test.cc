// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Names of pools, queries and tasks.

#include "chimaera/ipc/ids.h"

#include <set>
#include <sstream>
#include <thread>
#include <unordered_set>
#include <vector>

#include "chimaera/ipc/pool_query.h"
#include "support/catch.h"

namespace chi::test {
namespace {

TEST_CASE("PoolId: what is written is read") {
  for (const PoolId id : {PoolId(0, 0), PoolId(512, 3), PoolId(~0u, ~0u)}) {
    CHECK(PoolId::Parse(id.ToString()) == id);
    CHECK(PoolId::FromU64(id.ToU64()) == id);
  }
  CHECK(PoolId::Parse("512") == PoolId(512, 0));
  std::ostringstream out;
  out << PoolId(512, 3);
  CHECK(out.str() == "512.3");
}

TEST_CASE("PoolId: what is no id is not read") {
  for (const char* text : {"", ".", "1.", ".1", "1.2.3", "-1", "+1", " 1", "1 ",
                           "4294967296", "1.4294967296", "x", "0x1"}) {
    INFO(text);
    CHECK_FALSE(PoolId::Parse(text).has_value());
  }
}

TEST_CASE("PoolId: ids are ordered and hashed") {
  CHECK(PoolId().IsNull());
  CHECK(PoolId(1, 9) < PoolId(2, 0));
  CHECK(PoolId(1, 0) != PoolId(0, 1));
  const std::unordered_set<PoolId> ids = {PoolId(1, 0), PoolId(0, 1)};
  CHECK(ids.size() == 2);
}

TEST_CASE("TaskId: ids are different on all threads, each its own group") {
  std::vector<std::vector<TaskId>> made(4);
  std::vector<std::thread> threads;
  for (auto& mine : made) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < 1'000; ++i) mine.push_back(CreateTaskId());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<u64> majors;
  for (const auto& mine : made) {
    for (const TaskId& id : mine) majors.insert(id.major_);
  }
  CHECK(majors.size() == 4'000);
  CHECK(majors.count(0) == 0);
}

TEST_CASE("PoolQuery: each mode has its numbers, and no others") {
  const PoolQuery range = PoolQuery::Range(2, 3);
  CHECK(range.IsRangeMode());
  CHECK(range.GetRangeOffset() == 2);
  CHECK(range.GetRangeCount() == 3);
  CHECK(range.GetContainerId() == 0);
  CHECK(PoolQuery::DirectId(7).GetContainerId() == 7);
  CHECK(PoolQuery::DirectHash(7).GetHash() == 7);
  CHECK(PoolQuery::Physical(7).GetNodeId() == 7);
  CHECK(PoolQuery().IsNull());
  CHECK(PoolQuery::Local() != PoolQuery::Dynamic());
  CHECK(PoolQuery::Parse("broadcast") == PoolQuery::Broadcast());
  CHECK_FALSE(PoolQuery::Parse("anywhere").has_value());
}

}  // namespace
}  // namespace chi::test

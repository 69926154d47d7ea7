// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Clients of one version of a module in a pool of another one: what changed in
// tests/chimods between before/ and after/ either does not matter or is said in
// words that name both. The rules stand in docs/design/modules.md.

#include <testing/after/after_client.h>
#include <testing/before/before_client.h>

#include <string>

#include "embedded.h"

using chi::PoolId;
using chi::PoolQuery;
using chi::StatusCode;
namespace before = testing::before;
namespace after = testing::after;

namespace {

// The client of each version in the pool of the other.
struct Crossed {
  Crossed() {
    before::Client makes_before;
    after::Client makes_after;
    REQUIRE(makes_before.Create(HSHM_MCTX, PoolQuery::Dynamic(), "before",
                                PoolId(300, 0)));
    REQUIRE(makes_after.Create(HSHM_MCTX, PoolQuery::Dynamic(), "after",
                               PoolId(301, 0)));
    older.Init(makes_after.pool_id_);
    newer.Init(makes_before.pool_id_);
  }
  chi::test::Embedded runtime;
  before::Client older;
  after::Client newer;
};

const PoolQuery kHere = PoolQuery::Local();

// Both versions are named, that of the module and that of the client.
bool IsRefused(const chi::Status& status, const std::string& method,
               const std::string& module, const std::string& client) {
  INFO(status);
  const std::string text(status.message());
  return status.code() == StatusCode::kVersionMismatch &&
         text.find("testing_" + module + ": " + method) != std::string::npos &&
         text.find("this client is of testing_" + client) != std::string::npos;
}
bool OlderIsRefused(const chi::Status& status, const std::string& method) {
  return IsRefused(status, method, "after 2.0.0", "before 1.0.0");
}
bool NewerIsRefused(const chi::Status& status, const std::string& method) {
  return IsRefused(status, method, "before 1.0.0", "after 2.0.0");
}

}  // namespace

TEST_CASE("Versions: a method that did not change is called from both") {
  Crossed f;
  CHECK(f.older.Same(HSHM_MCTX, kHere, 1)->y == 2);
  CHECK(f.newer.Same(HSHM_MCTX, kHere, 1)->y == 2);
}

TEST_CASE("Versions: names, defaults, texts, rules and deadlines may change") {
  Crossed f;
  // The default is the caller's.
  CHECK(f.older.Told(HSHM_MCTX, kHere)->total == 1);
  CHECK(f.newer.Told(HSHM_MCTX, kHere)->total == 2);
}

TEST_CASE("Versions: a renamed method is called by both names") {
  Crossed f;
  CHECK(f.older.OldName(HSHM_MCTX, kHere, 1)->y == 3);
  CHECK(f.newer.NewName(HSHM_MCTX, kHere, 1)->y == 3);
  CHECK(f.newer.OldName(HSHM_MCTX, kHere, 1)->y == 3);
}

TEST_CASE("Versions: other parameters are refused, naming both versions") {
  Crossed f;
  CHECK(OlderIsRefused(f.older.Grown(HSHM_MCTX, kHere, 1), "Grown"));
  CHECK(NewerIsRefused(f.newer.Grown(HSHM_MCTX, kHere, 1), "Grown"));
  CHECK(OlderIsRefused(f.older.Retyped(HSHM_MCTX, kHere, 1), "Retyped"));
  CHECK(NewerIsRefused(f.newer.Retyped(HSHM_MCTX, kHere, 1), "Retyped"));
  CHECK(OlderIsRefused(f.older.Turned(HSHM_MCTX, kHere, 1), "Turned"));
  CHECK(NewerIsRefused(f.newer.Turned(HSHM_MCTX, kHere, 1).status(), "Turned"));
  CHECK(OlderIsRefused(f.older.Swapped(HSHM_MCTX, kHere, 1, 2), "Swapped"));
  CHECK(NewerIsRefused(f.newer.Swapped(HSHM_MCTX, kHere, 1, 2), "Swapped"));
  CHECK(OlderIsRefused(f.older.Filled(HSHM_MCTX, kHere), "Filled"));
  CHECK(NewerIsRefused(f.newer.Filled(HSHM_MCTX, kHere, 1), "Filled"));
  CHECK(OlderIsRefused(f.older.Deeper(HSHM_MCTX, kHere, {}), "Deeper"));
  CHECK(NewerIsRefused(f.newer.Deeper(HSHM_MCTX, kHere, {}), "Deeper"));
}

TEST_CASE("Versions: an enum may grow, and old modules refuse what is new") {
  Crossed f;
  CHECK(f.older.Choose(HSHM_MCTX, kHere, before::Mode::kExact)->mode ==
        before::Mode::kExact);
  CHECK(f.newer.Choose(HSHM_MCTX, kHere, after::Mode::kExact)->mode ==
        after::Mode::kExact);
  const chi::Status status =
      f.newer.Choose(HSHM_MCTX, kHere, after::Mode::kCautious).status();
  INFO(status);
  CHECK(status.code() == StatusCode::kBadRequest);
  CHECK(std::string(status.message()).find("'mode'") != std::string::npos);
}

TEST_CASE("Versions: a method that the module does not have is named") {
  Crossed f;
  for (const chi::Status& status :
       {chi::Status(f.older.Gone(HSHM_MCTX, kHere)),
        chi::Status(f.newer.Added(HSHM_MCTX, kHere))}) {
    INFO(status);
    CHECK(status.code() == StatusCode::kUnimplemented);
    CHECK(std::string(status.message()).find("method 1") != std::string::npos);
  }
}

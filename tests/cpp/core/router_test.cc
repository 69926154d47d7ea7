// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Every query against pools of one and of several containers.

#include "chimaera/core/router.h"

#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "core/fixture.h"
#include "support/catch.h"

namespace chi {
namespace {

Container* NewPlain() { return std::make_unique<Container>().release(); }
void Delete(Container* container) { std::unique_ptr<Container>{container}; }

Pool MakePool(const Module& module, u32 per_node, const NodeSet& nodes = {}) {
  const AddressTable addresses(nodes, per_node);
  std::vector<ContainerPtr> containers;
  for (u32 i = 0; i < per_node; ++i) containers.push_back({NewPlain(), Delete});
  return Pool({512, 0}, "p", module, "", addresses, std::move(containers));
}

struct Refusal {
  PoolQuery query;
  u32 num_containers;
  StatusCode code;
  std::string message;
};

const Module kModule("plain", "", NewPlain, Delete);

TEST_CASE("Route: queries that name one container reach it") {
  const Pool pool = MakePool(kModule, 3);
  const auto route = [&](const PoolQuery& query) {
    return *Route(pool, query, 0);
  };
  CHECK(route(PoolQuery::DirectId(0)) == pool.container(0));
  CHECK(route(PoolQuery::DirectId(2)) == pool.container(2));
  CHECK(route(PoolQuery::DirectHash(7)) == pool.container(1));
  CHECK(route(PoolQuery::DirectHash(~u32{0})) == pool.container(0));
  CHECK(route(PoolQuery::Range(1, 1)) == pool.container(1));
}

TEST_CASE("Route: in a pool of one container every query means it") {
  const Pool pool = MakePool(kModule, 1);
  for (const PoolQuery& query :
       {PoolQuery::Local(), PoolQuery::Dynamic(), PoolQuery::Broadcast(),
        PoolQuery::Range(0, 1), PoolQuery::Physical(0), PoolQuery::DirectId(0),
        PoolQuery::DirectHash(99)}) {
    INFO(query.ToString());
    CHECK(*Route(pool, query, 3) == pool.container(0));
  }
}

TEST_CASE("Route: a client stays with its container, clients are spread") {
  const Pool pool = MakePool(kModule, 4);
  std::set<Container*> used;
  for (u64 client = 0; client < 64; ++client) {
    Container* const first = *Route(pool, PoolQuery::Local(), client);
    CHECK(*Route(pool, PoolQuery::Local(), client) == first);
    CHECK(TryRoute(pool, PoolQuery::Local(), client) == first);
    used.insert(first);
  }
  CHECK(used.size() == 4);
}

TEST_CASE("Route: what does not exist or cannot be done is named") {
  const Refusal cases[] = {
      {PoolQuery(), 2, StatusCode::kBadRequest,
       "pool 512.0: the task's pool query is null"},
      {PoolQuery::DirectId(3), 2, StatusCode::kNotFound,
       "pool 512.0: container 3 of 2"},
      {PoolQuery::DirectId(2), 2, StatusCode::kNotFound,
       "pool 512.0: container 2 of 2"},
      {PoolQuery::Range(2, 3), 2, StatusCode::kNotFound,
       "pool 512.0: range [2, 5) of 2 containers"},
      {PoolQuery::Range(~u32{0}, ~u32{0}), 2, StatusCode::kNotFound,
       "pool 512.0: range [4294967295, 8589934590) of 2 containers"},
      {PoolQuery::Range(1, 0), 2, StatusCode::kBadRequest,
       "pool 512.0: range [1, 1) is empty"},
      {PoolQuery::Physical(9), 2, StatusCode::kNotFound,
       "pool 512.0: node 9 of 1, this is node 0"},
      {PoolQuery::Range(0, 2), 2, StatusCode::kBadRequest,
       "pool 512.0: Range(0, 2) means 2 containers, here one is needed"},
      {PoolQuery::Broadcast(), 3, StatusCode::kBadRequest,
       "pool 512.0: Broadcast() means 3 containers, here one is needed"},
      {PoolQuery::Physical(0), 3, StatusCode::kBadRequest,
       "pool 512.0: Physical(0) means 3 containers, here one is needed"},
  };
  for (const Refusal& refused : cases) {
    const Pool pool = MakePool(kModule, refused.num_containers);
    const auto result = Route(pool, refused.query, 0);
    INFO(refused.message);
    REQUIRE_FALSE(result.ok());
    CHECK(result.status().code() == refused.code);
    CHECK(result.status().message() == refused.message);
    CHECK(TryRoute(pool, refused.query, 0) == nullptr);
  }
}

TEST_CASE("Route: a container on another node is not run here") {
  const Pool pool = MakePool(kModule, 2, NodeSet{{4, 5}, 5});
  CHECK(*Route(pool, PoolQuery::DirectId(2), 0) == pool.local_container(0));
  const auto remote = Route(pool, PoolQuery::DirectId(1), 0);
  CHECK(remote.status().code() == StatusCode::kUnimplemented);
  CHECK(remote.status().message().find("on node 4") != std::string::npos);
  const auto node = Route(pool, PoolQuery::Physical(4), 0);
  CHECK(node.status().code() == StatusCode::kUnimplemented);
  CHECK(Route(pool, PoolQuery::Physical(0), 0).status().code() ==
        StatusCode::kNotFound);
}

TEST_CASE("Route: a number that is no mode is refused") {
  // As a client could write it into the task.
  PoolQuery query = PoolQuery::Local();
  const u32 mode = 99;
  std::memcpy(static_cast<void*>(&query), &mode, sizeof(mode));
  const Pool pool = MakePool(kModule, 1);
  CHECK(TryRoute(pool, query, 0) == nullptr);
  CHECK(Route(pool, query, 0).status().message() ==
        "pool 512.0: 99 is no routing mode");
}

TEST_CASE("RouteSeveral: ranges, everything, and what a node has") {
  const Pool pool = MakePool(kModule, 4);
  const auto span = [&pool](const PoolQuery& query) {
    const auto found = RouteSeveral(pool, query);
    REQUIRE(found.ok());
    return std::make_pair(found->first, found->count);
  };
  using Span = std::pair<u32, u32>;
  CHECK(span(PoolQuery::Range(1, 3)) == Span(1, 3));
  CHECK(span(PoolQuery::Range(2, 1)) == Span(2, 1));
  CHECK(span(PoolQuery::Broadcast()) == Span(0, 4));
  CHECK(span(PoolQuery::Physical(0)) == Span(0, 4));
  CHECK(RouteSeveral(pool, PoolQuery::Range(0, 0)).status().code() ==
        StatusCode::kBadRequest);
  CHECK(RouteSeveral(pool, PoolQuery::Range(4, 1)).status().message() ==
        "pool 512.0: range [4, 5) of 4 containers");
  CHECK(RouteSeveral(pool, PoolQuery::Physical(1)).status().code() ==
        StatusCode::kNotFound);
}

TEST_CASE("RouteSeveral: containers of other nodes are not left out") {
  const Pool pool = MakePool(kModule, 2, NodeSet{{4, 5}, 5});
  const auto here = RouteSeveral(pool, PoolQuery::Physical(5));
  REQUIRE(here.ok());
  CHECK(here->first == 2);
  CHECK(here->count == 2);
  CHECK(RouteSeveral(pool, PoolQuery::Range(2, 2)).ok());
  for (const PoolQuery& query : {PoolQuery::Broadcast(), PoolQuery::Range(1, 2),
                                 PoolQuery::Physical(4)}) {
    CHECK(RouteSeveral(pool, query).status().code() ==
          StatusCode::kUnimplemented);
  }
}

TEST_CASE("RouteDecided: a method must not stay Dynamic") {
  const Pool pool = MakePool(kModule, 1);
  CHECK(Route(pool, PoolQuery::Dynamic(), 0).ok());
  CHECK(RouteDecided(pool, PoolQuery::Dynamic(), 0).status().code() ==
        StatusCode::kBadRequest);
  CHECK(*RouteDecided(pool, PoolQuery::Local(), 0) == pool.container(0));
}

}  // namespace
}  // namespace chi

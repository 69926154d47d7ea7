// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Blocks of containers on one node and on several.

#include "chimaera/core/address_table.h"

#include "support/catch.h"

namespace chi {
namespace {

TEST_CASE("AddressTable: one node holds everything") {
  const AddressTable table(NodeSet{}, 3);
  CHECK(table.num_containers() == 3);
  CHECK(table.num_local() == 3);
  for (u32 id = 0; id < 3; ++id) {
    CHECK(table.NodeOf(id) == NodeId{0});
    CHECK(table.LocalIndexOf(id) == id);
    CHECK(table.GlobalIdOf(id) == id);
  }
  CHECK_FALSE(table.NodeOf(3));
  CHECK_FALSE(table.LocalIndexOf(3));
  CHECK_FALSE(table.GlobalIdOf(3));
}

TEST_CASE("AddressTable: each node holds a block of ids and counts from 0") {
  const AddressTable table(NodeSet{{7, 3, 5}, 3}, 2);
  CHECK(table.num_containers() == 6);
  CHECK(table.num_local() == 2);
  CHECK(table.NodeOf(1) == NodeId{7});
  CHECK(table.NodeOf(2) == NodeId{3});
  CHECK(table.NodeOf(5) == NodeId{5});
  CHECK_FALSE(table.LocalIndexOf(1));
  CHECK(table.LocalIndexOf(2) == 0u);
  CHECK(table.LocalIndexOf(3) == 1u);
  CHECK_FALSE(table.LocalIndexOf(4));
  CHECK(table.GlobalIdOf(1) == ContainerId{3});
}

TEST_CASE("AddressTable: every local index and its id name each other") {
  const AddressTable table(NodeSet{{0, 1, 2, 3}, 2}, 5);
  for (u32 local = 0; local < table.num_local(); ++local) {
    CHECK(table.LocalIndexOf(*table.GlobalIdOf(local)) == local);
  }
}

TEST_CASE("AddressTable: a range names the nodes that hold it, each once") {
  const AddressTable table(NodeSet{{7, 3, 5}, 3}, 2);
  CHECK(table.NodesOf(1, 2) == std::vector<NodeId>{7, 3});
  CHECK(table.NodesOf(4, 1) == std::vector<NodeId>{5});
  CHECK(table.NodesOf(0, 0).empty());
  CHECK(table.NodesOf(5, ~u32{0}) == std::vector<NodeId>{5});
}

}  // namespace
}  // namespace chi

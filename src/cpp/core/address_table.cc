// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Containers of one pool, dealt out over the nodes in blocks.

#include "chimaera/core/address_table.h"

#include <algorithm>

#include "chimaera/base/check.h"

namespace chi {

AddressTable::AddressTable(const NodeSet& nodes, u32 per_node)
    : self_(nodes.self) {
  CHI_CHECK(nodes.Contains(nodes.self), "node {} is not in the set", self_);
  const u64 total = u64{per_node} * nodes.nodes.size();
  CHI_CHECK(total < kNotHere, "{} containers", total);
  node_of_.reserve(total);
  local_of_.reserve(total);
  for (const NodeId node : nodes.nodes) {
    for (u32 i = 0; i < per_node; ++i) {
      if (node == self_) global_of_.push_back(num_containers());
      local_of_.push_back(node == self_ ? i : kNotHere);
      node_of_.push_back(node);
    }
  }
}

std::optional<NodeId> AddressTable::NodeOf(ContainerId id) const {
  if (id >= node_of_.size()) return std::nullopt;
  return node_of_[id];
}

std::optional<ContainerId> AddressTable::GlobalIdOf(u32 local) const {
  if (local >= global_of_.size()) return std::nullopt;
  return global_of_[local];
}

std::vector<NodeId> AddressTable::NodesOf(ContainerId first, u32 count) const {
  std::vector<NodeId> nodes;
  const u64 end = std::min<u64>(u64{first} + count, node_of_.size());
  for (u64 id = first; id < end; ++id) {
    if (std::find(nodes.begin(), nodes.end(), node_of_[id]) == nodes.end()) {
      nodes.push_back(node_of_[id]);
    }
  }
  return nodes;
}

}  // namespace chi

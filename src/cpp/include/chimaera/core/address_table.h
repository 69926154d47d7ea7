// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Where the containers of one pool are. Ids count over all nodes; each node
// holds some of them and counts its own from 0 as well.

#ifndef CHIMAERA_CORE_ADDRESS_TABLE_H_
#define CHIMAERA_CORE_ADDRESS_TABLE_H_

#include <optional>
#include <vector>

#include "chimaera/base/types.h"
#include "chimaera/core/node_set.h"
#include "chimaera/ipc/ids.h"

namespace chi {

/// Immutable: a pool whose containers move gets another table.
class AddressTable {
 public:
  /// `per_node` containers on each node: the first node of the set has the
  /// ids 0 to per_node - 1, the second the following ones.
  /// REQUIRES: the set contains its own node; all ids fit.
  AddressTable(const NodeSet& nodes, u32 per_node);

  NodeId self() const { return self_; }
  /// Containers on all nodes.
  u32 num_containers() const { return static_cast<u32>(node_of_.size()); }
  /// Containers on this node.
  u32 num_local() const { return static_cast<u32>(global_of_.size()); }

  /// The node that holds container `id`; nothing if there is no such one.
  std::optional<NodeId> NodeOf(ContainerId id) const;
  /// Which of this node's containers `id` is; nothing if it is not here.
  std::optional<u32> LocalIndexOf(ContainerId id) const {
    if (id >= local_of_.size() || local_of_[id] == kNotHere) return {};
    return local_of_[id];
  }
  /// The id of this node's container `local`; nothing if there is none.
  std::optional<ContainerId> GlobalIdOf(u32 local) const;
  /// The nodes that hold containers [first, first + count), each once.
  std::vector<NodeId> NodesOf(ContainerId first, u32 count) const;

 private:
  static constexpr u32 kNotHere = ~u32{0};

  // Constant after construction.
  NodeId self_;
  std::vector<NodeId> node_of_;         // by id
  std::vector<u32> local_of_;           // by id; kNotHere elsewhere
  std::vector<ContainerId> global_of_;  // by local index
};

}  // namespace chi

#endif  // CHIMAERA_CORE_ADDRESS_TABLE_H_

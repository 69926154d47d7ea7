// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The nodes of the system and which of them this is. Plain data: whoever knows
// the network fills it; a runtime on its own is node 0 of one.

#ifndef CHIMAERA_CORE_NODE_SET_H_
#define CHIMAERA_CORE_NODE_SET_H_

#include <algorithm>
#include <vector>

#include "chimaera/base/types.h"
#include "chimaera/ipc/ids.h"

namespace chi {

struct NodeSet {
  /// Every node once. Containers are dealt out in this order, so that it is
  /// the same on all nodes.
  std::vector<NodeId> nodes{0};
  NodeId self = 0;

  bool Contains(NodeId node) const {
    return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
  }
};

}  // namespace chi

#endif  // CHIMAERA_CORE_NODE_SET_H_

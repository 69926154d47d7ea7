// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The queries, one by one.

#include "chimaera/core/router.h"

#include <algorithm>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/base/status.h"

namespace chi {
namespace {

Result<Container*> OneContainer(const Pool& pool, ContainerId id) {
  if (Container* container = pool.container(id)) return container;
  const auto node = pool.addresses().NodeOf(id);
  if (!node) {
    return Status::NotFound(Format("pool {}: container {} of {}", pool.id(), id,
                                   pool.num_containers()));
  }
  return Status::Unimplemented(
      Format("pool {}: container {} is on node {}; this is node {} and sends "
             "no tasks to others",
             pool.id(), id, *node, pool.addresses().self()));
}

Result<Container*> SeveralContainers(const Pool& pool, const PoolQuery& query,
                                     u32 count) {
  return Status::Unimplemented(
      Format("pool {}: {} means {} containers; a task runs on one", pool.id(),
             query.ToString(), count));
}

Result<Container*> RouteRange(const Pool& pool, const PoolQuery& query) {
  const u32 first = query.GetRangeOffset();
  const u32 count = query.GetRangeCount();
  const u64 end = u64{first} + count;
  if (count == 0) {
    return Status::BadRequest(
        Format("pool {}: range [{}, {}) is empty", pool.id(), first, end));
  }
  if (end > pool.num_containers()) {
    return Status::NotFound(Format("pool {}: range [{}, {}) of {} containers",
                                   pool.id(), first, end,
                                   pool.num_containers()));
  }
  if (count > 1) return SeveralContainers(pool, query, count);
  return OneContainer(pool, first);
}

Result<Container*> RoutePhysical(const Pool& pool, const PoolQuery& query,
                                 u64 client_id) {
  const NodeId node = query.GetNodeId();
  const AddressTable& addresses = pool.addresses();
  if (node == addresses.self()) {
    return pool.local_container(LocalIndexFor(pool, client_id));
  }
  const std::vector<NodeId> nodes =
      addresses.NodesOf(0, addresses.num_containers());
  if (std::find(nodes.begin(), nodes.end(), node) == nodes.end()) {
    return Status::NotFound(Format("pool {}: node {} of {}, this is node {}",
                                   pool.id(), node, nodes.size(),
                                   addresses.self()));
  }
  return Status::Unimplemented(
      Format("pool {}: node {} is another node; this is node {} and sends no "
             "tasks to others",
             pool.id(), node, addresses.self()));
}

}  // namespace

Result<Container*> Route(const Pool& pool, const PoolQuery& query,
                         u64 client_id) {
  switch (query.GetRoutingMode()) {
    case RoutingMode::Null:
      return Status::BadRequest(
          Format("pool {}: the task's pool query is null", pool.id()));
    case RoutingMode::Local:
    case RoutingMode::Dynamic:
      return pool.local_container(LocalIndexFor(pool, client_id));
    case RoutingMode::DirectId:
      return OneContainer(pool, query.GetContainerId());
    case RoutingMode::DirectHash:
      return OneContainer(pool, query.GetHash() % pool.num_containers());
    case RoutingMode::Range:
      return RouteRange(pool, query);
    case RoutingMode::Broadcast:
      if (pool.num_containers() == 1) return OneContainer(pool, 0);
      return SeveralContainers(pool, query, pool.num_containers());
    case RoutingMode::Physical:
      return RoutePhysical(pool, query, client_id);
  }
  // The number came from shared memory: it need not be one of the above.
  return Status::BadRequest(Format("pool {}: {} is no routing mode", pool.id(),
                                   static_cast<u32>(query.GetRoutingMode())));
}

Result<Container*> RouteDecided(const Pool& pool, const PoolQuery& query,
                                u64 client_id) {
  if (query.IsDynamicMode()) {
    return Status::BadRequest(
        Format("pool {}: the method was asked where to run and left the query "
               "Dynamic",
               pool.id()));
  }
  return Route(pool, query, client_id);
}

}  // namespace chi

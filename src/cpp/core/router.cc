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

Result<ContainerSpan> SpanOfRange(const Pool& pool, const PoolQuery& query) {
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
  return ContainerSpan{first, count};
}

// A node's containers have consecutive ids.
Result<ContainerSpan> SpanOfNode(const Pool& pool, NodeId node) {
  const AddressTable& addresses = pool.addresses();
  if (node == addresses.self()) {
    return ContainerSpan{*addresses.GlobalIdOf(0), addresses.num_local()};
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

Result<ContainerSpan> SpanOf(const Pool& pool, const PoolQuery& query) {
  if (query.IsRangeMode()) return SpanOfRange(pool, query);
  if (query.IsPhysicalMode()) return SpanOfNode(pool, query.GetNodeId());
  return ContainerSpan{0, pool.num_containers()};
}

Result<Container*> OnlyContainer(const Pool& pool, const PoolQuery& query) {
  CHI_ASSIGN_OR_RETURN(const ContainerSpan span, SpanOf(pool, query));
  if (span.count == 1) return OneContainer(pool, span.first);
  return Status::BadRequest(
      Format("pool {}: {} means {} containers, here one is needed", pool.id(),
             query.ToString(), span.count));
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
    case RoutingMode::Broadcast:
    case RoutingMode::Physical:
      return OnlyContainer(pool, query);
  }
  // The number came from shared memory: it need not be one of the above.
  return Status::BadRequest(Format("pool {}: {} is no routing mode", pool.id(),
                                   static_cast<u32>(query.GetRoutingMode())));
}

Result<ContainerSpan> RouteSeveral(const Pool& pool, const PoolQuery& query) {
  CHI_ASSIGN_OR_RETURN(const ContainerSpan span, SpanOf(pool, query));
  for (u32 i = 0; i < span.count; ++i) {
    CHI_RETURN_IF_ERROR(OneContainer(pool, span.first + i).status());
  }
  return span;
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

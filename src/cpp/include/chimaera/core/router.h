// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// From a query to a container. Every query either names containers that exist
// or is an error; nothing is silently run here that was meant for elsewhere.

#ifndef CHIMAERA_CORE_ROUTER_H_
#define CHIMAERA_CORE_ROUTER_H_

#include "chimaera/base/result.h"
#include "chimaera/base/types.h"
#include "chimaera/core/container.h"
#include "chimaera/core/pool.h"
#include "chimaera/ipc/pool_query.h"

namespace chi {

/// Which of this node's containers serves `client_id` under Local: always the
/// same one, spread over clients.
inline u32 LocalIndexFor(const Pool& pool, u64 client_id) {
  const u32 count = pool.num_local();
  if (__builtin_expect(count == 1, 1)) return 0;
  return static_cast<u32>(((client_id * 0x9e3779b97f4a7c15) >> 32) % count);
}

/// The container on this node that `query` means, for a task of `client_id`.
/// Dynamic counts as Local: the caller runs the method once with
/// kDynamicSchedule and routes what it wrote with RouteDecided.
///
/// kBadRequest: null query, an unknown mode, an empty range, a query that means
/// several containers. kNotFound: a container, range or node outside the pool.
/// kUnimplemented: a container on another node.
Result<Container*> Route(const Pool& pool, const PoolQuery& query,
                         u64 client_id);

/// Containers [first, first + count).
struct ContainerSpan {
  ContainerId first = 0;
  u32 count = 0;
};

/// Whether `query` may mean several containers: Range, Broadcast, Physical.
inline bool MayMeanSeveral(const PoolQuery& query) {
  return query.IsRangeMode() || query.IsBroadcastMode() ||
         query.IsPhysicalMode();
}

/// The containers, at least one and all of this node, that such a query means.
/// Errors as above. REQUIRES: MayMeanSeveral(query).
Result<ContainerSpan> RouteSeveral(const Pool& pool, const PoolQuery& query);

/// Route for the query a method has chosen: kBadRequest if it is still Dynamic.
Result<Container*> RouteDecided(const Pool& pool, const PoolQuery& query,
                                u64 client_id);

/// The answer of Route for the two commonest cases, in a few instructions;
/// null where Route has to decide.
inline Container* TryRoute(const Pool& pool, const PoolQuery& query,
                           u64 client_id) {
  if (__builtin_expect(query.IsLocalMode(), 1)) {
    return pool.local_container(LocalIndexFor(pool, client_id));
  }
  return query.IsDirectIdMode() ? pool.container(query.GetContainerId())
                                : nullptr;
}

}  // namespace chi

#endif  // CHIMAERA_CORE_ROUTER_H_

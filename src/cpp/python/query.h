// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Routing as it crosses from Python: chimaera.PoolQuery is a tuple of mode and
// two numbers, with the values of chi::RoutingMode.

#ifndef CHIMAERA_PYTHON_QUERY_H_
#define CHIMAERA_PYTHON_QUERY_H_

#include <tuple>

#include "chimaera/base/format.h"
#include "chimaera/ipc/ids.h"
#include "chimaera/ipc/pool_query.h"
#include "python/errors.h"
#include "python/pybind.h"

namespace chi::python {

using QueryTuple = std::tuple<u32, u32, u32>;

/// The major and minor number of a pool id.
using PoolIdTuple = std::tuple<u32, u32>;

inline PoolId ToPoolId(const PoolIdTuple& id) {
  return PoolId(std::get<0>(id), std::get<1>(id));
}

inline PoolIdTuple FromPoolId(PoolId id) {
  return PoolIdTuple(id.major_, id.minor_);
}

/// Raises BadRequestError for a mode that nobody has defined.
inline PoolQuery ToQuery(const QueryTuple& query) {
  const auto [mode, first, second] = query;
  switch (static_cast<RoutingMode>(mode)) {
    case RoutingMode::Null:
      return PoolQuery();
    case RoutingMode::Local:
      return PoolQuery::Local();
    case RoutingMode::DirectId:
      return PoolQuery::DirectId(first);
    case RoutingMode::DirectHash:
      return PoolQuery::DirectHash(first);
    case RoutingMode::Range:
      return PoolQuery::Range(first, second);
    case RoutingMode::Broadcast:
      return PoolQuery::Broadcast();
    case RoutingMode::Physical:
      return PoolQuery::Physical(first);
    case RoutingMode::Dynamic:
      return PoolQuery::Dynamic();
  }
  Throw(Status::BadRequest(Format("routing mode {}", mode)));
}

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_QUERY_H_

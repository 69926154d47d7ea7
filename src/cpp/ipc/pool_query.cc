// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Queries as words, for messages and compose files.

#include "chimaera/ipc/pool_query.h"

#include "chimaera/base/format.h"

namespace chi {

std::string PoolQuery::ToString() const {
  switch (GetRoutingMode()) {
    case RoutingMode::Null:
      return "null query";
    case RoutingMode::Local:
      return "Local()";
    case RoutingMode::DirectId:
      return Format("DirectId({})", first_);
    case RoutingMode::DirectHash:
      return Format("DirectHash({})", first_);
    case RoutingMode::Range:
      return Format("Range({}, {})", first_, second_);
    case RoutingMode::Broadcast:
      return "Broadcast()";
    case RoutingMode::Physical:
      return Format("Physical({})", first_);
    case RoutingMode::Dynamic:
      return "Dynamic()";
  }
  return Format("query of unknown mode {}", mode_);
}

std::optional<PoolQuery> PoolQuery::Parse(std::string_view word) {
  if (word == "local") return Local();
  if (word == "dynamic") return Dynamic();
  if (word == "broadcast") return Broadcast();
  return std::nullopt;
}

}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The methods of one pool, for those that keep something of each.

#ifndef CHIMAERA_CORE_METHOD_ROWS_H_
#define CHIMAERA_CORE_METHOD_ROWS_H_

#include <vector>

#include "chimaera/core/method_table.h"
#include "chimaera/core/module_manager.h"

namespace chi {

/// Null: there are none. All containers of a pool have the same ones.
inline const MethodTable* MethodsOf(
    const std::vector<ContainerPtr>& containers) {
  const bool has_methods = !containers.empty() && containers[0]->has_methods();
  return has_methods ? &containers[0]->methods() : nullptr;
}

inline u64 NumRows(const MethodTable* methods) {
  return methods == nullptr
             ? 0
             : static_cast<u64>(methods->end() - methods->begin());
}

}  // namespace chi

#endif  // CHIMAERA_CORE_METHOD_ROWS_H_

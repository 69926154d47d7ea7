// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// chi::hash_map, the module guide's name for a map in private memory. Not
// synchronised: containers that share one protect it.

#ifndef CHIMAERA_BASE_HASH_MAP_H_
#define CHIMAERA_BASE_HASH_MAP_H_

#include <functional>
#include <unordered_map>

namespace chi {

template <typename Key, typename T, typename Hash = std::hash<Key>>
using hash_map = std::unordered_map<Key, T, Hash>;

}  // namespace chi

#endif  // CHIMAERA_BASE_HASH_MAP_H_

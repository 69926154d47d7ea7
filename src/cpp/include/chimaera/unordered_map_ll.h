// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Forwarder: the module guide's path of base/unordered_map_ll.h.

#ifndef CHIMAERA_UNORDERED_MAP_LL_H_
#define CHIMAERA_UNORDERED_MAP_LL_H_

#include "chimaera/base/unordered_map_ll.h"

#endif  // CHIMAERA_UNORDERED_MAP_LL_H_

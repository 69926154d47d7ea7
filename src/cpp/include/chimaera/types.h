// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Forwarder: the module guide's path of base/types.h, with the containers that
// it names beside them.

#ifndef CHIMAERA_TYPES_H_
#define CHIMAERA_TYPES_H_

#include "chimaera/base/hash_map.h"
#include "chimaera/base/types.h"
#include "chimaera/ipc/ids.h"
#include "chimaera/shm/hipc.h"

#endif  // CHIMAERA_TYPES_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Forwarder: the module guide's path of core/config.h, where PoolConfig is.

#ifndef CHIMAERA_CONFIG_MANAGER_H_
#define CHIMAERA_CONFIG_MANAGER_H_

#include "chimaera/core/config.h"

#endif  // CHIMAERA_CONFIG_MANAGER_H_

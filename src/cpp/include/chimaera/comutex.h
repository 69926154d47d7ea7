// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The module guide's path of chimaera/sched/comutex.h.

#ifndef CHIMAERA_COMUTEX_H_
#define CHIMAERA_COMUTEX_H_

#include "chimaera/sched/comutex.h"

#endif  // CHIMAERA_COMUTEX_H_

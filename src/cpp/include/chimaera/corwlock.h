// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The module guide's path of chimaera/sched/corwlock.h.

#ifndef CHIMAERA_CORWLOCK_H_
#define CHIMAERA_CORWLOCK_H_

#include "chimaera/sched/corwlock.h"

#endif  // CHIMAERA_CORWLOCK_H_

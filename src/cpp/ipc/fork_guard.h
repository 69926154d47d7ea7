// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Tells the child of a fork from its parent without a system call.

#ifndef CHIMAERA_IPC_FORK_GUARD_H_
#define CHIMAERA_IPC_FORK_GUARD_H_

#include "chimaera/base/types.h"

namespace chi {

/// How often this process descends from itself by fork(), counted from the
/// first call: an object that remembers the number it was made under is in a
/// forked child when the number differs.
[[nodiscard]] u32 ForkGeneration();

}  // namespace chi

#endif  // CHIMAERA_IPC_FORK_GUARD_H_

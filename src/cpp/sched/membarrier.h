// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A fence on all threads of the process at once, paid by the one who asks
// (Linux membarrier(2), private and expedited): the others need none.

#ifndef CHIMAERA_SCHED_MEMBARRIER_H_
#define CHIMAERA_SCHED_MEMBARRIER_H_

namespace chi {

/// To be called before the first Membarrier. False if the kernel has none.
bool RegisterMembarrier();

/// When it returns, every thread has passed a full fence since the call.
/// REQUIRES: RegisterMembarrier succeeded.
void Membarrier();

}  // namespace chi

#endif  // CHIMAERA_SCHED_MEMBARRIER_H_

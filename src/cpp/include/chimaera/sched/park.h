// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Parking for whoever calls: a method's fiber, or else the thread itself. What
// is built on it serves methods and the runtime's other threads alike.

#ifndef CHIMAERA_SCHED_PARK_H_
#define CHIMAERA_SCHED_PARK_H_

#include "chimaera/base/clock.h"
#include "chimaera/base/status.h"
#include "chimaera/sched/worker.h"

namespace chi {

/// The clock that the caller's deadlines are measured on.
const Clock& ParkClock();

/// Worker::Park in a method. A thread that is no worker blocks; it is never
/// cancelled. REQUIRES: `run` was made by the caller; not in a job of a worker
/// (Worker::Inject), which must not block.
[[nodiscard]] Status ParkHere(ParkedRun& run, u64 deadline_ns);

/// Worker::ParkForCertain in a method; a thread blocks.
void ParkHereForCertain(ParkedRun& run);

}  // namespace chi

#endif  // CHIMAERA_SCHED_PARK_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Subtasks that run at the same time on several workers, for a run that stands
// for all of them: what it may see of its client's memory, they may see too.
// In return it does not end before they have.

#ifndef CHIMAERA_SCHED_REPLICAS_H_
#define CHIMAERA_SCHED_REPLICAS_H_

#include <vector>

#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/ipc/task.h"
#include "chimaera/shm/hipc.h"

namespace chi {

/// To be called before replicas are made: afterwards AwaitReplicas can park,
/// provided that nothing else of this run does so in between. An error says
/// that the run has to end, or that no run can park now.
[[nodiscard]] Status PrepareReplicas();

/// Submits a task in private memory to the worker `step` on from this one. The
/// caller waits for it with AwaitReplicas. REQUIRES: in a run of a worker.
void SubmitReplica(hipc::FullPtr<Task> replica, u32 step);

/// Parks until all are done. An error says that the run has to end meanwhile;
/// also then they are done.
[[nodiscard]] Status AwaitReplicas(
    const std::vector<hipc::FullPtr<Task>>& replicas);

}  // namespace chi

#endif  // CHIMAERA_SCHED_REPLICAS_H_

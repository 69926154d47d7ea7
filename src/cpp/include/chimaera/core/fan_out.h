// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One task for several containers: it is copied for each of them, the copies
// run, and their results are combined into the task.

#ifndef CHIMAERA_CORE_FAN_OUT_H_
#define CHIMAERA_CORE_FAN_OUT_H_

#include "chimaera/base/status.h"
#include "chimaera/core/pool.h"
#include "chimaera/core/router.h"
#include "chimaera/ipc/task.h"
#include "chimaera/sched/run_context.h"

namespace chi {

/// At most so many copies of one task exist at a time.
inline constexpr u32 kFanOutWindow = 64;

/// Runs `origin` in each container of `span`, all on this node, and combines
/// the results in the order of the containers (Container::Aggregate). Parks.
///
/// A copy that fails does not keep the others from running; the error is then
/// that of the failed container with the lowest id, with its number and how
/// many have failed, and the results in `origin` mean nothing. Where the run
/// has to end, the copies that have begun end first.
///
/// Copies of a client's task are spread over the workers, each a lock group of
/// its own. Those of a task made inside the runtime stay in its group, for
/// whose locks it may be waited for, and so on its worker.
[[nodiscard]] Status FanOut(const Pool& pool, ContainerSpan span,
                            hipc::FullPtr<Task> origin, RunContext& ctx);

}  // namespace chi

#endif  // CHIMAERA_CORE_FAN_OUT_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The answer of most methods to a dynamic query.

#ifndef CHIMAERA_ADMIN_ROUTE_HERE_H_
#define CHIMAERA_ADMIN_ROUTE_HERE_H_

#include "chimaera/ipc/pool_query.h"
#include "chimaera/ipc/task.h"
#include "chimaera/sched/run_context.h"

namespace chimaera {

/// True if the method is only asked where it wants to run: here. It then
/// returns without doing anything, and is called again for the work.
inline bool RouteHere(chi::Task& task, const chi::RunContext& rctx) {
  if (rctx.exec_mode != chi::ExecMode::kDynamicSchedule) return false;
  task.pool_query_ = chi::PoolQuery::Local();
  return true;
}

}  // namespace chimaera

#endif  // CHIMAERA_ADMIN_ROUTE_HERE_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The way of a task with a stamp: recorded, and run like any other.

#include "chimaera/core/dispatcher.h"
#include "chimaera/sched/tracer.h"

namespace chi {
namespace {

// As far as they are known; what is wrong is said by who runs it.
TracedRun::Names NamesOf(const Pool* pool, const TaskHeader& header) {
  TracedRun::Names names;
  if (pool == nullptr) return names;
  names.pool = pool->name();
  if (pool->num_local() == 0) return names;
  const MethodRow* const row =
      pool->local_container(0)->methods().Find(header.method_);
  if (row != nullptr) names.method = row->name;
  return names;
}

}  // namespace

Status Dispatcher::RunTraced(SubmittedTask& submitted, u64 rest,
                             RunContext& ctx) const {
  TaskHeader& header = submitted.header;
  header.task_flags_.UnsetBits(TASK_TRACED);
  TracedRun run(*submitted.shared, header,
                NamesOf(pools_.Find(header.pool_id_), header), ctx);
  const bool is_usual =
      !header.IsPeriodic() && header.pool_query_.IsLocalMode();
  Status outcome = is_usual ? RunOnce(submitted, rest, ctx)
                            : RunUnusual(submitted, rest, ctx);
  run.SetOutcome(outcome.code_value());
  return outcome;
}

Status Dispatcher::RunInternalTraced(hipc::FullPtr<Task> task,
                                     RunContext& ctx) const {
  task->task_flags_.UnsetBits(TASK_TRACED);
  TracedRun run(*task, *task, NamesOf(pools_.Find(task->pool_id_), *task), ctx);
  Status outcome = RunInternalAsOften(task, ctx);
  const u32 code = outcome.ok() ? task->return_code_ : outcome.code_value();
  run.SetOutcome(code);
  return outcome;
}

}  // namespace chi

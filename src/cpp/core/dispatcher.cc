// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The order of things for a client's task: its address is checked, its first
// line copied, and from then on only the copy counts. Whatever happens next,
// one store at the end gives the shared task its outcome.

#include "chimaera/core/dispatcher.h"

#include <algorithm>
#include <climits>

#include "chimaera/base/format.h"
#include "chimaera/base/random.h"
#include "chimaera/base/tsan.h"
#include "chimaera/core/fan_out.h"
#include "chimaera/core/module_call.h"
#include "chimaera/core/router.h"
#include "chimaera/ipc/life_word.h"
#include "chimaera/ipc/session.h"
#include "chimaera/ipc/thread_port.h"
#include "chimaera/sched/worker.h"
#include "core/periodic.h"

namespace chi {
namespace {

// Runs of this thread until one is measured. Counts down at random lengths, so
// that methods that come in a pattern all have their turn.
__thread u32 runs_until_sample __attribute__((tls_model("initial-exec"))) = 1;

// Gives the client's task its one outcome, unless it is not this worker's any
// more.
inline void Finish(const RunContext& ctx, Task& shared, const Status& outcome) {
  Session& session = *ctx.session;
  TaskState done = TaskState::kDone;
  if (__builtin_expect(outcome.ok(), 1)) {
    shared.return_code_ = 0;
  } else {
    if (ctx.handed_over) return;
    shared.SetError(outcome.code_value(), outcome.message());
    done = TaskState::kDoneWithText;
  }
  TsanRelease(&session);  // the client may use its memory again
  const TaskState old = FinishState(shared.state_, done);
  if (__builtin_expect(IsAwaited(old), 0)) {
    FutexWake(&shared.state_, INT_MAX);
  }
}

// Nearly all tasks: one run, by a container of this node.
bool IsUsual(const TaskHeader& header) {
  return __builtin_expect(
      !header.IsPeriodic() && header.pool_query_.IsLocalMode(), 1);
}

// The error that a method has written into a task of the runtime's own.
Status ErrorOf(const Task& task) {
  const u32 size = std::min(task.text_size_, Task::kTextCapacity);
  return Status::FromCode(task.return_code_, std::string(task.text_, size));
}

std::string NameOf(const Container& container, const MethodRow& row) {
  return Format("pool {} ({}): {}", container.pool_id_, container.pool_name_,
                row.name);
}

Status TooSmall(const MethodRow& row, ShmPtr pointer, u64 rest) {
  return Status::BadRequest(Format("{} needs a task of {} bytes, at {} are {}",
                                   row.name, row.task_size, pointer, rest));
}

}  // namespace

// Errors, and the queries that take more than a look into a table.
Status Dispatcher::FindSlowly(const TaskHeader& header, const Pool* pool,
                              RunContext& ctx, Container** container) const {
  if (pool == nullptr) {
    return Status::NotFound(Format("pool {}", header.pool_id_));
  }
  Result<Container*> routed =
      ctx.exec_mode == ExecMode::kExec
          ? RouteDecided(*pool, header.pool_query_, ctx.client_id)
          : Route(*pool, header.pool_query_, ctx.client_id);
  if (!routed.ok()) return routed.status();
  *container = *routed;
  return Status();
}

__attribute__((always_inline)) inline Status Dispatcher::Find(
    const TaskHeader& header, RunContext& ctx, const MethodRow** row) const {
  const PoolQuery query = header.pool_query_;
  const PoolManager::Place& place = pools_.FindPlace(header.pool_id_);
  Pool* const pool = place.pool;
  Container* container = query.IsLocalMode() ? place.only : nullptr;
  if (__builtin_expect(container == nullptr, 0) && pool != nullptr) {
    container = TryRoute(*pool, query, ctx.client_id);
  }
  if (__builtin_expect(container == nullptr, 0)) {
    Container* found = nullptr;
    CHI_RETURN_IF_ERROR(FindSlowly(header, pool, ctx, &found));
    container = found;
  }
  ctx.container = container;
  ctx.held_runs = pool->held_runs_counter();
  const MethodRow* method = container->methods().Find(header.method_);
  if (__builtin_expect(method == nullptr, 0)) {
    return container->UnknownMethod(header.method_);
  }
  ctx.method = method;
  *row = method;
  return Status();
}

void Dispatcher::RunSubmitted(ShmPtr pointer, RunContext& ctx) {
  Session& session = *ctx.session;
  if (__builtin_expect(session.cut_off(), 0)) return;
  TsanAcquire(&session);
  u64 rest = 0;  // and stays 0 if the address is none
  char* where = session.ResolveRest(pointer, &rest);
  if (__builtin_expect(
          rest < sizeof(Task) || pointer.offset() % alignof(Task) != 0, 0)) {
    TakeOddItem(pointer, ctx);
    return;
  }
  Task& shared = *reinterpret_cast<Task*>(where);
  TaskHeader header = ReadHeader(shared);
  ctx.task_id = header.task_id_;
  SubmittedTask submitted{&shared, pointer, &header};
  const Status outcome = IsUsual(header) ? RunOnce(submitted, rest, ctx)
                                         : RunUnusual(submitted, rest, ctx);
  Finish(ctx, shared, outcome);
}

// What is no task: the wish to cancel one, or what no correct client sends.
void Dispatcher::TakeOddItem(ShmPtr item, RunContext& ctx) {
  Session& session = *ctx.session;
  const ShmPtr task = ShmPtr::FromBits(item.bits_ & ~kCancelBit);
  if (item.bits_ != task.bits_ &&
      session.ResolveWritable(task, sizeof(Task)) != nullptr) {
    Worker::Current()->CancelSubmitted(task, ctx);
    return;
  }
  session.Violation(
      Status::ProtocolViolation(Format("no task can lie at {}", item)));
}

// Finds and runs the method. Inlined, since it is the path of every task.
__attribute__((always_inline)) inline Status Dispatcher::RunOnce(
    SubmittedTask& submitted, u64 rest, RunContext& ctx) const {
  const MethodRow* method = nullptr;
  CHI_RETURN_IF_ERROR(Find(*submitted.header, ctx, &method));
  Container& container = *ctx.container;
  const MethodRow& row = *method;
  if (__builtin_expect(rest < row.task_size, 0)) {
    return TooSmall(row, submitted.pointer, rest);
  }
  if (__builtin_expect(container.NeedsCare(row.id), 0)) {
    return RunWithCare(submitted, ctx);
  }
  if (__builtin_expect(--runs_until_sample == 0, 0)) {
    return RunSample(submitted, ctx);
  }
  return CallModule(
      [&] { return NameOf(container, row); },
      [&] { return row.run_submitted(container, submitted, ctx); });
}

Status Dispatcher::Call(RunFn function, SubmittedTask& submitted,
                        RunContext& ctx) {
  Container& container = *ctx.container;
  const MethodRow& row = *ctx.method;
  return CallModule([&] { return NameOf(container, row); },
                    [&] { return function(container, submitted, ctx); });
}

void Dispatcher::RestartSampling() {
  static thread_local SeededRandom random(
      reinterpret_cast<u64>(&runs_until_sample));
  runs_until_sample =
      kRunsPerSample / 2 + static_cast<u32>(random.Next() % kRunsPerSample);
}

Status Dispatcher::RunUnusual(SubmittedTask& submitted, u64 rest,
                              RunContext& ctx) const {
  if (!submitted.header->IsPeriodic()) return RunRouted(submitted, rest, ctx);
  return RunPeriodically(*submitted.header, ctx, [&] {
    TaskHeader header = *submitted.header;
    SubmittedTask once{submitted.shared, submitted.pointer, &header};
    return RunRouted(once, rest, ctx);
  });
}

// A dynamic query runs the method twice: first to hear which query it wants.
Status Dispatcher::RunRouted(SubmittedTask& submitted, u64 rest,
                             RunContext& ctx) const {
  if (submitted.header->pool_query_.IsDynamicMode()) {
    RunPlan plan;
    ctx.plan = &plan;
    ctx.exec_mode = ExecMode::kDynamicSchedule;
    const Status decided = RunOnce(submitted, rest, ctx);
    ctx.plan = nullptr;
    CHI_RETURN_IF_ERROR(decided);
    CHI_RETURN_IF_ERROR(HandOverIfLong(submitted, plan, ctx));
    ctx.exec_mode = ExecMode::kExec;
  }
  return RunDecided(submitted, rest, ctx);
}

Status Dispatcher::FindSeveral(const TaskHeader& header, RunContext& ctx,
                               Several* several) const {
  if (!MayMeanSeveral(header.pool_query_)) return Status();
  Pool* pool = pools_.Find(header.pool_id_);
  if (pool == nullptr) return Status();  // Find says so
  CHI_ASSIGN_OR_RETURN(const ContainerSpan span,
                       RouteSeveral(*pool, header.pool_query_));
  if (span.count == 1) return Status();
  Container& first = *pool->container(span.first);
  ctx.container = &first;
  ctx.held_runs = pool->held_runs_counter();
  ctx.method = first.methods().Find(header.method_);
  if (ctx.method == nullptr) return first.UnknownMethod(header.method_);
  *several = {pool, span};
  return Status();
}

Status Dispatcher::RunDecided(SubmittedTask& submitted, u64 rest,
                              RunContext& ctx) const {
  Several several;
  CHI_RETURN_IF_ERROR(FindSeveral(*submitted.header, ctx, &several));
  if (several.pool == nullptr) return RunOnce(submitted, rest, ctx);
  const MethodRow& row = *ctx.method;
  if (rest < row.task_size) return TooSmall(row, submitted.pointer, rest);
  return CallModule(
      [&] { return NameOf(*ctx.container, row); },
      [&] {
        return row.with_task(submitted, ctx, [&](hipc::FullPtr<Task> origin) {
          return FanOut(*several.pool, several.span, origin, ctx);
        });
      });
}

void Dispatcher::RunInternal(hipc::FullPtr<Task> task, RunContext& ctx) {
  ctx.task_id = task->task_id_;
  task->text_size_ = 0;
  Status status;
  if (!task->IsPeriodic()) {
    status = RunInternalRouted(task, ctx);
  } else {
    const PoolQuery query = task->pool_query_;
    status = RunPeriodically(*task, ctx, [&] {
      task->pool_query_ = query;
      const Status ran = RunInternalRouted(task, ctx);
      return ran.ok() ? ErrorOf(*task) : ran;
    });
  }
  if (!status.ok()) task->SetError(status.code_value(), status.message());
  FinishInternalTask(task);
}

Status Dispatcher::RunInternalRouted(hipc::FullPtr<Task> task,
                                     RunContext& ctx) const {
  if (task->pool_query_.IsDynamicMode()) {
    ctx.exec_mode = ExecMode::kDynamicSchedule;
    CHI_RETURN_IF_ERROR(RunInternalOnce(task, ctx));
    ctx.exec_mode = ExecMode::kExec;
  }
  return RunInternalDecided(task, ctx);
}

Status Dispatcher::RunInternalDecided(hipc::FullPtr<Task> task,
                                      RunContext& ctx) const {
  Several several;
  CHI_RETURN_IF_ERROR(FindSeveral(*task, ctx, &several));
  if (several.pool == nullptr) return RunInternalOnce(task, ctx);
  return FanOut(*several.pool, several.span, task, ctx);
}

Status Dispatcher::RunInternalOnce(hipc::FullPtr<Task> task,
                                   RunContext& ctx) const {
  const MethodRow* method = nullptr;
  CHI_RETURN_IF_ERROR(Find(*task, ctx, &method));
  Container& container = *ctx.container;
  const MethodRow& row = *method;
  RunPlan plan;
  const bool care = container.NeedsCare(row.id);
  if (care && ctx.exec_mode == ExecMode::kExec) BeginMeasuring(plan, ctx);
  const Status ran = CallModule([&] { return NameOf(container, row); },
                                [&] { container.Run(row.id, task, ctx); });
  if (ctx.plan == &plan) EndMeasuring(plan, 1, ctx);
  return ran;
}

}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The order of things for a client's task: its address is checked, its first
// line copied, and from then on only the copy counts. Whatever happens next,
// one store at the end gives the shared task its outcome.

#include "chimaera/core/dispatcher.h"

#include <algorithm>
#include <climits>
#include <new>

#include "chimaera/base/format.h"
#include "chimaera/base/random.h"
#include "chimaera/base/tsan.h"
#include "chimaera/core/fan_out.h"
#include "chimaera/core/module_call.h"
#include "chimaera/core/router.h"
#include "chimaera/core/sampling.h"
#include "chimaera/ipc/life_word.h"
#include "chimaera/ipc/session.h"
#include "chimaera/ipc/thread_port.h"
#include "chimaera/sched/task_counts.h"
#include "chimaera/sched/worker.h"
#include "core/periodic.h"

namespace chi {
namespace {

// Runs of this thread until one is measured. Counts down at random lengths, so
// that methods that come in a pattern all have their turn.
__thread u32 runs_until_sample __attribute__((tls_model("initial-exec"))) = 1;

constexpr char kOutOfMemory[] = "the runtime is out of memory";

// Gives the client's task its one outcome.
inline void Finish(Session& session, Task& shared, TaskState done) {
  TsanRelease(&session);  // the client may use its memory again
  const TaskState old = FinishState(shared.state_, done);
  if (__builtin_expect(IsAwaited(old), 0)) {
    FutexWake(&shared.state_, INT_MAX);
  }
}

bool IsPlain(const TaskHeader& header) {
  return !header.task_flags_.Any(TASK_PERIODIC | TASK_TRACED);
}

// Nearly all tasks: one run, by a container of this node.
bool IsUsual(const TaskHeader& header) {
  return __builtin_expect(IsPlain(header) && header.pool_query_.IsLocalMode(),
                          1);
}

// The error that a method has written into a task of the runtime's own.
std::string_view TextOf(const Task& task) {
  return {task.text_, std::min(task.text_size_, Task::kTextCapacity)};
}
Status ErrorOf(const Task& task) {
  return Status::FromCode(task.return_code_, std::string(TextOf(task)));
}

// Not where a query is decided: the run is still to come.
bool IsRun(const RunContext& ctx) { return ctx.exec_mode == ExecMode::kExec; }

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
  *container = TryRoute(*pool, header.pool_query_, ctx.client_id);
  if (*container != nullptr) return Status();
  Result<Container*> routed =
      ctx.exec_mode == ExecMode::kExec
          ? RouteDecided(*pool, header.pool_query_, ctx.client_id)
          : Route(*pool, header.pool_query_, ctx.client_id);
  if (!routed.ok()) return routed.status();
  *container = *routed;
  return Status();
}

Status Dispatcher::Find(const TaskHeader& header, RunContext& ctx,
                        const MethodRow** row) const {
  ctx.method = nullptr;  // that of an earlier run, which has been counted
  const PoolQuery query = header.pool_query_;
  const PoolManager::Place& place = pools_.FindPlace(header.pool_id_);
  Container* container = query.IsLocalMode() ? place.only : nullptr;
  if (container == nullptr) {
    CHI_RETURN_IF_ERROR(FindSlowly(header, place.pool, ctx, &container));
  }
  ctx.container = container;
  ctx.method = container->methods().Find(header.method_);
  if (ctx.method == nullptr) return container->UnknownMethod(header.method_);
  *row = ctx.method;
  return Status();
}

// The task is one of its method's.
void Dispatcher::CountBegun(const RunContext& ctx) {
  CountTask(ctx.container->record().first_count + ctx.method->id);
}

void Dispatcher::CountEnd(const RunContext& ctx, StatusCode end) {
  if (ctx.container == nullptr) return;  // not begun: EndSubmitted counts
  RunEnds* const ends = ctx.container->run_ends();
  if (ends != nullptr) ends->Count(end);
}

std::atomic<u64>* Dispatcher::HeldRuns(const RunContext& ctx) {
  return ctx.container == nullptr ? nullptr : ctx.container->held_runs();
}

void Dispatcher::RunSubmitted(ShmPtr pointer, RunContext& ctx) {
  Session& session = *ctx.session;
  TsanAcquire(&session);
  u64 rest = 0;
  char* where = nullptr;
  if (__builtin_expect(
          !session.ResolveTask(pointer, sizeof(Task), &where, &rest) ||
              pointer.offset() % alignof(Task) != 0,
          0)) {
    TakeOddItem(pointer, ctx);
    return;
  }
  Task& shared = *reinterpret_cast<Task*>(where);
  SubmittedTask submitted{&shared, pointer, ReadHeader(shared)};
  ctx.task_id = submitted.header.task_id_;
  try {
    const Status outcome = IsUsual(submitted.header)
                               ? RunHere(submitted, rest, ctx)
                               : RunUnusual(submitted, rest, ctx);
    if (__builtin_expect(!outcome.ok(), 0)) {
      FinishWith(outcome, submitted, ctx);
      return;
    }
  } catch (const std::bad_alloc&) {
    FinishWith(static_cast<u32>(StatusCode::kNoMemory), kOutOfMemory, submitted,
               ctx);
    return;
  }
  shared.return_code_ = 0;
  Finish(session, shared, TaskState::kDone);
}

// With an error, unless the task is not this worker's any more.
__attribute__((noinline)) void Dispatcher::FinishWith(
    const Status& error, const SubmittedTask& submitted,
    const RunContext& ctx) {
  if (ctx.handed_over) return;
  FinishWith(error.code_value(), error.message(), submitted, ctx);
}

// Without memory: to be used where there is none.
__attribute__((noinline, cold)) void Dispatcher::FinishWith(
    u32 code, std::string_view text, const SubmittedTask& submitted,
    const RunContext& ctx) {
  if (ctx.handed_over) return;
  // First, so that its client finds it counted.
  ctx.session->CountFailure();
  CountFailure(submitted.header, ctx, code, text);
  submitted.shared->SetError(code, text);
  Finish(*ctx.session, *submitted.shared, TaskState::kDoneWithText);
}

void Dispatcher::CountFailure(const TaskHeader& header, const RunContext& ctx,
                              u32 code, std::string_view text) {
  const bool found = ctx.container != nullptr && ctx.method != nullptr;
  MethodMetrics* const metrics = found ? ctx.container->metrics() : nullptr;
  if (metrics != nullptr && !ctx.spread) metrics->CountFailure(*ctx.method);
  // Views only: there may be no memory.
  std::string_view pool_name;
  if (ctx.container != nullptr) pool_name = ctx.container->pool_name_;
  errors_.Add({header.pool_id_, header.method_, ctx.client_id, code, text,
               pool_name, found ? ctx.method->name : ""});
}

void Dispatcher::EndSubmitted(ShmPtr pointer, RunContext& ctx,
                              const Status& end) {
  Session& session = *ctx.session;
  TsanAcquire(&session);
  char* where = session.ResolveWritable(pointer, sizeof(Task));
  if (where == nullptr || session.cut_off()) return;
  Task& shared = *reinterpret_cast<Task*>(where);
  const SubmittedTask submitted{&shared, pointer, ReadHeader(shared)};
  Pool* const pool = pools_.Find(submitted.header.pool_id_);
  if (pool != nullptr) {
    pool->run_ends().Count(end.code());
    CountEndedTask(*pool, submitted.header.method_, ctx);
  }
  FinishWith(end, submitted, ctx);
}

// It has been a task of the pool although it was never run.
void Dispatcher::CountEndedTask(const Pool& pool, MethodId method,
                                RunContext& ctx) {
  if (pool.num_local() == 0) return;
  ctx.container = pool.local_container(0);
  ctx.method = ctx.container->methods().Find(method);
  if (ctx.method != nullptr) CountBegun(ctx);
}

// What is no task: the wish to cancel one, or what no correct client sends.
void Dispatcher::TakeOddItem(ShmPtr item, RunContext& ctx) {
  Session& session = *ctx.session;
  if (session.cut_off()) return;
  const ShmPtr task = ShmPtr::FromBits(item.bits_ & ~kCancelBit);
  if (item.bits_ != task.bits_ &&
      session.ResolveWritable(task, sizeof(Task)) != nullptr) {
    Worker::Current()->CancelSubmitted(task, ctx);
    return;
  }
  session.Violation(
      Status::ProtocolViolation(Format("no task can lie at {}", item)));
}

// Finds and runs the method. Inlined, since it is the path of every task. What
// is unusual is left to calls that stand last, so that nothing need be kept
// while they run. A null `record` has to be looked for. The container is not
// touched: that is up to its method.
__attribute__((always_inline)) inline Status Dispatcher::RunBy(
    Container* container, const CallRecord* record, SubmittedTask& submitted,
    u64 rest, RunContext& ctx) const {
  if (__builtin_expect(record == nullptr, 0)) {
    return RunOnce(submitted, rest, ctx);
  }
  const MethodRow* const method =
      record->methods->Find(submitted.header.method_);
  if (__builtin_expect(method == nullptr || rest < method->task_size, 0)) {
    return RunOnce(submitted, rest, ctx);
  }
  return RunFound(submitted, *container, *record, *method, false, ctx);
}

// The query is Local, and the task runs once.
__attribute__((always_inline)) inline Status Dispatcher::RunHere(
    SubmittedTask& submitted, u64 rest, RunContext& ctx) const {
  const PoolManager::Place& place = pools_.FindPlace(submitted.header.pool_id_);
  return RunBy(place.only, place.record, submitted, rest, ctx);
}

// The query names a container, as those of modules' handles do.
Status Dispatcher::RunDirect(SubmittedTask& submitted, u64 rest,
                             RunContext& ctx) const {
  const TaskHeader& header = submitted.header;
  const PoolManager::Place& place = pools_.FindPlace(header.pool_id_);
  const bool is_only =
      place.only != nullptr &&
      place.only->container_id_ == header.pool_query_.GetContainerId();
  return RunBy(place.only, is_only ? place.record : nullptr, submitted, rest,
               ctx);
}

Status Dispatcher::Call(RunFn function, SubmittedTask& submitted,
                        RunContext& ctx) {
  Container& container = *ctx.container;
  const MethodRow& row = *ctx.method;
  return CallModule([&] { return NameOf(container, row); },
                    [&] { return function(container, submitted, ctx); });
}

// What an error names is looked up anew: nothing is kept for it.
__attribute__((always_inline)) inline Status Dispatcher::RunFound(
    SubmittedTask& submitted, Container& container, const CallRecord& record,
    const MethodRow& method, bool may_decide, RunContext& ctx) {
  ctx.container = &container;
  ctx.method = &method;
  if (__builtin_expect(--runs_until_sample == 0, 0)) {
    return RunSample(submitted, ctx);
  }
  if (__builtin_expect(record.NeedsCare(method.id), 0)) {
    return RunWithCare(submitted, ctx);
  }
  if (!may_decide || IsRun(ctx)) CountTask(record.first_count + method.id);
  return CallModule(
      [&] { return NameOf(*ctx.container, *ctx.method); },
      [&] { return method.run_submitted(container, submitted, ctx); });
}

Status Dispatcher::RunOnce(SubmittedTask& submitted, u64 rest,
                           RunContext& ctx) const {
  const MethodRow* method = nullptr;
  CHI_RETURN_IF_ERROR(Find(submitted.header, ctx, &method));
  if (rest < method->task_size) {
    if (IsRun(ctx)) CountBegun(ctx);
    return TooSmall(*method, submitted.pointer, rest);
  }
  return RunFound(submitted, *ctx.container, ctx.container->record(), *method,
                  true, ctx);
}

void Dispatcher::RestartSampling() {
  static thread_local SeededRandom random(
      reinterpret_cast<u64>(&runs_until_sample));
  const u32 one_in = GetSampling().timed_one_in();
  const u32 half = one_in / 2;
  runs_until_sample =
      one_in - half + static_cast<u32>(random.Next() % (2 * half + 1));
}

Status Dispatcher::RunUnusual(SubmittedTask& submitted, u64 rest,
                              RunContext& ctx) const {
  if (IsPlain(submitted.header)) {
    if (submitted.header.pool_query_.IsDirectIdMode()) {
      return RunDirect(submitted, rest, ctx);
    }
    return RunRouted(submitted, rest, ctx);
  }
  if (submitted.header.IsTraced()) return RunTraced(submitted, rest, ctx);
  return RunPeriodically(submitted.header, ctx, [&] {
    SubmittedTask once = submitted;
    return RunRouted(once, rest, ctx);
  });
}

// A dynamic query runs the method twice: first to hear which query it wants.
Status Dispatcher::RunRouted(SubmittedTask& submitted, u64 rest,
                             RunContext& ctx) const {
  if (submitted.header.pool_query_.IsDynamicMode()) {
    RunPlan plan;
    ctx.plan = &plan;
    ctx.exec_mode = ExecMode::kDynamicSchedule;
    const Status decided = RunOnce(submitted, rest, ctx);
    ctx.plan = nullptr;
    if (!decided.ok()) {
      if (ctx.method != nullptr) CountBegun(ctx);
      return decided;
    }
    CHI_RETURN_IF_ERROR(HandOverIfLong(submitted, plan, ctx));
    ctx.exec_mode = ExecMode::kExec;
  }
  return RunDecided(submitted, rest, ctx);
}

Status Dispatcher::FindSeveral(const TaskHeader& header, RunContext& ctx,
                               Several* several) const {
  if (!MayMeanSeveral(header.pool_query_)) return Status();
  ctx.method = nullptr;  // as in Find
  Pool* pool = pools_.Find(header.pool_id_);
  if (pool == nullptr) return Status();  // Find says so
  CHI_ASSIGN_OR_RETURN(const ContainerSpan span,
                       RouteSeveral(*pool, header.pool_query_));
  if (span.count == 1) return Status();
  Container& first = *pool->container(span.first);
  ctx.container = &first;
  ctx.method = first.methods().Find(header.method_);
  if (ctx.method == nullptr) return first.UnknownMethod(header.method_);
  *several = {pool, span};
  ctx.spread = true;
  return Status();
}

Status Dispatcher::RunDecided(SubmittedTask& submitted, u64 rest,
                              RunContext& ctx) const {
  Several several;
  CHI_RETURN_IF_ERROR(FindSeveral(submitted.header, ctx, &several));
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

// A periodic or forgotten task that a module's Create has made for its own pool
// comes back when that is there.
bool Dispatcher::WaitsForItsPool(hipc::FullPtr<Task> task) const {
  if (!task->task_flags_.Any(TASK_PERIODIC | TASK_FIRE_AND_FORGET))
    return false;
  if (pools_.Find(task->pool_id_) != nullptr) return false;
  return pools_.CallWhenCreated(
      task->pool_id_,
      [task, worker = Worker::Current()] { worker->InjectTask(task); });
}

void Dispatcher::RunInternal(hipc::FullPtr<Task> task, RunContext& ctx) {
  if (WaitsForItsPool(task)) return;
  ctx.task_id = task->task_id_;
  task->text_size_ = 0;
  try {
    const Status status = task->IsTraced() ? RunInternalTraced(task, ctx)
                                           : RunInternalAsOften(task, ctx);
    if (!status.ok()) task->SetError(status.code_value(), status.message());
  } catch (const std::bad_alloc&) {
    task->SetError(static_cast<u32>(StatusCode::kNoMemory), kOutOfMemory);
  }
  if (task->return_code_ != 0) {
    CountFailure(*task, ctx, task->return_code_, TextOf(*task));
  }
  FinishInternalTask(task);
}

Status Dispatcher::RunInternalAsOften(hipc::FullPtr<Task> task,
                                      RunContext& ctx) const {
  if (!task->IsPeriodic()) return RunInternalRouted(task, ctx);
  const PoolQuery query = task->pool_query_;
  return RunPeriodically(*task, ctx, [&] {
    task->pool_query_ = query;
    const Status ran = RunInternalRouted(task, ctx);
    return ran.ok() ? ErrorOf(*task) : ran;
  });
}

Status Dispatcher::RunInternalRouted(hipc::FullPtr<Task> task,
                                     RunContext& ctx) const {
  if (task->pool_query_.IsDynamicMode()) {
    ctx.exec_mode = ExecMode::kDynamicSchedule;
    const Status decided = RunInternalOnce(task, ctx);
    if (!decided.ok()) {
      if (ctx.method != nullptr) CountBegun(ctx);
      return decided;
    }
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
  if (IsRun(ctx)) CountBegun(ctx);
  const bool care = IsRun(ctx) && container.NeedsCare(row.id);
  const bool sampled = IsRun(ctx) && --runs_until_sample == 0;
  if (sampled) RestartSampling();
  if (care || sampled) BeginMeasuring(plan, ctx);
  const Status ran = CallModule([&] { return NameOf(container, row); },
                                [&] { container.Run(row.id, task, ctx); });
  if (ctx.plan == &plan) {
    EndMeasuring(plan, care ? 1 : GetSampling().timed_one_in(), ctx);
  }
  return ran;
}

}  // namespace chi

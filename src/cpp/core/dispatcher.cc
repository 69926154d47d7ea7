// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The order of things for a client's task: its address is checked, its first
// line copied, and from then on only the copy counts. Whatever happens next,
// one store at the end gives the shared task its outcome.

#include "chimaera/core/dispatcher.h"

#include <algorithm>
#include <climits>
#include <cstring>
#include <utility>

#include "chimaera/base/format.h"
#include "chimaera/base/tsan.h"
#include "chimaera/core/module_call.h"
#include "chimaera/core/router.h"
#include "chimaera/ipc/life_word.h"
#include "chimaera/ipc/session.h"

namespace chi {
namespace {

// Gives the client's task the outcome that `header` holds by then, when the
// scope is left, however it is left.
class OneOutcome {
 public:
  OneOutcome(Session& session, Task& shared, const Task& header)
      : session_(session), shared_(shared), header_(header) {}
  OneOutcome(const OneOutcome&) = delete;
  OneOutcome& operator=(const OneOutcome&) = delete;

  ~OneOutcome() {
    TaskState done = TaskState::kDone;
    if (header_.return_code_ != 0) {
      const u32 size = std::min(header_.text_size_, Task::kTextCapacity);
      std::memcpy(shared_.text_, header_.text_, size);
      shared_.text_size_ = size;
      done = TaskState::kDoneWithText;
    }
    shared_.return_code_ = header_.return_code_;
    TsanRelease(&session_);  // the client may use its memory again
    if (FinishState(shared_.state_, done) == TaskState::kAwaited) {
      FutexWake(&shared_.state_, INT_MAX);
    }
  }

 private:
  Session& session_;
  Task& shared_;
  const Task& header_;
};

bool IsUsual(const Task& header) {
  return !header.IsPeriodic() && !header.pool_query_.IsDynamicMode();
}

std::string NameOf(const Container& container, const MethodRow& row) {
  return Format("pool {} ({}): {}", container.pool_id_, container.pool_name_,
                row.name);
}

}  // namespace

// Errors, and the queries that take more than a look into a table.
Status Dispatcher::FindSlowly(const Task& header, const Pool* pool,
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
    const Task& header, RunContext& ctx, Target* target) const {
  Pool* pool = pools_.Find(header.pool_id_);
  Container* container =
      pool == nullptr ? nullptr
                      : TryRoute(*pool, header.pool_query_, ctx.client_id);
  if (__builtin_expect(container == nullptr, 0)) {
    CHI_RETURN_IF_ERROR(FindSlowly(header, pool, ctx, &container));
  }
  target->container = container;
  target->row = container->methods().Find(header.method_);
  if (__builtin_expect(target->row == nullptr, 0)) {
    return container->UnknownMethod(header.method_);
  }
  ctx.container = container;
  ctx.method = target->row;
  ctx.held_runs = pool->held_runs_counter();
  return Status();
}

void Dispatcher::RunSubmitted(ShmPtr pointer, RunContext& ctx) {
  Session& session = *ctx.session;
  if (session.cut_off()) return;
  TsanAcquire(&session);
  u64 rest = 0;
  char* where = session.ResolveRest(pointer, &rest);
  if (where == nullptr || rest < sizeof(Task) ||
      pointer.offset() % alignof(Task) != 0) {
    session.Violation(
        Status::ProtocolViolation(Format("no task can lie at {}", pointer)));
    return;
  }
  Task& shared = *reinterpret_cast<Task*>(where);
  Task header{Task::HeaderOf{shared}};
  ctx.task_id = header.task_id_;
  const OneOutcome outcome(session, shared, header);

  SubmittedTask submitted{&shared, pointer, &header};
  const Status status = IsUsual(header) ? RunOnce(submitted, rest, ctx)
                                        : RunUnusual(submitted, rest, ctx);
  if (!status.ok()) header.SetError(status.code_value(), status.message());
}

// Finds and runs the method. Inlined, since it is the path of every task.
__attribute__((always_inline)) inline Status Dispatcher::RunOnce(
    SubmittedTask& submitted, u64 rest, RunContext& ctx) const {
  Target target;
  CHI_RETURN_IF_ERROR(Find(*submitted.header, ctx, &target));
  const MethodRow& row = *target.row;
  if (__builtin_expect(rest < row.task_size, 0)) {
    return Status::BadRequest(
        Format("{} needs a task of {} bytes, at {} are {}", row.name,
               row.task_size, submitted.pointer, rest));
  }
  Status ran;
  Status called = CallModule(
      [&target] { return NameOf(*target.container, *target.row); },
      [&] { ran = row.run_submitted(*target.container, submitted, ctx); });
  return called.ok() ? std::move(ran) : called;
}

// A dynamic query runs the method twice: first to hear which query it wants.
Status Dispatcher::RunUnusual(SubmittedTask& submitted, u64 rest,
                              RunContext& ctx) const {
  if (submitted.header->IsPeriodic()) {
    return Status::Unimplemented("periodic tasks");
  }
  ctx.exec_mode = ExecMode::kDynamicSchedule;
  CHI_RETURN_IF_ERROR(RunOnce(submitted, rest, ctx));
  ctx.exec_mode = ExecMode::kExec;
  return RunOnce(submitted, rest, ctx);
}

void Dispatcher::RunInternal(hipc::FullPtr<Task> task, RunContext& ctx) {
  ctx.task_id = task->task_id_;
  task->text_size_ = 0;
  Status status;
  if (IsUsual(*task)) {
    status = RunInternalOnce(task, ctx);
  } else if (task->IsPeriodic()) {
    status = Status::Unimplemented("periodic tasks");
  } else {
    ctx.exec_mode = ExecMode::kDynamicSchedule;
    status = RunInternalOnce(task, ctx);
    ctx.exec_mode = ExecMode::kExec;
    if (status.ok()) status = RunInternalOnce(task, ctx);
  }
  if (!status.ok()) task->SetError(status.code_value(), status.message());
  FinishInternalTask(task);
}

Status Dispatcher::RunInternalOnce(hipc::FullPtr<Task> task,
                                   RunContext& ctx) const {
  Target target;
  CHI_RETURN_IF_ERROR(Find(*task, ctx, &target));
  return CallModule(
      [&target] { return NameOf(*target.container, *target.row); },
      [&] { target.container->Run(task->method_, task, ctx); });
}

}  // namespace chi

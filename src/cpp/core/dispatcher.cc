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

#include "chimaera/base/format.h"
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
  OneOutcome(Task& shared, const Task& header)
      : shared_(shared), header_(header) {}
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
    // release: the outputs come before it. An exchange, to learn in the same
    // step whether a waiter has gone to sleep (SpinWaiter).
    const u32 old = shared_.state_.exchange(static_cast<u32>(done),
                                            std::memory_order_acq_rel);
    if (old == static_cast<u32>(TaskState::kAwaited)) {
      FutexWake(&shared_.state_, INT_MAX);
    }
  }

 private:
  Task& shared_;
  const Task& header_;
};

Status CheckFlags(const Task& header) {
  if (header.IsPeriodic()) {
    return Status::Unimplemented("periodic tasks");
  }
  return Status();
}

std::string NameOf(const Container& container, const MethodRow& row) {
  return Format("pool {} ({}): {}", container.pool_id_, container.pool_name_,
                row.name);
}

}  // namespace

Status Dispatcher::Find(const Task& header, RunContext& ctx,
                        Target* target) const {
  Pool* pool = pools_.Find(header.pool_id_);
  if (pool == nullptr) {
    return Status::NotFound(Format("pool {}", header.pool_id_));
  }
  Container* container = TryRoute(*pool, header.pool_query_, ctx.client_id);
  if (container == nullptr) {
    const bool decided = ctx.exec_mode == ExecMode::kExec;
    Result<Container*> routed =
        decided ? RouteDecided(*pool, header.pool_query_, ctx.client_id)
                : Route(*pool, header.pool_query_, ctx.client_id);
    if (!routed.ok()) return routed.status();
    container = *routed;
  }
  target->container = container;
  target->row = container->methods().Find(header.method_);
  if (target->row == nullptr) {
    return container->UnknownMethod(header.method_);
  }
  ctx.container = container;
  ctx.held_runs = pool->held_runs_counter();
  return Status();
}

// Calls the method once, or for a dynamic query twice: first to hear which
// query it wants.
template <class Call>
Status Dispatcher::RunRouted(Task& header, RunContext& ctx, Call&& call) const {
  Target target;
  if (header.pool_query_.IsDynamicMode()) {
    ctx.exec_mode = ExecMode::kDynamicSchedule;
    CHI_RETURN_IF_ERROR(Find(header, ctx, &target));
    CHI_RETURN_IF_ERROR(call(target));
    ctx.exec_mode = ExecMode::kExec;
  }
  CHI_RETURN_IF_ERROR(Find(header, ctx, &target));
  return call(target);
}

void Dispatcher::RunSubmitted(ShmPtr pointer, RunContext& ctx) {
  Session& session = *ctx.session;
  if (session.cut_off()) return;
  auto* shared =
      reinterpret_cast<Task*>(session.ResolveWritable(pointer, sizeof(Task)));
  if (shared == nullptr || pointer.offset() % alignof(Task) != 0) {
    session.Violation(
        Status::ProtocolViolation(Format("no task can lie at {}", pointer)));
    return;
  }
  Task header{hipc::CtxAllocator<CHI_MAIN_ALLOC_T>()};
  header.text_size_ = 0;
  CopyTaskHeader(*shared, header);
  ctx.task_id = header.task_id_;
  OneOutcome outcome(*shared, header);

  SubmittedTask submitted{shared, pointer, &header};
  Status status = CheckFlags(header);
  if (status.ok()) {
    status = RunRouted(header, ctx, [&](const Target& target) {
      const MethodRow& row = *target.row;
      if (session.ResolveWritable(pointer, row.task_size) == nullptr) {
        return Status::BadRequest(
            Format("{} needs a task of {} bytes, which do not lie at {}",
                   row.name, row.task_size, pointer));
      }
      Status ran;
      const Status called = CallModule(
          [&target] { return NameOf(*target.container, *target.row); },
          [&] { ran = row.run_submitted(*target.container, submitted, ctx); });
      return called.ok() ? ran : called;
    });
  }
  if (!status.ok()) header.SetError(status.code_value(), status.message());
}

void Dispatcher::RunInternal(hipc::FullPtr<Task> task, RunContext& ctx) {
  ctx.task_id = task->task_id_;
  task->text_size_ = 0;
  Status status = CheckFlags(*task);
  if (status.ok()) {
    status = RunRouted(*task, ctx, [&](const Target& target) {
      return CallModule(
          [&target] { return NameOf(*target.container, *target.row); },
          [&] { target.container->Run(task->method_, task, ctx); });
    });
  }
  if (!status.ok()) task->SetError(status.code_value(), status.message());
  FinishInternalTask(task);
}

}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The way of a task whose method has to be looked at: it may run long, and
// then waits elsewhere, and it is measured. Most tasks pass the bit and the
// countdown that lead here (dispatcher.cc).

#include <utility>

#include "chimaera/base/clock.h"
#include "chimaera/core/dispatcher.h"
#include "chimaera/core/method_costs.h"
#include "chimaera/core/method_metrics.h"
#include "chimaera/core/sampling.h"
#include "chimaera/ipc/session.h"
#include "chimaera/sched/worker.h"

namespace chi {
namespace {

// `runs` like it are in the histograms of whoever has to do with it.
void NoteRun(const RunContext& ctx, u64 time_ns, u32 runs, Worker& worker) {
  worker.runs().Add(time_ns, runs);
  MethodMetrics* const metrics = ctx.container->metrics();
  if (metrics != nullptr) metrics->NoteRun(*ctx.method, time_ns, runs);
  if (ctx.session != nullptr) ctx.session->NoteRun(time_ns, runs);
}

// Of several samples one, which stands for them all, if there are more of them
// than are wanted. Each run that was looked at anyway stands for itself.
void NoteSample(const RunContext& ctx, u64 time_ns, u32 runs, Worker& worker) {
  thread_local u32 runs_not_noted = 0;
  if (runs == 1) return NoteRun(ctx, time_ns, 1, worker);
  runs_not_noted += runs;
  if (runs_not_noted < GetSampling().one_in) return;
  NoteRun(ctx, time_ns, std::exchange(runs_not_noted, 0), worker);
}

}  // namespace

Status Dispatcher::RunWithCare(SubmittedTask& submitted, RunContext& ctx) {
  const MethodRow& row = *ctx.method;
  if (ctx.exec_mode != ExecMode::kExec) {
    return Call(row.run_submitted, submitted, ctx);
  }
  RunPlan plan;
  if (row.plan != nullptr) {
    ctx.plan = &plan;
    const Status asked = Call(row.plan, submitted, ctx);
    ctx.plan = nullptr;
    if (!asked.ok()) {
      CountBegun(ctx);
      return asked;
    }
  }
  CHI_RETURN_IF_ERROR(HandOverIfLong(submitted, plan, ctx));
  return RunMeasured(submitted, plan, 1, ctx);
}

Status Dispatcher::RunSample(SubmittedTask& submitted, RunContext& ctx) {
  RestartSampling();
  if (ctx.container->NeedsCare(ctx.method->id)) {
    return RunWithCare(submitted, ctx);
  }
  if (ctx.exec_mode != ExecMode::kExec) {
    return Call(ctx.method->run_submitted, submitted, ctx);
  }
  RunPlan plan;
  return RunMeasured(submitted, plan, GetSampling().timed_one_in(), ctx);
}

Status Dispatcher::RunMeasured(SubmittedTask& submitted, RunPlan& plan,
                               u32 runs, RunContext& ctx) {
  CountBegun(ctx);
  BeginMeasuring(plan, ctx);
  Status ran = Call(ctx.method->run_submitted, submitted, ctx);
  EndMeasuring(plan, runs, ctx);
  return ran;
}

// The worker keeps plan.busy_ns while the run is parked.
void Dispatcher::BeginMeasuring(RunPlan& plan, RunContext& ctx) {
  Worker& worker = *Worker::Current();
  plan.since_ns = worker.clock().NowNs();
  plan.pool_id = ctx.container->pool_id_;
  plan.method = ctx.method->id;
  ctx.plan = &plan;
  worker.Show(&plan);
}

void Dispatcher::EndMeasuring(const RunPlan& plan, u32 runs, RunContext& ctx) {
  ctx.plan = nullptr;
  Worker& worker = *Worker::Current();
  worker.Show(nullptr);
  const u64 time_ns = plan.busy_ns + worker.clock().NowNs() - plan.since_ns;
  MethodCosts* const costs = ctx.container->costs();
  if (costs != nullptr) costs->Learn(*ctx.method, plan, time_ns);
  worker.CountRun(time_ns, runs);
  if (GetSampling().on) NoteSample(ctx, time_ns, runs, worker);
}

// kOk: it is to be run now. After ctx.handed_over the task is another worker's
// and must not be touched; the error is nobody's outcome.
Status Dispatcher::HandOverIfLong(const SubmittedTask& submitted,
                                  const RunPlan& plan, RunContext& ctx) {
  const MethodCosts* const costs = ctx.container->costs();
  if (costs == nullptr || !costs->IsLong(*ctx.method, plan)) return Status();
  const Result<bool> handed_over =
      Worker::Current()->HandOver(submitted.pointer);
  if (!handed_over.ok()) {
    CountBegun(ctx);
    return handed_over.status();
  }
  ctx.handed_over = *handed_over;
  if (!ctx.handed_over) return Status();
  return Status::FromCode(static_cast<u32>(StatusCode::kNotRun), "");
}

}  // namespace chi

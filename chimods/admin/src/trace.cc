// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Traces: the work is chi::Tracer's. One belongs to the client that has
// started it, and goes with it.

#include "chimaera/admin/admin_runtime.h"
#include "chimaera/admin/route_here.h"
#include "chimaera/sched/tracer.h"

namespace chimaera::admin {
namespace {

chi::Tracer& TheTracer() { return CHI_WORK_ORCHESTRATOR->tracer(); }

void SetError(const chi::Status& status, chi::Task& task) {
  task.SetError(status.code_value(), status.message());
}

}  // namespace

void Runtime::StartTrace(hipc::FullPtr<StartTraceTask> task,
                         chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  chi::TraceOptions options;
  options.one_in = task->one_in_;
  options.max_records = task->max_records_;
  options.max_ns = task->max_ns_;
  const chi::Result<chi::Tracer::Started> started =
      TheTracer().Start(rctx.client_id, options);
  if (!started.ok()) return SetError(started.status(), *task);
  task->trace_id_ = started->id;
  task->start_ns_ = started->start_ns;
}

void Runtime::StopTrace(hipc::FullPtr<StopTraceTask> task,
                        chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const chi::Result<chi::u64> stopped = TheTracer().Stop(task->trace_id_);
  if (!stopped.ok()) return SetError(stopped.status(), *task);
  task->stop_ns_ = *stopped;
  if (task->forget_ != 0) TheTracer().Forget(task->trace_id_);
}

void Runtime::ReadTrace(hipc::FullPtr<ReadTraceTask> task,
                        chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const auto buffers = TheTracer().Buffers(task->trace_id_);
  if (!buffers.ok()) return SetError(buffers.status(), *task);
  task->buffers_ = static_cast<chi::u32>(buffers->size());
  if (task->buffer_ >= buffers->size()) return;
  const chi::TraceBuffer& buffer = *(*buffers)[task->buffer_];
  task->worker_ = buffer.worker();
  task->dropped_ = buffer.dropped();
  task->records_ = buffer.Read(task->first_, ReadTraceTask::kMaxRecords);
}

void Runtime::OnClientGone(chi::u64 client_id) {
  TheTracer().ForgetOf(client_id);
}

}  // namespace chimaera::admin

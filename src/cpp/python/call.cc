// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See call.h.

#include "python/call.h"

#include <algorithm>
#include <cmath>

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/ipc/client_core.h"

namespace chi::python {
namespace {

Status Cancelled() {
  return Status::Cancelled(
      "the connection was closed before the task was done");
}

// What the waiters of ipc grant a task beyond its deadline.
constexpr u64 kDeadlineGraceNs = 50 * kNsPerMs;

}  // namespace

Status OverdueOf(const Task& task) {
  if (task.timeout_ms_ == 0 ||
      SystemClock::Get().NowNs() <
          DeadlineNs(task.deadline_ns_, kDeadlineGraceNs)) {
    return Status();
  }
  return Status::DeadlineExceeded(
      Format("the task's deadline of {} ms has passed, and its worker does not "
             "answer",
             task.timeout_ms_));
}

Call::Call(std::shared_ptr<Connection> connection, DroppedTask task,
           Extract extract)
    : connection_(std::move(connection)),
      task_(std::move(task)),
      extract_(std::move(extract)) {
  if (connection_->closed()) {
    // Closed while it was submitted: the memory went with the client.
    task_.task.SetNull();
    Settle(Cancelled());
    return;
  }
  place_ = connection_->Register(this);
}

Call::~Call() {
  if (task_.task.IsNull()) return;
  connection_->Unregister(place_);
  if (!connection_->forked()) connection_->Drop(std::move(task_));
}

bool Call::Done() {
  if (Settled()) return true;
  Status status = connection_->closed() ? Cancelled() : connection_->Check();
  if (status.ok()) status = OverdueOf(*task_.task);
  if (status.ok() || task_.task->IsComplete()) return !status.ok();
  outcome_ = status;
  return true;
}

bool Call::Wait(double timeout_s) {
  if (Done()) return true;
  const Clock& clock = SystemClock::Get();
  const double clamped_ns = std::clamp(timeout_s, 0.0, 1e9) * 1e9;
  const u64 deadline_ns =
      DeadlineNs(clock.NowNs(), static_cast<u64>(std::ceil(clamped_ns)));
  for (;;) {
    const u64 now_ns = clock.NowNs();
    if (now_ns >= deadline_ns) return Done();
    const u64 slice_ns = std::min<u64>(deadline_ns - now_ns, kSignalSliceNs);
    const hipc::FullPtr<Task> task = task_.task;
    {
      const ReleaseGil released;
      const Connection::Hold hold(*connection_);
      // Its answer shows in the task, or in the next look at the connection.
      if (hold.open()) static_cast<void>(task->WaitFor(slice_ns));
    }
    if (Done()) return true;
    CheckSignals();
  }
}

bool Call::Cancel() {
  if (Done()) return false;
  const hipc::FullPtr<Task> task = task_.task;
  const ReleaseGil released;
  const Connection::Hold hold(*connection_);
  return hold.open() && IpcManager::Cancel(task);
}

void Call::Settle(const Status& outcome) {
  outcome_ = outcome;
  if (!outcome.ok()) error_ = ExceptionOf(outcome);
  extract_ = nullptr;
}

py::object Call::Error() {
  if (value_) return py::none();
  if (!error_) {
    Status status = outcome_.has_value() ? *outcome_ : task_.task->GetStatus();
    if (status.ok()) {
      try {
        value_ = extract_(*task_.task);
        outcome_ = status;
      } catch (py::error_already_set& raised) {
        error_ = raised.value();
        outcome_ = Status::Internal("the result could not be made");
      } catch (const StatusError& raised) {
        status = raised.status();
      }
    }
    if (!status.ok()) Settle(status);
    extract_ = nullptr;
  }
  return value_ ? py::object(py::none()) : error_;
}

py::object Call::Value() {
  const py::object error = Error();
  if (error.is_none()) return value_;
  PyErr_SetObject(py::type::handle_of(error).ptr(), error.ptr());
  throw py::error_already_set();
}

DroppedTask Call::Finish() {
  if (Done()) {
    static_cast<void>(Error());
  } else {
    Settle(Cancelled());
  }
  DroppedTask task = std::move(task_);
  task_.task.SetNull();
  return task;
}

void Call::Abandon(const Status& why) {
  if (!outcome_.has_value()) Settle(why);
  task_.task.SetNull();
}

}  // namespace chi::python

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A submitted task as Python holds it. Waiting gives the GIL up and answers
// Ctrl-C; dropping it keeps the arrays that the task uses until it is done.

#ifndef CHIMAERA_PYTHON_CALL_H_
#define CHIMAERA_PYTHON_CALL_H_

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "chimaera/ipc/ipc_manager.h"
#include "chimaera/ipc/task.h"
#include "chimaera/runtime/singletons.h"
#include "python/connection.h"
#include "python/errors.h"
#include "python/gil.h"
#include "python/pybind.h"
#include "python/query.h"
#include "python/submitting.h"

namespace chi::python {

/// kDeadlineExceeded if the runtime ought to have ended the task long ago, and
/// does not: its worker is stuck. Waiting does not wait any longer then.
Status OverdueOf(const Task& task);

/// Every method needs the GIL; any thread may call, several at once.
class Call {
 public:
  /// Makes the result from the finished task. May raise.
  using Extract = std::function<py::object(Task& task)>;

  Call(std::shared_ptr<Connection> connection, DroppedTask task,
       Extract extract);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  /// Whether there is an outcome. Never waits.
  bool Done();
  /// The same, of what is known without a look at the connection.
  bool Settled() const {
    return outcome_.has_value() || task_.task->IsComplete();
  }
  /// Whether time alone may end it.
  bool HasDeadline() const {
    return !task_.task.IsNull() && task_.task->timeout_ms_ != 0;
  }
  /// Waits for one, at most `timeout_s`; whether it came. Raises what a signal
  /// handler raises; the task goes on then.
  bool Wait(double timeout_s);
  /// Asks the runtime to end the task; false if there is an outcome.
  bool Cancel();
  /// The exception, or None. REQUIRES: Done().
  py::object Error();
  /// The result, made once; raises the error. REQUIRES: Done().
  py::object Value();

  /// The task, null if it was given up, and whose it is.
  Task* task() const { return task_.task.ptr_; }
  const std::shared_ptr<Connection>& connection() const { return connection_; }

  /// For Connection::Close: fixes the outcome, kCancelled if there is none,
  /// and gives the task up.
  DroppedTask Finish();
  /// The same in a forked child: the task is left alone.
  void Abandon(const Status& why);

 private:
  void Settle(const Status& outcome);

  const std::shared_ptr<Connection> connection_;
  DroppedTask task_;  // null task: given up
  Extract extract_;
  std::list<Call*>::iterator place_;  // in connection_, while task_ is ours
  std::optional<Status> outcome_;
  py::object value_;
  py::object error_;
};

/// Frees a TaskT.
template <class TaskT>
void FreeTask(IpcManager& ipc, hipc::FullPtr<Task> done) {
  ipc.DelTask(done.Cast<TaskT>());
}

/// Submits what `submit` makes (a Future<TaskT>; called without the GIL) and
/// returns the call. `kept`: objects whose memory the task uses. `extract`
/// gets the TaskT when it has succeeded; `free` gets it at last, in any case.
/// Raises.
template <class TaskT, class Submit, class ExtractFn>
std::unique_ptr<Call> StartCall(
    const std::shared_ptr<Connection>& connection, Submit submit,
    ExtractFn extract, std::vector<py::object> kept = {},
    void (*free)(IpcManager&, hipc::FullPtr<Task>) = &FreeTask<TaskT>) {
  ThrowIfError(connection->Check());
  DroppedTask task;
  task.kept = std::move(kept);
  task.free = free;
  {
    const Submitting submitting(*connection);
    const Connection::Hold hold(*connection);
    if (hold.open()) task.task = submit().Release().template Cast<Task>();
  }
  return std::make_unique<Call>(
      connection, std::move(task),
      [extract = std::move(extract)](Task& done) -> py::object {
        return extract(static_cast<TaskT&>(done));
      });
}

/// Where a task goes, and after how long the runtime ends it.
struct Target {
  Target(PoolId pool, const PoolQuery& where, u32 timeout)
      : pool_id(pool), query(where), timeout_ms(timeout) {}
  Target(const PoolIdTuple& pool, const QueryTuple& where, u32 timeout)
      : Target(ToPoolId(pool), ToQuery(where), timeout) {}
  PoolId pool_id;
  PoolQuery query;
  u32 timeout_ms;  // 0: the client's default
};

/// StartCall of a TaskT whose fields are `arguments`.
template <class TaskT, class ExtractFn, class... Args>
std::unique_ptr<Call> StartTask(const std::shared_ptr<Connection>& connection,
                                const Target& target, ExtractFn extract,
                                std::vector<py::object> kept,
                                const Args&... arguments) {
  return StartCall<TaskT>(
      connection,
      [&] {
        IpcManager& ipc = *CHI_IPC;
        const auto task = ipc.NewTask<TaskT>(CreateTaskId(), target.pool_id,
                                             target.query, arguments...);
        task->SetTimeout(target.timeout_ms);
        return ipc.Submit(task);
      },
      std::move(extract), std::move(kept));
}

/// The result of a task that has none.
inline py::object NoResult(Task& /*task*/) { return py::none(); }

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_CALL_H_

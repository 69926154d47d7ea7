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
#include "python/connection.h"
#include "python/errors.h"
#include "python/gil.h"
#include "python/pybind.h"

namespace chi::python {

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
  /// Waits for one, at most `timeout_s`; whether it came. Raises what a signal
  /// handler raises; the task goes on then.
  bool Wait(double timeout_s);
  /// Asks the runtime to end the task; false if there is an outcome.
  bool Cancel();
  /// The exception, or None. REQUIRES: Done().
  py::object Error();
  /// The result, made once; raises the error. REQUIRES: Done().
  py::object Value();

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

/// Submits what `submit` makes (a Future<TaskT>; called without the GIL) and
/// returns the call. `kept`: objects whose memory the task uses. `extract`
/// gets the TaskT when it has succeeded. Raises.
template <class TaskT, class Submit, class ExtractFn>
std::unique_ptr<Call> StartCall(const std::shared_ptr<Connection>& connection,
                                Submit submit, ExtractFn extract,
                                std::vector<py::object> kept = {}) {
  ThrowIfError(connection->Check());
  DroppedTask task;
  task.kept = std::move(kept);
  task.free = [](IpcManager& ipc, hipc::FullPtr<Task> done) {
    ipc.DelTask(done.Cast<TaskT>());
  };
  {
    const ReleaseGil released;
    const Connection::Hold hold(*connection);
    if (hold.open()) task.task = submit().Release().template Cast<Task>();
  }
  return std::make_unique<Call>(
      connection, std::move(task),
      [extract = std::move(extract)](Task& done) -> py::object {
        return extract(static_cast<TaskT&>(done));
      });
}

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_CALL_H_

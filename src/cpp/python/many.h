// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Many tasks of one kind in one crossing from Python: made, submitted in
// batches with a bounded number in flight, awaited and freed without the GIL.

#ifndef CHIMAERA_PYTHON_MANY_H_
#define CHIMAERA_PYTHON_MANY_H_

#include <memory>
#include <utility>
#include <vector>

#include "chimaera/ipc/ipc_manager.h"
#include "python/connection.h"
#include "python/pybind.h"

namespace chi::python {

/// Makes the tasks and takes their results. Called without the GIL, by one
/// thread, while the connection is open.
class ManyTasks {
 public:
  virtual ~ManyTasks() = default;
  virtual hipc::FullPtr<Task> Make(IpcManager& ipc, u64 index) = 0;
  /// `task` has succeeded.
  virtual void Collect(u64 index, const Task& task) = 0;
  virtual void Free(IpcManager& ipc, hipc::FullPtr<Task> task) = 0;
  /// The same for a task that is left behind; this object is gone then.
  virtual void (*Destroyer() const)(IpcManager&, hipc::FullPtr<Task>) = 0;
};

/// Of two callables: make(ipc, index) returns a FullPtr<TaskT>, collect(index,
/// const TaskT&).
template <class TaskT, class MakeFn, class CollectFn>
class ManyOf final : public ManyTasks {
 public:
  ManyOf(MakeFn make, CollectFn collect)
      : make_(std::move(make)), collect_(std::move(collect)) {}

  hipc::FullPtr<Task> Make(IpcManager& ipc, u64 index) override {
    return make_(ipc, index).template Cast<Task>();
  }
  void Collect(u64 index, const Task& task) override {
    collect_(index, static_cast<const TaskT&>(task));
  }
  void Free(IpcManager& ipc, hipc::FullPtr<Task> task) override {
    ipc.DelTask(task.Cast<TaskT>());
  }
  void (*Destroyer() const)(IpcManager&, hipc::FullPtr<Task>) override {
    return [](IpcManager& ipc, hipc::FullPtr<Task> task) {
      ipc.DelTask(task.Cast<TaskT>());
    };
  }

 private:
  MakeFn make_;
  CollectFn collect_;
};

template <class TaskT, class MakeFn, class CollectFn>
ManyOf<TaskT, MakeFn, CollectFn> MakeMany(MakeFn make, CollectFn collect) {
  return {std::move(make), std::move(collect)};
}

/// Runs `count` tasks and writes the status code of each into `codes`. After
/// `timeout_s` no more are submitted (kNotRun), and those in flight are
/// cancelled (kDeadlineExceeded). `kept`: objects whose memory they use.
/// Returns None, or the index and the message of the first that failed.
/// Raises what a signal handler raises; the tasks in flight are cancelled.
py::object RunMany(const std::shared_ptr<Connection>& connection,
                   ManyTasks& tasks, u64 count, u32* codes, double timeout_s,
                   std::vector<py::object> kept = {});

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_MANY_H_

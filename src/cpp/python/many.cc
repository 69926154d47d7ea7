// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See many.h. Tasks are retired in the order in which they were submitted, so
// that those in flight are a window over the indices.

#include "python/many.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/runtime/singletons.h"
#include "python/call.h"
#include "python/errors.h"
#include "python/gil.h"
#include "python/submitting.h"

namespace chi::python {
namespace {

// Tasks in flight, and how many are published at once: few enough that their
// lines stay in the cache between making and freeing.
constexpr u64 kWindow = 256;
constexpr u64 kBatch = 64;
static_assert(kWindow % kBatch == 0);

class Crossing {
 public:
  Crossing(const std::shared_ptr<Connection>& connection, ManyTasks& tasks,
           u64 count, u32* codes, std::vector<py::object> kept)
      : connection_(connection),
        tasks_(tasks),
        count_(count),
        codes_(codes),
        kept_(std::move(kept)) {
    batch_.reserve(kBatch);
  }
  ~Crossing() { LeaveRest(Status::Cancelled("the call was interrupted")); }
  Crossing(const Crossing&) = delete;
  Crossing& operator=(const Crossing&) = delete;

  /// Goes on until all are done or `until_ns`; an error says that it is of no
  /// use to go on. Called with the GIL.
  Status Run(u64 until_ns) {
    const Submitting submitting(*connection_, Submitting::Count::kMany);
    const Connection::Hold hold(*connection_);
    return hold.open() ? Work(until_ns) : Status();
  }
  bool done() const { return first_ == count_; }

  /// Gives every task that has no outcome one. Called with the GIL.
  void LeaveRest(const Status& outcome);

  py::object FirstFailure() const {
    if (!failed_.has_value()) return py::none();
    return py::make_tuple(failed_index_, failed_->message());
  }

 private:
  hipc::FullPtr<Task>& At(u64 index) { return window_[index % kWindow]; }
  Status Work(u64 until_ns);
  void SubmitBatch();
  void Retire();
  void SetOutcome(u64 index, const Status& status) {
    codes_[index] = status.code_value();
    if (status.ok() || failed_.has_value()) return;
    failed_ = status;
    failed_index_ = index;
  }

  const std::shared_ptr<Connection> connection_;
  ManyTasks& tasks_;
  const u64 count_;
  u32* const codes_;
  const std::vector<py::object> kept_;
  u64 first_ = 0;  // not retired
  u64 next_ = 0;   // not submitted
  hipc::FullPtr<Task> window_[kWindow];
  std::vector<hipc::FullPtr<Task>> batch_;
  std::optional<Status> failed_;
  u64 failed_index_ = 0;
};

void Crossing::SubmitBatch() {
  IpcManager& ipc = *CHI_IPC;
  batch_.clear();
  const u64 end = std::min(count_, next_ + kBatch);
  for (u64 i = next_; i < end; ++i) {
    At(i) = tasks_.Make(ipc, i);
    batch_.push_back(At(i));
  }
  ipc.EnqueueBatch(batch_);
  next_ = end;
}

void Crossing::Retire() {
  const hipc::FullPtr<Task> task = At(first_);
  if (task->return_code_ == 0) {
    codes_[first_] = 0;
    tasks_.Collect(first_, *task);
  } else {
    SetOutcome(first_, task->GetStatus());
  }
  tasks_.Free(*CHI_IPC, task);
  ++first_;
}

Status Crossing::Work(u64 until_ns) {
  const Clock& clock = SystemClock::Get();
  while (first_ < count_) {
    if (next_ < count_ && next_ - first_ <= kWindow - kBatch) {
      if (clock.NowNs() >= until_ns) return Status();
      SubmitBatch();
      continue;
    }
    Task& task = *At(first_);
    if (!task.IsComplete()) {
      const u64 now_ns = clock.NowNs();
      if (now_ns >= until_ns) return Status();
      // Its answer shows in the task.
      static_cast<void>(task.WaitFor(until_ns - now_ns));
      if (!task.IsComplete()) {
        CHI_RETURN_IF_ERROR(OverdueOf(task));
        continue;
      }
    }
    Retire();
  }
  return Status();
}

void Crossing::LeaveRest(const Status& outcome) {
  if (done()) return;
  {
    const ReleaseGil released;
    const Connection::Hold hold(*connection_);
    for (u64 i = first_; hold.open() && i < next_; ++i) {
      IpcManager::Cancel(At(i));
    }
  }
  const Status not_run = Status::FromCode(static_cast<u32>(StatusCode::kNotRun),
                                          "not submitted in time");
  // The client, and with it their memory, may be gone.
  const bool open = !connection_->closed() && !connection_->forked();
  while (first_ < next_) {
    if (open && At(first_)->IsComplete()) {
      Retire();
      continue;
    }
    SetOutcome(first_, outcome);
    if (open) {
      DroppedTask dropped;
      dropped.task = At(first_);
      dropped.free = tasks_.Destroyer();
      dropped.kept = kept_;
      connection_->Drop(std::move(dropped));
    }
    ++first_;
  }
  for (; first_ < count_; ++first_) SetOutcome(first_, not_run);
}

}  // namespace

py::object RunMany(const std::shared_ptr<Connection>& connection,
                   ManyTasks& tasks, u64 count, u32* codes, double timeout_s,
                   std::vector<py::object> kept) {
  ThrowIfError(connection->Check());
  const Clock& clock = SystemClock::Get();
  const double timeout_ns = std::clamp(timeout_s, 0.0, 1e9) * 1e9;
  const u64 deadline_ns =
      DeadlineNs(clock.NowNs(), static_cast<u64>(std::ceil(timeout_ns)));
  Crossing crossing(connection, tasks, count, codes, std::move(kept));
  while (!crossing.done()) {
    const u64 now_ns = clock.NowNs();
    const Status status = connection->Check();
    if (connection->closed()) {
      crossing.LeaveRest(Status::Cancelled("the connection was closed"));
    } else if (!status.ok()) {
      crossing.LeaveRest(status);
    } else if (now_ns >= deadline_ns) {
      crossing.LeaveRest(Status::DeadlineExceeded(
          Format("not done after {} ms", static_cast<u64>(timeout_ns / 1e6))));
    } else {
      const Status stuck =
          crossing.Run(std::min(deadline_ns, now_ns + kSignalSliceNs));
      CheckSignals();
      if (!stuck.ok()) crossing.LeaveRest(stuck);
    }
  }
  return crossing.FirstFailure();
}

}  // namespace chi::python

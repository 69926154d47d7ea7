// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How a run is ended from outside: its client cancels it or is gone, its time
// is over, the runtime stops. The run is marked, and woken if it is parked;
// from then on it cannot park any more, so it unwinds. Its subtasks go with
// it. A run that neither parks nor yields ends by itself.
//
// A cancellation comes as a word in any of the client's rings. Before, the
// client has marked the task itself: so a task that has not parked yet learns
// of it when it does, and one that has taken the memory of the meant one since
// is not mistaken for it.

#include <algorithm>
#include <utility>

#include "chimaera/base/check.h"
#include "chimaera/base/format.h"
#include "chimaera/ipc/session.h"
#include "chimaera/ipc/thread_port.h"
#include "sched/worker_impl.h"

namespace chi {
namespace {

constexpr char kByClient[] = "cancelled by its client";
constexpr char kByMaker[] = "ended by the task that made it";
constexpr char kClientGone[] = "the client is gone";
constexpr char kStopping[] = "the runtime stops";
constexpr char kPoolGone[] = "its pool is being destroyed";
constexpr char kTooLate[] = "the task's deadline has passed";

void Increment(std::atomic<u64>& counter) {
  counter.store(counter.load(std::memory_order_relaxed) + 1,
                std::memory_order_relaxed);
}

// The client's task of a run; null if the pointer is none, as in tests.
Task* SharedTask(const LiveRun& run) {
  const Session* session = run.context->session;
  if (session == nullptr || (run.key & kCancelBit) != 0) return nullptr;
  return reinterpret_cast<Task*>(
      session->ResolveWritable(ShmPtr::FromBits(run.key), sizeof(Task)));
}

// The task of a run that was made inside the runtime, else null.
Task* InternalTask(const LiveRun& run) {
  if ((run.key & kCancelBit) == 0) return nullptr;
  return reinterpret_cast<Task*>(run.key & ~kCancelBit);
}

bool IsMarked(const Task& shared) {
  return shared.state_.load(std::memory_order_acquire) ==
         static_cast<u32>(TaskState::kCancelling);
}

// A client's word, which may change at any moment.
template <class T>
T ReadOnce(const T& word) {
  return __atomic_load_n(&word, __ATOMIC_RELAXED);
}

void Unlink(Task& task) {
  *task.subtask_link_ = task.next_subtask_;
  if (task.next_subtask_ != nullptr) {
    task.next_subtask_->subtask_link_ = task.subtask_link_;
  }
  task.subtask_link_ = nullptr;
}

}  // namespace

void UnlinkSubtask(Task& task) {
  if (task.subtask_link_ != nullptr) Unlink(task);
}

// ---- a run's own side -------------------------------------------------------

// From here on it can be found, and its deadline counts.
void Worker::Impl::Arm(Frame& frame) {
  LiveRun& live = frame.live;
  live.armed = true;
  live.idle = false;
  live.certain = false;
  live.end = StatusCode::kOk;
  live.deadline_ns = kNoDeadlineNs;
  live.context = &frame.context;
  live.parked = nullptr;
  live.subtasks = nullptr;
  live_.Add(live);
  if (const Task* const task = InternalTask(live); task != nullptr) {
    live.deadline_ns = task->deadline_ns_;
    const u32 end = task->interrupt_.load(std::memory_order_relaxed);
    if (end != 0) Interrupt(live, static_cast<StatusCode>(end), kByMaker);
    return;
  }
  const Task* shared = SharedTask(live);
  if (shared == nullptr) return;
  const u32 timeout_ms = ReadOnce(shared->timeout_ms_);
  if (timeout_ms != 0) {
    // The client's own reckoning, but never later than from now on.
    live.deadline_ns =
        std::min(ReadOnce(shared->deadline_ns_),
                 DeadlineNs(options_.clock->NowNs(), timeout_ms * kNsPerMs));
  }
  if (IsMarked(*shared)) Interrupt(live, StatusCode::kCancelled, kByClient);
}

void Worker::Impl::Disarm(Frame& frame) {
  while (frame.live.subtasks != nullptr) Unlink(*frame.live.subtasks);
  live_.Remove(frame.live);
}

Status Worker::Impl::EndStatus(const LiveRun& live) {
  return Status::FromCode(static_cast<u32>(live.end), live.why);
}

void Worker::Impl::Expire(LiveRun& live) {
  Interrupt(live, StatusCode::kDeadlineExceeded, kTooLate);
}

void Worker::Impl::LinkSubtask(Task& task) {
  if (!ThisFrame()->live.armed) Arm(*ThisFrame());
  LiveRun& parent = ThisFrame()->live;
  task.deadline_ns_ = std::min(task.deadline_ns_, parent.deadline_ns);
  if (parent.end != StatusCode::kOk) {
    task.interrupt_.store(static_cast<u32>(parent.end),
                          std::memory_order_relaxed);
    return;
  }
  task.next_subtask_ = parent.subtasks;
  task.subtask_link_ = &parent.subtasks;
  if (parent.subtasks != nullptr) {
    parent.subtasks->subtask_link_ = &task.next_subtask_;
  }
  parent.subtasks = &task;
}

// ---- ending runs ------------------------------------------------------------

// A loop and not a recursion, since subtasks of subtasks may go deep.
void Worker::Impl::Interrupt(LiveRun& first, StatusCode end, const char* why) {
  std::vector<LiveRun*> left{&first};
  while (!left.empty()) {
    LiveRun& run = *left.back();
    left.pop_back();
    if (run.end != StatusCode::kOk) continue;
    run.end = end;
    run.why = &run == &first ? why : kByMaker;
    Increment(end == StatusCode::kCancelled ? stats_.cancelled
                                            : stats_.expired);
    executor_.CountEnd(*run.context, end);
    for (Task* task = run.subtasks; task != nullptr;
         task = task->next_subtask_) {
      task->interrupt_.store(static_cast<u32>(end), std::memory_order_relaxed);
      LiveRun* const child = live_.Find(task->client_id_, KeyOf(task));
      if (child != nullptr) left.push_back(child);
    }
    if (run.parked != nullptr && !run.certain) {
      parked_.Wake(*run.parked, ParkedRun::Wake::kCancelled);
    }
  }
}

void Worker::Impl::CancelClient(u64 client_id) {
  live_.ForEach([&](LiveRun& run) {
    if (run.context->client_id != client_id) return;
    Interrupt(run, StatusCode::kCancelled, kClientGone);
  });
}

void Worker::Impl::CancelAll() {
  live_.ForEach(
      [&](LiveRun& run) { Interrupt(run, StatusCode::kCancelled, kStopping); });
}

void Worker::Impl::CancelSubmitted(ShmPtr slot, RunContext& ctx) {
  const u64 key = slot.bits_ & ~kCancelBit;
  stats_.tasks.store(stats_.tasks.load(std::memory_order_relaxed) - 1,
                     std::memory_order_relaxed);  // it was none
  if (ctx.session != nullptr) ctx.session->CountOddItem();
  if (CancelKey(ctx.client_id, key) || !options_.all_workers) return;
  for (Worker* peer : options_.all_workers()) {
    if (peer == &self_) continue;
    Impl& other = *peer->impl_;
    other.Inject([&other, client_id = ctx.client_id, key] {
      static_cast<void>(other.CancelKey(client_id, key));
    });
  }
}

bool Worker::Impl::CancelKey(u64 client_id, u64 key) {
  LiveRun* const run = live_.Find(client_id, key);
  if (run == nullptr) return false;
  const Task* const internal = InternalTask(*run);
  if (internal != nullptr &&
      internal->interrupt_.load(std::memory_order_relaxed) == 0) {
    return false;  // another one, where the meant one was
  }
  const Task* const shared = SharedTask(*run);
  if (shared == nullptr) {
    Interrupt(*run, StatusCode::kCancelled, kByMaker);
    return true;
  }
  const bool meant = IsMarked(*shared);
  if (meant) Interrupt(*run, StatusCode::kCancelled, kByClient);
  return meant;
}

// ---- periodic runs ----------------------------------------------------------

Status Worker::Impl::AwaitPeriod(u64 due_ns, u64 timeout_ns) {
  if (!ThisFrame()->live.armed) Arm(*ThisFrame());
  LiveRun& live = ThisFrame()->live;
  // Its deadline is that of each run, not of the time between them.
  live.deadline_ns = kNoDeadlineNs;
  if (stopping_) Interrupt(live, StatusCode::kCancelled, kStopping);
  ParkedRun run(WaitKind::kSleep);
  live.idle = true;
  stats_.between_periods.fetch_add(1, std::memory_order_relaxed);
  const Status parked = Park(run, due_ns);
  stats_.between_periods.fetch_sub(1, std::memory_order_relaxed);
  live.idle = false;
  if (run.interrupted() || parked.code() != StatusCode::kDeadlineExceeded) {
    return parked;
  }
  if (timeout_ns != 0) {
    live.deadline_ns = DeadlineNs(options_.clock->NowNs(), timeout_ns);
  }
  return Status();
}

void Worker::Impl::EndIdle(const std::atomic<u64>* held_runs) {
  live_.ForEach([&](LiveRun& run) {
    if (!run.idle) return;
    if (held_runs != nullptr && run.context->held_runs != held_runs) return;
    Interrupt(run, StatusCode::kCancelled,
              held_runs == nullptr ? kStopping : kPoolGone);
  });
}

}  // namespace chi

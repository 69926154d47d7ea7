// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Which rings a worker has, and what happens to long tasks: they are handed to
// a worker that runs nothing else, or, where there is none, wait until no
// short one is there.
//
// A ring that moves keeps its wake-up descriptor, which the new owner watches:
// the client neither knows nor needs to know whom it wakes. While the ring is
// on its way nobody polls it and its flag says "awake"; the new owner's inbox
// holds it then, so that worker cannot fall asleep before it has looked at it.

#include <algorithm>

#include "chimaera/base/check.h"
#include "chimaera/base/format.h"
#include "sched/worker_impl.h"

namespace chi {
namespace {

void Add(std::atomic<u64>& counter, u64 value) {
  counter.fetch_add(value, std::memory_order_relaxed);
}

void Subtract(std::atomic<u64>& counter, u64 value) {
  counter.fetch_sub(value, std::memory_order_relaxed);
}

}  // namespace

const char* WorkerKindName(WorkerKind kind) {
  switch (kind) {
    case WorkerKind::kShort:
      return "short";
    case WorkerKind::kLong:
      return "long";
    default:
      return "both";
  }
}

// ---- rings
// -------------------------------------------------------------------

void Worker::Impl::AttachLane(RingSource source,
                              std::shared_ptr<LaneHold> hold) {
  // It may have ended while the ring was on its way; then nobody would detach.
  if (source.session->ended()) {
    Subtract(stats_.rings, 1);
    return;
  }
  sleeper_.Add(source.wake_fd);
  lanes_.Add(std::move(source), std::move(hold));
  has_rest_ = true;
}

void Worker::Impl::DetachLanes(u64 session_id, std::function<void()> done) {
  // What waits for a client that is gone would keep its memory; also what its
  // methods have submitted and is still in the queue.
  CancelClient(session_id);
  local_.push_back([this, session_id] { CancelClient(session_id); });
  // First of all: the descriptors live as long as the session.
  for (const auto& lane : lanes_.polled()) {
    if (lane->client_id == session_id) sleeper_.Remove(lane->source.wake_fd);
  }
  Subtract(stats_.rings, lanes_.Detach(session_id, std::move(done)));
}

void Worker::Impl::GiveRing(Worker& to, Priority priority, u64 max_share_ns,
                            u64 round) {
  const bool measured = last_give_round_ + 1 == round;
  last_give_round_ = round;
  Lane* best = nullptr;
  u64 best_share = 0;
  for (const auto& lane : lanes_.polled()) {
    const u64 share = lane->share.TakeBusy();
    if (lane->priority != priority || share > max_share_ns) continue;
    if (share <= best_share) continue;
    best = lane.get();
    best_share = share;
  }
  if (best == nullptr || !measured || &to == &self_) return;
  const Lanes::Moved moved = lanes_.Take(*best);
  sleeper_.Remove(moved.source.wake_fd);
  if (to.impl_->InjectLane(moved.source, moved.hold)) {
    Subtract(stats_.rings, 1);
    Add(stats_.rings_moved, 1);
  } else {
    AttachLane(moved.source, moved.hold);  // that worker has ended
  }
}

// Nobody ran: the lane with tasks that has the fewest turns left to pass goes
// now, and the others come as much nearer.
bool Worker::Impl::RunPaused() {
  Lane* next = nullptr;
  for (size_t i = 0; i < lanes_.num_low(); ++i) {
    Lane& lane = *lanes_.polled()[i];
    if (lane.consumer.LooksEmpty()) continue;
    if (next == nullptr || lane.share.pause() < next->share.pause()) {
      next = &lane;
    }
  }
  if (next == nullptr) return false;
  const u32 turns = next->share.pause();
  for (size_t i = 0; i < lanes_.num_low(); ++i) {
    lanes_.polled()[i]->share.SkipTurns(turns);
  }
  return RunBatch(*next);
}

// The seldom rest of PollLanes: lanes that pause, and long tasks.
bool Worker::Impl::PollRest(bool busy) {
  const u64 switches = switches_;
  has_rest_ = !lanes_.all_low() || !long_tasks_.empty();
  if (!busy) busy = RunPaused();
  return switches_ != switches || PollLong(busy) || busy;
}

// ---- long tasks
// --------------------------------------------------------------

bool Worker::Impl::PollLong(bool low_busy) {
  // Short tasks first, but for as long as the last long one took at most.
  if (low_busy && long_share_.Pauses()) return false;
  long_share_.EndTurn();
  const size_t first = lanes_.num_low();
  const size_t num_turns = lanes_.polled().size() - first + 1;
  bool waiting = false;
  for (size_t i = 0; i < num_turns; ++i) {
    const size_t turn = long_turn_++ % num_turns;
    if (turn == num_turns - 1) {
      if (long_tasks_.empty()) continue;
      LongTask task = long_tasks_.Pop();
      RunLong(std::move(task));
      return true;
    }
    Lane& lane = *lanes_.polled()[first + turn];
    if (lane.share.Pauses()) {
      waiting |= !lane.consumer.LooksEmpty();
    } else if (RunBatch(lane)) {
      return true;
    }
  }
  return waiting;
}

Worker* Worker::Impl::LeastLongWorker() const {
  if (options_.long_task_workers == nullptr) return nullptr;
  Worker* best = nullptr;
  u64 fewest = ~u64{0};
  for (Worker* worker : *options_.long_task_workers) {
    const u64 waiting =
        worker->stats().long_waiting.load(std::memory_order_relaxed);
    if (waiting >= fewest) continue;
    best = worker;
    fewest = waiting;
  }
  return best;
}

Result<bool> Worker::Impl::HandOver(ShmPtr pointer) {
  Lane* const lane = ThisFrame()->lane;
  if (lane == nullptr || lane->priority != Priority::kLowLatency) return false;
  if (ThisFrame()->live.armed) return false;  // a periodic task that began here
  if (options_.kind == WorkerKind::kLong) return false;
  const bool here = options_.kind == WorkerKind::kBoth;
  Worker* const to = here ? &self_ : LeastLongWorker();
  if (to == nullptr) return false;
  Session& session = *lane->session;
  if (!session.BeginTask()) return session.TooManyTasks();
  LongTask task{lane->hold, pointer};
  if (here) {
    Add(stats_.long_waiting, 1);
    const SpinGuard guard(lanes_guard_);
    long_tasks_.Push(std::move(task));
    has_rest_ = true;
  } else if (!to->impl_->InjectLong(std::move(task))) {
    session.EndTask();
    return false;
  }
  Subtract(stats_.tasks, 1);  // it begins where it is run
  Add(stats_.handed_over, 1);
  return true;
}

// `task` lies on this fiber's stack until the run is over, parked or not.
void Worker::Impl::RunLong(LongTask task) {
  Session& session = *task.hold->session;
  const bool was_parked =
      !session.ended() && RunHandedOver(session, task.pointer);
  session.EndTask();
  if (!was_parked) Subtract(stats_.long_waiting, 1);
}

void Worker::Impl::CountRun(u64 busy_ns, u64 runs) {
  Lane* const lane = ThisFrame()->lane;
  if (lane != nullptr) lane->share.Count(busy_ns, runs);
  const bool is_long = lane == nullptr
                           ? ThisFrame()->is_long
                           : lane->priority == Priority::kHighLatency;
  if (is_long) long_share_.Count(busy_ns, runs);
  if (lane != nullptr || is_long) Add(stats_.busy_ns, busy_ns * runs);
}

}  // namespace chi

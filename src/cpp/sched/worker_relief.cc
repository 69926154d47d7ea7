// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a stuck worker has not begun goes to a stand-in, and comes back when
// the method that held it is over.
//
// The worker's rings are its own, so taking them away needs proof that it does
// not look at them: it is inside a run, and asks before it looks again.
//
//   worker, each run                  who relieves it
//   frame_ = &frame   (release)       relieved_ = true
//   … the method …                    Membarrier
//   frame_ = nullptr                  frame_ read: null? then not now
//   relieved_ read
//
// The membarrier is the fence between the worker's last two lines: either
// frame_ is read as null, or the worker reads relieved_ as true and waits in
// RejoinAfterRelief until lanes_guard_ is free. What a run itself does to
// lanes_ and long_tasks_, on its slow paths, it does under lanes_guard_.

#include <utility>

#include "chimaera/base/log.h"
#include "sched/membarrier.h"
#include "sched/worker_impl.h"

namespace chi {

bool Worker::Impl::GiveAwayWhileStuck(Worker& stand_in) {
  const SpinGuard guard(lanes_guard_);
  if (relieved_.load(std::memory_order_relaxed)) return false;
  relieved_.store(true, std::memory_order_release);
  Membarrier();
  Frame* const frame = frame_.load(std::memory_order_acquire);
  if (frame == nullptr) {
    relieved_.store(false, std::memory_order_release);
    return false;
  }
  // The run refers to its lane until it is over.
  if (frame->lane != nullptr && !std::exchange(frame->keeps_lane, true)) {
    ++frame->lane->parked_runs;
  }
  Impl& other = *stand_in.impl_;
  {
    const MutexLock lock(arrivals_mutex_);
    stand_in_ = &stand_in;
    ForwardArrivals(other);
  }
  for (const Lanes::Moved& moved : TakeAllRings()) {
    left_fds_.push_back(moved.source.wake_fd);
    other.InjectLane(moved.source, moved.hold);
  }
  GiveLongTasks(other);
  return true;
}

// Outside any run, on this worker.
void Worker::Impl::RejoinAfterRelief() {
  Worker* stand_in;
  {
    const SpinGuard guard(lanes_guard_);
    if (!relieved_.load(std::memory_order_relaxed)) return;
    relieved_.store(false, std::memory_order_relaxed);
    const MutexLock lock(arrivals_mutex_);
    stand_in = std::exchange(stand_in_, nullptr);
  }
  ++switches_;  // whoever polled has no lane any more
  for (const int fd : std::exchange(left_fds_, {})) sleeper_.Remove(fd);
  Impl* const other = stand_in->impl_.get();
  other->Inject([this, other] { other->GiveEverything(*this); });
}

void Worker::Impl::EndRelievedRun(Frame& frame) {
  RejoinAfterRelief();
  LetLaneGo(frame);
}

void Worker::Impl::LetLaneGo(Frame& frame) {
  if (std::exchange(frame.keeps_lane, false)) lanes_.RunFinished(*frame.lane);
}

void Worker::Impl::GiveEverything(Impl& to) {
  TakeArrivals();
  for (const Lanes::Moved& moved : TakeAllRings()) {
    sleeper_.Remove(moved.source.wake_fd);
    to.InjectLane(moved.source, moved.hold);
  }
  GiveLongTasks(to);
}

std::vector<Lanes::Moved> Worker::Impl::TakeAllRings() {
  std::vector<Lanes::Moved> all;
  while (!lanes_.polled().empty()) {
    all.push_back(lanes_.Take(*lanes_.polled().back()));
    stats_.rings.fetch_sub(1, std::memory_order_relaxed);
  }
  return all;
}

void Worker::Impl::GiveLongTasks(Impl& to) {
  while (!long_tasks_.empty()) {
    stats_.long_waiting.fetch_sub(1, std::memory_order_relaxed);
    to.InjectLong(long_tasks_.Pop());
  }
}

// ---- what arrives from other threads
// ---------------------------------------

bool Worker::Impl::InjectLane(const RingSource& source,
                              const std::shared_ptr<LaneHold>& hold) {
  const MutexLock lock(arrivals_mutex_);
  if (stand_in_ != nullptr) return stand_in_->impl_->InjectLane(source, hold);
  arrived_rings_.push_back({source, hold});
  if (!AnnounceArrivals()) {
    arrived_rings_.pop_back();
    return false;
  }
  stats_.rings.fetch_add(1, std::memory_order_relaxed);
  return true;
}

bool Worker::Impl::InjectLong(LongTask task) {
  const MutexLock lock(arrivals_mutex_);
  if (stand_in_ != nullptr) return stand_in_->impl_->InjectLong(task);
  arrived_long_.push_back(std::move(task));
  if (!AnnounceArrivals()) {
    arrived_long_.pop_back();
    return false;
  }
  stats_.long_waiting.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void Worker::Impl::ForwardArrivals(Impl& to) {
  for (const Lanes::Moved& ring : std::exchange(arrived_rings_, {})) {
    stats_.rings.fetch_sub(1, std::memory_order_relaxed);
    to.InjectLane(ring.source, ring.hold);
  }
  for (LongTask& task : std::exchange(arrived_long_, {})) {
    stats_.long_waiting.fetch_sub(1, std::memory_order_relaxed);
    to.InjectLong(std::move(task));
  }
}

bool Worker::Impl::AnnounceArrivals() {
  if (arrivals_announced_) return true;
  arrivals_announced_ = Inject([this] { TakeArrivals(); });
  return arrivals_announced_;
}

void Worker::Impl::TakeArrivals() {
  std::vector<Lanes::Moved> rings;
  std::vector<LongTask> tasks;
  {
    const MutexLock lock(arrivals_mutex_);
    arrivals_announced_ = false;
    rings.swap(arrived_rings_);
    tasks.swap(arrived_long_);
  }
  for (const Lanes::Moved& ring : rings) AttachLane(ring.source, ring.hold);
  for (LongTask& task : tasks) long_tasks_.Push(std::move(task));
  has_rest_ |= !long_tasks_.empty();
}

}  // namespace chi

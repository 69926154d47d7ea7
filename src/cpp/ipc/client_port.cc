// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Submitting, with everything that can hinder it turned into an outcome.

#include "ipc/client_port.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>

#include "chimaera/base/clock.h"
#include "chimaera/base/log.h"

namespace chi {
namespace {

// Since its submission counts, the time it has begins here.
void StampDeadline(Task& task, u32 default_ms) {
  if (task.timeout_ms_ == 0) task.timeout_ms_ = default_ms;
  task.deadline_ns_ =
      DeadlineNs(SystemClock::Get().NowNs(), task.timeout_ms_ * kNsPerMs);
}

void MarkPending(Task& task) {
  // relaxed: the ring's publication orders it.
  task.state_.store(static_cast<u32>(TaskState::kPending),
                    std::memory_order_relaxed);
}

u32 Index(Priority priority) {
  static_assert(kNumPriorities == 2);
  return static_cast<u32>(priority) & 1;  // whatever number it was made of
}

}  // namespace

Status ClientPort::MakeRing(Priority priority) {
  CHI_RETURN_IF_ERROR(core_.Check());
  u32 worker = 0;
  Result<RingProducer<>> producer = core_.MakeRing(priority, &worker);
  if (!producer.ok()) return producer.status();
  rings_[Index(priority)].emplace(
      Ring{*producer, core_.control().worker_eventfd(worker)});
  published_cpu_ = ~u32{0};
  return Status();
}

__attribute__((noinline)) void ClientPort::WakeWorker(const Ring& ring) {
  const u64 one = 1;
  // EAGAIN says that the counter is full: the worker is awake anyway.
  const ssize_t written = write(ring.wake_fd, &one, sizeof(one));
  static_cast<void>(written);
}

// It has a deadline, or something is traced.
inline bool ClientPort::NeedsCare(const Task& task) const {
  const u32 why =
      task.timeout_ms_ | core_.default_timeout_ms() | sampler_.one_in();
  return __builtin_expect(why != 0, 0);
}

inline void ClientPort::TakeCare(Task& task) {
  const u32 default_ms = core_.default_timeout_ms();
  if ((task.timeout_ms_ | default_ms) != 0) StampDeadline(task, default_ms);
  const u32 one_in = sampler_.one_in();
  if (one_in != 0) sampler_.Pass(one_in, &task);
}

// All calls in it stand last, so that Submit needs no frame.
void ClientPort::Submit(hipc::FullPtr<Task> task, Priority priority) {
  if (NeedsCare(*task)) {
    SubmitWithCare(task, priority);
  } else {
    Send(task, priority);
  }
}

__attribute__((noinline)) void ClientPort::SubmitWithCare(
    hipc::FullPtr<Task> task, Priority priority) {
  TakeCare(*task);
  Send(task, priority);
}

__attribute__((always_inline)) inline void ClientPort::Send(
    hipc::FullPtr<Task> task, Priority priority) {
  MarkPending(*task);
  std::optional<Ring>& ring = rings_[Index(priority)];
  const bool pushed = __builtin_expect(ring.has_value(), 1) &&
                      !task.shm_.IsOutsideSession() &&
                      ring->producer.TryPush(task.shm_.bits_);
  if (__builtin_expect(!pushed, 0)) {
    SubmitSlowly(task, priority);
  } else if (__builtin_expect(ring->producer.ConsumerParked(), 0)) {
    WakeWorker(*ring);
  }
}

void ClientPort::SubmitSlowly(hipc::FullPtr<Task> task, Priority priority) {
  const Status why = TrySlowly(task, priority);
  if (!why.ok()) {
    CompleteLocally(*task, why);
    return;
  }
  Ring& ring = *rings_[Index(priority)];
  if (ring.producer.ConsumerParked()) WakeWorker(ring);
}

Status ClientPort::TrySlowly(hipc::FullPtr<Task> task, Priority priority) {
  if (task.shm_.IsPrivate()) {
    if (task->return_code_ != static_cast<u32>(StatusCode::kNotRun)) {
      // What NewTask found.
      return Status::FromCode(task->return_code_,
                              std::string(task->text_, task->text_size_));
    }
    CHI_RETURN_IF_ERROR(core_.Check());
    return Status::NoMemory("no room for a task");
  }
  std::optional<Ring>& ring = rings_[Index(priority)];
  if (!ring.has_value()) CHI_RETURN_IF_ERROR(MakeRing(priority));
  return PushSlowly(*ring, task.shm_.bits_,
                    task->IsTraced() ? task.ptr_ : nullptr);
}

void ClientPort::SubmitBatch(const hipc::FullPtr<Task>* tasks, u32 n,
                             Priority priority) {
  constexpr u32 kChunk = 256;
  u64 values[kChunk];
  std::optional<Ring>& ring = rings_[Index(priority)];
  u32 cared = 0;  // tasks that need no care any more
  for (u32 done = 0; done < n;) {
    const u32 end = std::min(n, done + kChunk);
    u32 count = 0;
    while (done + count < end && !tasks[done + count].shm_.IsPrivate()) {
      Task& task = *tasks[done + count];
      if (done + count >= cared && NeedsCare(task)) TakeCare(task);
      MarkPending(task);
      values[count] = tasks[done + count].shm_.bits_;
      ++count;
    }
    cared = std::max(cared, done + count);
    u32 pushed = 0;
    if (ring.has_value() && count > 0) {
      pushed = ring->producer.TryPushBatch(values, count);
      if (pushed > 0 && ring->producer.ConsumerParked()) WakeWorker(*ring);
    }
    done += pushed;
    // A full ring, no ring, or a task in private memory: one at a time.
    if (pushed < count || count == 0) SubmitSlowly(tasks[done++], priority);
  }
}

Status ClientPort::PushSlowly(Ring& ring, u64 value, Task* task) {
  const Clock& clock = SystemClock::Get();
  const u64 deadline_ns =
      DeadlineNs(clock.NowNs(), core_.options().submit_timeout_ns);
  for (u64 turn = 0;; ++turn) {
    if (task != nullptr) RenewTraceStamp(clock.NowNs(), task);
    if (ring.producer.TryPush(value)) return Status();
    CHI_RETURN_IF_ERROR(core_.Check());
    if (clock.NowNs() >= deadline_ns) {
      return Status::Overloaded(Format(
          "ring of {} tasks still full after {} ms", ring.producer.capacity(),
          core_.options().submit_timeout_ns / kNsPerMs));
    }
    if (ring.producer.ConsumerParked()) WakeWorker(ring);
    if (turn < 100) {
      sched_yield();
    } else {
      usleep(100);
    }
  }
}

void ClientPort::Orphan(hipc::FullPtr<Task> task,
                        void (*destroy)(ThreadPort&, hipc::FullPtr<Task>)) {
  orphans_.push_back({task, destroy});
  if (orphans_.size() < next_sweep_) return;
  SweepOrphans();
  // So that the work per task stays constant.
  next_sweep_ = std::max<size_t>(64, 2 * orphans_.size());
}

bool ClientPort::Cancel(hipc::FullPtr<Task> task) {
  if (!MarkCancelled(task->state_)) return false;
  // Any ring will do: who gets this passes it on (see sched/worker_ends.cc).
  for (std::optional<Ring>& ring : rings_) {
    if (ring.has_value()) return PushCancel(*ring, task.shm_);
  }
  const Status made = MakeRing(Priority::kLowLatency);
  return !made.ok() || PushCancel(*rings_[0], task.shm_);
}

// True always: if this does not get through, the runtime is gone or so busy
// that the task has not begun; then it learns of it when it first waits.
bool ClientPort::PushCancel(Ring& ring, ShmPtr task) {
  const Status pushed = PushSlowly(ring, task.bits_ | kCancelBit);
  if (!pushed.ok()) CHI_LOG(kWarning, "cancelling a task: {}", pushed);
  if (ring.producer.ConsumerParked()) WakeWorker(ring);
  return true;
}

void ClientPort::OnWait(u32 cpu) {
  if (cpu == published_cpu_) return;
  published_cpu_ = cpu;
  for (std::optional<Ring>& ring : rings_) {
    if (ring.has_value()) ring->producer.PublishCpu(cpu);
  }
}

hipc::FullPtr<char> ClientPort::AllocateBuffer(u64 bytes) {
  Result<ShmRange> range = core_.AllocateBuffer(bytes);
  if (!range.ok()) {
    CHI_LOG(kWarning, "AllocateBuffer: {}", range.status().ToString());
    return {};
  }
  return {range->base, range->ptr};
}

void ClientPort::SweepOrphans() {
  auto done = std::partition(
      orphans_.begin(), orphans_.end(),
      [](const OrphanedTask& orphan) { return !orphan.task->IsComplete(); });
  for (auto it = done; it != orphans_.end(); ++it) {
    it->destroy(*this, it->task);
  }
  orphans_.erase(done, orphans_.end());
}

void ClientPort::AbandonOrphans() {
  for (OrphanedTask& orphan : orphans_) orphan.destroy(*this, orphan.task);
  orphans_.clear();
}

}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A thread that waits: it polls, and then sleeps on the task's state word. The
// protocol with the worker that finishes the task is in completion.h.

#include "ipc/spin_waiter.h"

#include <sched.h>

#include <algorithm>

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/ipc/client_core.h"
#include "chimaera/ipc/ipc_manager.h"
#include "chimaera/ipc/life_word.h"
#include "chimaera/ipc/task.h"

namespace chi {
namespace {

// Turns between two looks at the clock and at the CPU: about 2 us.
constexpr u32 kTurnsPerLook = 64;
// Waits that ended asleep shorten the next polls of this thread, up to 2^4.
constexpr u32 kMaxMisses = 4;
// Sleeps up to so many times the busy wait do not count as such waits.
constexpr u64 kShortSleeps = 2;
__thread u32 recent_misses __attribute__((tls_model("initial-exec"))) = 0;

// What SharesCpu said last on this thread.
__thread bool shared_cpu __attribute__((tls_model("initial-exec"))) = false;

// Offers of the CPU before sleeping, where the worker shares it.
constexpr u32 kYieldsOnSharedCpu = 2;

void CpuRelax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// How long after its deadline a task may still tell its client so itself.
constexpr u64 kDeadlineGraceNs = 50 * kNsPerMs;

Status TooLate(const Task& task) {
  return Status::DeadlineExceeded(
      Format("the task's deadline of {} ms has passed, and its worker does not "
             "answer",
             task.timeout_ms_));
}

// kAwaited or kCancelling: on no other value may a thread sleep.
bool WillBeCalledOut(u32 state) {
  return state == static_cast<u32>(TaskState::kAwaited) ||
         state == static_cast<u32>(TaskState::kCancelling);
}

// Waiters come in slices, so that a closed connection is noticed.
constexpr u64 kSliceNs = 100 * kNsPerMs;

}  // namespace

Status SpinWaiter::Wait(Task& task, u64 timeout_ns) {
  if (task.IsComplete()) return Status();
  if (task.state_.load(std::memory_order_relaxed) ==
      static_cast<u32>(TaskState::kNew)) {
    return Status::BadRequest("waiting for a task nobody submitted");
  }
  // Not even polled for: whoever waits for many tasks of a stuck worker, one
  // after the other, would come later and later.
  const u64 latest_ns = LatestNs(task);
  if (latest_ns != kNoDeadlineNs && SystemClock::Get().NowNs() >= latest_ns) {
    return TooLate(task);
  }
  if (timeout_ns > 0 && Spin([&] { return task.IsComplete(); })) {
    recent_misses = 0;
    return Status();
  }
  const u64 begin_ns = SystemClock::Get().NowNs();
  Status slept = Sleep(task, begin_ns, timeout_ns);
  const u64 slept_ns = SystemClock::Get().NowNs() - begin_ns;
  // A short sleep is mostly the way into it and out: polling on would have
  // been faster. Otherwise a few long tasks would end all polling for those of
  // medium length that follow.
  const bool paid = slept_ns > kShortSleeps * busy_wait_ns_;
  recent_misses = paid ? std::min(recent_misses + 1, kMaxMisses) : 0;
  return slept;
}

// Whether no worker for short tasks runs on another CPU than this thread: then
// polling only keeps the worker from running. Tells the workers where this
// thread is.
bool SpinWaiter::SharesCpu() const {
  if (page_ == nullptr) return false;
  const u32 here = static_cast<u32>(sched_getcpu());
  ThreadPort* port = IpcManager::CurrentPort();
  if (port != nullptr) port->OnWait(here);
  const u32 workers = std::min(page_->num_workers, kMaxWorkers);
  shared_cpu = workers > 0;
  for (u32 i = 0; i < workers; ++i) {
    const WorkerLine& worker = page_->workers[i];
    if (worker.for_long_tasks.load(std::memory_order_relaxed) != 0) continue;
    if (worker.cpu.load(std::memory_order_relaxed) != here) shared_cpu = false;
  }
  return shared_cpu;
}

template <class Done>
bool SpinWaiter::Spin(Done done) const {
  if (shared_cpu && SharesCpu()) return OfferCpu(done);
  const u64 budget_ns = busy_wait_ns_ >> recent_misses;
  u64 start_ns = 0;
  for (u32 turn = 1;; ++turn) {
    if (done()) return true;
    if (turn % kTurnsPerLook != 0) {
      CpuRelax();
      continue;
    }
    if (SharesCpu()) return OfferCpu(done);
    const u64 now_ns = SystemClock::Get().NowNs();
    if (turn == kTurnsPerLook) start_ns = now_ns;
    if (now_ns - start_ns >= budget_ns) return false;
  }
}

template <class Done>
bool SpinWaiter::OfferCpu(Done done) const {
  for (u32 i = 0; i < kYieldsOnSharedCpu; ++i) {
    sched_yield();
    if (done()) return true;
  }
  return false;
}

// When the runtime ought to have ended the task. Where its worker is stuck, the
// client goes on all the same.
u64 SpinWaiter::LatestNs(const Task& task) {
  if (task.timeout_ms_ == 0 || task.IsPeriodic()) return kNoDeadlineNs;
  return DeadlineNs(task.deadline_ns_, kDeadlineGraceNs);
}

Status SpinWaiter::Sleep(Task& task, u64 begin_ns, u64 timeout_ns) const {
  const u64 latest_ns = LatestNs(task);
  const u64 deadline_ns = std::min(DeadlineNs(begin_ns, timeout_ns), latest_ns);
  // If it fails the task is done, or kAwaited since an earlier wait.
  static_cast<void>(
      ChangeState(task.state_, TaskState::kPending, TaskState::kAwaited));
  while (!task.IsComplete()) {
    const u64 now_ns = SystemClock::Get().NowNs();
    if (now_ns >= deadline_ns) {
      if (now_ns >= latest_ns) return TooLate(task);
      return Status::DeadlineExceeded(
          Format("task not done after {} ms", timeout_ns / kNsPerMs));
    }
    const u32 state = task.state_.load(std::memory_order_relaxed);
    if (!WillBeCalledOut(state)) continue;
    const WaitOutcome outcome = FutexWaitOnTask(
        &task.state_, state, page_, std::min(deadline_ns - now_ns, kSliceNs));
    if (outcome == WaitOutcome::kLookAgain || task.IsComplete()) continue;
    const Status connection = core_ == nullptr ? Status() : core_->Check();
    if (connection.ok()) continue;
    CompleteLocally(task, connection);
    return connection;
  }
  return Status();
}

Status SpinWaiter::WaitMany(Task* const* tasks, u32 count, u32 wanted,
                            u64 timeout_ns) {
  if (wanted == 1) return WaitAny(tasks, count, timeout_ns);
  const Clock& clock = SystemClock::Get();
  const u64 deadline_ns = DeadlineNs(clock.NowNs(), timeout_ns);
  for (u32 i = 0; i < count; ++i) {
    if (tasks[i]->IsComplete()) continue;
    const u64 now_ns = clock.NowNs();
    CHI_RETURN_IF_ERROR(
        Wait(*tasks[i], deadline_ns - std::min(now_ns, deadline_ns)));
  }
  return Status();
}

// Sleeps on the state words of the first kMaxFutexWords tasks. Where there are
// more, in short slices: tasks mostly end in the order in which they began.
Status SpinWaiter::WaitAny(Task* const* tasks, u32 count,
                           u64 timeout_ns) const {
  const auto done = [tasks, count] {
    return std::any_of(tasks, tasks + count,
                       [](const Task* task) { return task->IsComplete(); });
  };
  if (done() || (timeout_ns > 0 && Spin(done))) return Status();
  const Clock& clock = SystemClock::Get();
  const u64 deadline_ns = DeadlineNs(clock.NowNs(), timeout_ns);
  const std::atomic<u32>* words[kMaxFutexWords];
  const u32 num_words = std::min(count, kMaxFutexWords);
  for (u32 i = 0; i < num_words; ++i) {
    std::atomic<u32>& state = tasks[i]->state_;
    if (state.load(std::memory_order_relaxed) ==
        static_cast<u32>(TaskState::kNew)) {
      return Status::BadRequest("waiting for a task nobody submitted");
    }
    static_cast<void>(
        ChangeState(state, TaskState::kPending, TaskState::kAwaited));
    words[i] = &state;
  }
  const u64 slice_ns = count > num_words ? kNsPerMs : kSliceNs;
  while (!done()) {
    const u64 now_ns = clock.NowNs();
    if (now_ns >= deadline_ns) {
      return Status::DeadlineExceeded(Format(
          "none of {} tasks done after {} ms", count, timeout_ns / kNsPerMs));
    }
    u32 states[kMaxFutexWords];
    bool all_asleep = true;
    for (u32 i = 0; i < num_words; ++i) {
      states[i] = words[i]->load(std::memory_order_relaxed);
      all_asleep &= WillBeCalledOut(states[i]);
    }
    if (!all_asleep) continue;
    FutexWaitOnAny(words, states, num_words, page_,
                   std::min(deadline_ns - now_ns, slice_ns));
    const Status connection = core_ == nullptr ? Status() : core_->Check();
    if (connection.ok() || done()) continue;
    for (u32 i = 0; i < count; ++i) {
      if (!tasks[i]->IsComplete()) CompleteLocally(*tasks[i], connection);
    }
    return connection;
  }
  return Status();
}

void SpinWaiter::Yield() { sched_yield(); }

}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Starting and stopping a worker: its thread, and what that sets up before its
// loop begins, and takes down after.

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <utility>

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/base/log.h"
#include "chimaera/base/start_thread.h"
#include "chimaera/sched/signal_stack.h"
#include "sched/worker_impl.h"

namespace chi {
namespace {

// By so much workers for long tasks are nicer than others.
constexpr int kLongNice = 5;

}  // namespace

Status Worker::Impl::Start() {
  CHI_RETURN_IF_ERROR(sleeper_.Open());
  try {
    thread_ = StartThread([this] { ThreadMain(); });
  } catch (const std::system_error& error) {
    return Status::FromErrno(error.code().value(),
                             Format("thread of worker {}", options_.index));
  }
  return Status();
}

void Worker::Impl::ThreadMain() {
  const std::string name = "chi-worker-" + std::to_string(options_.index);
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
  PinThread();
  const SignalStack signal_stack;
  stats_.tid.store(gettid(), std::memory_order_relaxed);
  SetCurrentWorker(&self_);
  internal::task_counts = counts_.places();
  SetThreadWaiter(&waiter_);
  IpcManager::SetThreadPort(&port_);
  fibers_.Run();
  lanes_.Clear();
  io_ring_ = nullptr;
  IpcManager::SetThreadPort(nullptr);
  SetThreadWaiter(nullptr);
  internal::task_counts = internal::NobodysCounts();
  SetCurrentWorker(nullptr);
  stats_.tid.store(0, std::memory_order_relaxed);
  const std::lock_guard<std::mutex> lock(over_mutex_);
  over_ = true;
  over_changed_.notify_all();
}

bool Worker::Impl::StopWithin(u64 timeout_ns) {
  if (!thread_.joinable()) return true;
  if (!std::exchange(stop_ordered_, true)) {
    Inject([this] {
      stopping_ = true;
      EndIdle(nullptr);
      stop_deadline_ns_ =
          DeadlineNs(options_.clock->NowNs(), options_.stop_grace_ns);
    });
  }
  const Clock& clock = SystemClock::Get();
  const u64 deadline_ns = DeadlineNs(clock.NowNs(), timeout_ns);
  {
    std::unique_lock<std::mutex> lock(over_mutex_);
    const bool over = over_changed_.wait_for(
        lock, std::chrono::nanoseconds(timeout_ns), [this] { return over_; });
    if (!over) return false;
  }
  while (num_injecting_.load(std::memory_order_acquire) != 0) {
    if (clock.NowNs() >= deadline_ns) return false;
    sched_yield();
  }
  thread_.join();
  DropInbox();
  return true;
}

// A method's first transfer comes here, others only look.
IoRing* Worker::Impl::io_ring() {
  if (io_ring_ != nullptr || ring_refused_) return io_ring_.get();
  auto ring = IoRing::Make();
  if (ring.ok()) {
    io_ring_ = *std::move(ring);
    sleeper_.Add(io_ring_->fd());
  } else {
    ring_refused_ = true;
    CHI_LOG(kWarning, "worker {}: files are done by threads: {}",
            options_.index, ring.status());
  }
  return io_ring_.get();
}

void Worker::Impl::PinThread() {
  if (options_.cpu >= 0) {
    cpu_set_t cpu;
    CPU_ZERO(&cpu);
    CPU_SET(options_.cpu, &cpu);
    if (sched_setaffinity(0, sizeof(cpu), &cpu) != 0) {
      CHI_LOG(kWarning, "worker {}: cannot pin to CPU {}", options_.index,
              options_.cpu);
    }
  }
  // Where both share a CPU, who wakes up for a short task goes first.
  if (options_.kind == WorkerKind::kLong) static_cast<void>(nice(kLongNice));
  if (options_.line != nullptr) {
    options_.line->for_long_tasks.store(options_.kind == WorkerKind::kLong,
                                        std::memory_order_relaxed);
    options_.line->cpu.store(static_cast<u32>(sched_getcpu()),
                             std::memory_order_relaxed);
    options_.line->spinning.store(1, std::memory_order_relaxed);
  }
}

}  // namespace chi

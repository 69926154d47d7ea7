// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See work_queue.h.

#include "ipc/work_queue.h"

#include <pthread.h>
#include <unistd.h>

#include <utility>

#include "chimaera/base/start_thread.h"

namespace chi {

bool PostQueue::Post(std::function<void()> task) {
  {
    const MutexLock lock(mu_);
    if (closed_) return false;
    tasks_.push_back(std::move(task));
  }
  const u64 one = 1;
  // Fails only when the counter is full, and then it is readable anyway.
  static_cast<void>(!write(eventfd_.get(), &one, sizeof(one)));
  return true;
}

void PostQueue::RunAll() {
  u64 count;
  static_cast<void>(!read(eventfd_.get(), &count, sizeof(count)));
  std::deque<std::function<void()>> tasks;
  {
    const MutexLock lock(mu_);
    tasks.swap(tasks_);
  }
  for (const auto& task : tasks) task();
}

void PostQueue::Close() {
  {
    const MutexLock lock(mu_);
    closed_ = true;
  }
  RunAll();
}

WorkThread::WorkThread(const char* name)
    : thread_(StartThread([this] { Run(); })) {
  pthread_setname_np(thread_.native_handle(), name);
}

bool WorkThread::Post(std::function<void()> task) {
  {
    const MutexLock lock(mu_);
    if (stopping_) return false;
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
  return true;
}

void WorkThread::Stop() {
  {
    const MutexLock lock(mu_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void WorkThread::Run() {
  for (;;) {
    std::function<void()> task;
    {
      const MutexLock lock(mu_);
      while (tasks_.empty() && !stopping_) wake_.wait(mu_);
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The threads start with the first operation and take the oldest one each.

#include "sched/io_threads.h"

#include <pthread.h>

#include <system_error>

#include "chimaera/base/heap_accounts.h"
#include "chimaera/base/start_thread.h"

namespace chi {
namespace {

// Enough to keep a device busy; they sleep in the kernel nearly always.
constexpr size_t kNumThreads = 8;

}  // namespace

bool IoThreads::Add(FileOperation& operation) {
  const HeapScope heap;
  {
    const std::lock_guard<std::mutex> lock(mu_);
    try {
      while (threads_.size() < kNumThreads) {
        threads_.push_back(StartThread([this] { ThreadMain(); }));
      }
    } catch (const std::system_error&) {
      if (threads_.empty()) return false;
    }
    queue_.push_back(&operation);
  }
  added_.notify_one();
  return true;
}

void IoThreads::ThreadMain() {
  pthread_setname_np(pthread_self(), "chi-file-io");
  std::unique_lock<std::mutex> lock(mu_);
  while (true) {
    added_.wait(lock, [this] { return !queue_.empty(); });
    FileOperation& operation = *queue_.front();
    queue_.pop_front();
    lock.unlock();
    while (!operation.Take(CallNow(operation))) {
    }
    operation.over.Set();
    lock.lock();
  }
}

}  // namespace chi

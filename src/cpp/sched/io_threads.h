// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Threads that block in the kernel so that workers need not: what does
// transfers where io_uring is refused.

#ifndef CHIMAERA_SCHED_IO_THREADS_H_
#define CHIMAERA_SCHED_IO_THREADS_H_

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "sched/file_operation.h"

namespace chi {

/// Safe from any thread. Never destroyed once it has threads: their end would
/// wait for what a disk does not answer.
class IoThreads {
 public:
  IoThreads() = default;
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;

  /// Takes `operation`, which stays where it is until it is over. The first
  /// call starts the threads. False, and nothing is taken, if none starts.
  bool Add(FileOperation& operation);

 private:
  void ThreadMain();

  std::mutex mu_;  // not chi::Mutex: what the condition variable wants
  std::condition_variable added_;
  std::deque<FileOperation*> queue_;
  std::vector<std::thread> threads_;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_IO_THREADS_H_

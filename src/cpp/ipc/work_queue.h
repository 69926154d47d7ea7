// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Work handed from any thread to one thread: PostQueue for a thread that sleeps
// in epoll, WorkThread for one that does nothing else.

#ifndef CHIMAERA_IPC_WORK_QUEUE_H_
#define CHIMAERA_IPC_WORK_QUEUE_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <thread>

#include "chimaera/base/mutex.h"
#include "chimaera/base/result.h"
#include "chimaera/base/types.h"
#include "chimaera/base/unique_fd.h"

namespace chi {

/// Order is kept. Safe from any thread; RunAll and Close by the owner thread.
class PostQueue {
 public:
  /// Takes an eventfd that nobody else writes to.
  explicit PostQueue(UniqueFd eventfd) : eventfd_(std::move(eventfd)) {}

  /// False, and `task` dropped, after Close.
  bool Post(std::function<void()> task);

  /// Readable when there is work.
  [[nodiscard]] int eventfd() const { return eventfd_.get(); }

  /// Runs what was posted before the call. What that posts waits.
  void RunAll();

  /// Refuses further work; what is left is run here.
  void Close();

 private:
  const UniqueFd eventfd_;
  Mutex mu_;
  std::deque<std::function<void()>> tasks_ CHI_GUARDED_BY(mu_);
  bool closed_ CHI_GUARDED_BY(mu_) = false;
};

/// A thread that runs one task after the other.
class WorkThread {
 public:
  explicit WorkThread(const char* name);
  WorkThread(const WorkThread&) = delete;
  WorkThread& operator=(const WorkThread&) = delete;
  /// Stops.
  ~WorkThread() { Stop(); }

  /// False, and `task` not taken, after Stop.
  bool Post(std::function<void()> task);

  /// Runs what was posted, then ends the thread. REQUIRES: not called by it.
  void Stop();

 private:
  void Run();

  Mutex mu_;
  std::condition_variable_any wake_;
  std::deque<std::function<void()>> tasks_ CHI_GUARDED_BY(mu_);
  bool stopping_ CHI_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace chi

#endif  // CHIMAERA_IPC_WORK_QUEUE_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// std::mutex with annotations that clang can check. Blocks the thread: never
// hold one across a point where a fiber may yield.

#ifndef CHIMAERA_BASE_MUTEX_H_
#define CHIMAERA_BASE_MUTEX_H_

#include <mutex>

#include "chimaera/base/thread_annotations.h"

namespace chi {

/// Not recursive. Meets the BasicLockable requirements, so it works with
/// std::condition_variable_any.
class CHI_LOCKABLE Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() CHI_ACQUIRE() { mutex_.lock(); }
  [[nodiscard]] bool try_lock() CHI_TRY_ACQUIRE(true) {
    return mutex_.try_lock();
  }
  void unlock() CHI_RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

/// Holds `mutex` for as long as it lives.
class CHI_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) CHI_ACQUIRE(mutex) : mutex_(mutex) {
    mutex_.lock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;
  ~MutexLock() CHI_RELEASE() { mutex_.unlock(); }

 private:
  Mutex& mutex_;
};

}  // namespace chi

#endif  // CHIMAERA_BASE_MUTEX_H_

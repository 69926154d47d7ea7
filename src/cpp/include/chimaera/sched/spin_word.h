// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Guards a few instructions against other threads: the inside of a lock. Who
// holds it neither parks nor blocks, so waiting for it is polling; with a look
// aside when the holder's thread itself was preempted.

#ifndef CHIMAERA_SCHED_SPIN_WORD_H_
#define CHIMAERA_SCHED_SPIN_WORD_H_

#include <atomic>

#include "chimaera/base/thread_annotations.h"
#include "chimaera/base/types.h"

namespace chi {

/// Zero when free, so that a lock may be a static object.
class CHI_LOCKABLE SpinWord {
 public:
  constexpr SpinWord() = default;
  SpinWord(const SpinWord&) = delete;
  SpinWord& operator=(const SpinWord&) = delete;

  /// acquire, with the release in unlock: what the last holder wrote is seen.
  void lock() CHI_ACQUIRE() {
    if (word_.exchange(1, std::memory_order_acquire) != 0) LockSlowly();
  }
  void unlock() CHI_RELEASE() { word_.store(0, std::memory_order_release); }

 private:
  void LockSlowly();

  std::atomic<u32> word_{0};
};

/// Holds `word` for as long as it lives.
class CHI_SCOPED_LOCKABLE SpinGuard {
 public:
  explicit SpinGuard(SpinWord& word) CHI_ACQUIRE(word) : word_(word) {
    word_.lock();
  }
  SpinGuard(const SpinGuard&) = delete;
  SpinGuard& operator=(const SpinGuard&) = delete;
  ~SpinGuard() CHI_RELEASE() { word_.unlock(); }

 private:
  SpinWord& word_;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_SPIN_WORD_H_

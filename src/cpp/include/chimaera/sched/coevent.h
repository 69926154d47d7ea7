// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Something that happens once, for which one method or thread waits and which
// any thread may cause: the end of an operation of the kernel's, say. The
// method's fiber is parked meanwhile; nothing polls.

#ifndef CHIMAERA_SCHED_COEVENT_H_
#define CHIMAERA_SCHED_COEVENT_H_

#include <atomic>

#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/ipc/waiter.h"

namespace chi {

struct ParkedRun;

/// Lies on the stack of who waits, usually. One waits at a time. Reset it to
/// use it again.
class CoEvent {
 public:
  constexpr CoEvent() = default;
  CoEvent(const CoEvent&) = delete;
  CoEvent& operator=(const CoEvent&) = delete;

  /// From any thread, at most once. What the caller did before is seen by who
  /// waited. The event may be gone when this returns.
  void Set();

  bool IsSet() const { return word_.load(std::memory_order_acquire) == kSet; }

  /// Returns kOk once it is set, kDeadlineExceeded after `timeout_ns`: whoever
  /// is to set it may still do so, so it must stay. Throws StatusError when
  /// the task is cancelled meanwhile; then too.
  [[nodiscard]] Status Wait(u64 timeout_ns = kDefaultTimeoutNs);

  /// Until it is set, cancelled or not: for what cannot be called back, such as
  /// the kernel writing into a buffer. REQUIRES: somebody will set it.
  void WaitForCertain();

  /// REQUIRES: set, or nobody will set it; nobody waits.
  void Reset() { word_.store(kUnset, std::memory_order_relaxed); }

 private:
  // Or the address of the ParkedRun of who waits.
  static constexpr u64 kUnset = 0;
  static constexpr u64 kSet = 1;

  // False: it is set already.
  bool Announce(ParkedRun& run);

  std::atomic<u64> word_{kUnset};
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_COEVENT_H_

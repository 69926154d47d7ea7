// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Lets so many requests at a time to a device.

#ifndef CHIMAERA_BDEV_REQUEST_GATE_H_
#define CHIMAERA_BDEV_REQUEST_GATE_H_

#include <chimaera/sched/coevent.h>

#include <algorithm>
#include <list>

#include "chimaera/base/mutex.h"
#include "chimaera/base/types.h"

namespace chimaera::bdev {

/// Safe from any thread; methods park, in the order in which they came.
class RequestGate {
 public:
  explicit RequestGate(chi::u32 depth) : limit_(depth), free_(depth) {}
  RequestGate(const RequestGate&) = delete;
  RequestGate& operator=(const RequestGate&) = delete;

  /// One request, from its construction, which waits for its turn, to its end.
  class Pass {
   public:
    /// Throws StatusError if the task is cancelled, late, or one too many of
    /// its client's that wait.
    explicit Pass(RequestGate& gate) : gate_(gate) { gate.Enter(); }
    ~Pass() { gate_.Leave(); }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    RequestGate& gate_;
  };

  /// Several requests of one caller: it waits for its turn with the first, and
  /// the others are those that are free just then.
  class Passes {
   public:
    /// At most `wanted`, which is > 0. Throws as Pass.
    Passes(RequestGate& gate, chi::u64 wanted)
        : gate_(gate), count_(gate.EnterSome(wanted)) {}
    ~Passes() {
      for (chi::u64 i = 0; i < count_; ++i) gate_.Leave();
    }
    Passes(const Passes&) = delete;
    Passes& operator=(const Passes&) = delete;
    chi::u64 count() const { return count_; }

   private:
    RequestGate& gate_;
    const chi::u64 count_;
  };

  chi::u64 num_waiting() const {
    const chi::MutexLock lock(mu_);
    return waiting_.size();
  }
  /// Passes that are out, and requests that wait; the most there were.
  chi::u64 depth() const {
    const chi::MutexLock lock(mu_);
    return DepthLocked();
  }
  chi::u64 max_depth() const {
    const chi::MutexLock lock(mu_);
    return max_depth_;
  }

 private:
  chi::u64 DepthLocked() const CHI_REQUIRES(mu_) {
    return limit_ - free_ + waiting_.size();
  }
  void NoteDepth() CHI_REQUIRES(mu_) {
    max_depth_ = std::max(max_depth_, DepthLocked());
  }
  void Enter();
  chi::u64 EnterSome(chi::u64 wanted);
  void Leave();

  const chi::u32 limit_;
  mutable chi::Mutex mu_;
  chi::u32 free_ CHI_GUARDED_BY(mu_);
  std::list<chi::CoEvent*> waiting_ CHI_GUARDED_BY(mu_);
  chi::u64 max_depth_ CHI_GUARDED_BY(mu_) = 0;
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_REQUEST_GATE_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Lets so many requests at a time to a device, and knows since when.

#ifndef CHIMAERA_BDEV_REQUEST_GATE_H_
#define CHIMAERA_BDEV_REQUEST_GATE_H_

#include <chimaera/sched/coevent.h>

#include <algorithm>
#include <list>

#include "chimaera/base/clock.h"
#include "chimaera/base/mutex.h"
#include "chimaera/base/types.h"

namespace chimaera::bdev {

/// Safe from any thread; methods park, in the order in which they came.
class RequestGate {
  // What is under way, on the stack of who does it; in the order in which they
  // came, to a few milliseconds.
  struct Entry {
    chi::u64 since_ns = 0;
    Entry* older = nullptr;
    Entry* younger = nullptr;
  };

 public:
  /// `clock` outlives it.
  explicit RequestGate(chi::u32 depth,
                       const chi::Clock& clock = chi::SystemClock::Get())
      : clock_(clock), limit_(depth), free_(depth) {}
  RequestGate(const RequestGate&) = delete;
  RequestGate& operator=(const RequestGate&) = delete;

  /// One request, from its construction, which waits for its turn, to its end.
  class Pass {
   public:
    /// Throws StatusError if the task is cancelled, late, or one too many of
    /// its client's that wait.
    explicit Pass(RequestGate& gate) : gate_(gate) { gate.Enter(entry_, 1); }
    ~Pass() { gate_.Leave(entry_, 1); }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    RequestGate& gate_;
    Entry entry_;
  };

  /// Several requests of one caller: it waits for its turn with the first, and
  /// the others are those that are free just then.
  class Passes {
   public:
    /// At most `wanted`, which is > 0. Throws as Pass.
    Passes(RequestGate& gate, chi::u64 wanted)
        : gate_(gate), count_(gate.Enter(entry_, wanted)) {}
    ~Passes() { gate_.Leave(entry_, count_); }
    Passes(const Passes&) = delete;
    Passes& operator=(const Passes&) = delete;
    chi::u64 count() const { return count_; }

   private:
    RequestGate& gate_;
    Entry entry_;
    const chi::u64 count_;
  };

  /// One that needs no pass, such as the end of a transaction: its age counts
  /// all the same.
  class Beside {
   public:
    explicit Beside(RequestGate& gate) : gate_(gate) { gate.Note(entry_); }
    ~Beside() { gate_.Leave(entry_, 0); }
    Beside(const Beside&) = delete;
    Beside& operator=(const Beside&) = delete;

   private:
    RequestGate& gate_;
    Entry entry_;
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
  /// How long the oldest of them has been under way, exact to a few
  /// milliseconds; 0 if there is none.
  chi::u64 oldest_ns() const;

 private:
  chi::u64 DepthLocked() const CHI_REQUIRES(mu_) {
    return limit_ - free_ + waiting_.size();
  }
  void NoteDepth() CHI_REQUIRES(mu_) {
    max_depth_ = std::max(max_depth_, DepthLocked());
  }
  chi::u64 Enter(Entry& entry, chi::u64 wanted);
  void Note(Entry& entry);
  void Leave(Entry& entry, chi::u64 num_passes);
  chi::u64 TakeFree(chi::u64 wanted) CHI_REQUIRES(mu_);
  void Append(Entry& entry, chi::u64 now_ns) CHI_REQUIRES(mu_);
  void Remove(Entry& entry) CHI_REQUIRES(mu_);
  void GiveBack() CHI_REQUIRES(mu_);

  const chi::Clock& clock_;
  const chi::u32 limit_;
  mutable chi::Mutex mu_;
  chi::u32 free_ CHI_GUARDED_BY(mu_);
  std::list<chi::CoEvent*> waiting_ CHI_GUARDED_BY(mu_);
  chi::u64 max_depth_ CHI_GUARDED_BY(mu_) = 0;
  Entry* oldest_ CHI_GUARDED_BY(mu_) = nullptr;
  Entry* youngest_ CHI_GUARDED_BY(mu_) = nullptr;
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_REQUEST_GATE_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The fibers of one worker thread. Every fiber runs the same function, the
// worker's loop, for as long as the host lives; what differs is how deep in a
// method each is parked. A switch goes straight from one fiber to another:
// Boost.Fiber's own scheduler, which reads the clock and passes through a
// dispatcher at each turn, is involved only when a fiber begins and ends.
//
// A fiber belongs to its thread for good. It must not block the thread, and
// must not switch inside a catch block of its own making that spans methods:
// the state of exception handling is per thread, so a switch saves it.

#ifndef CHIMAERA_SCHED_FIBER_H_
#define CHIMAERA_SCHED_FIBER_H_

#include <functional>
#include <memory>

#include "chimaera/base/types.h"

namespace chi {

/// Opaque: one stack and where it stopped.
class Fiber;

class FiberHost {
 public:
  /// `body` runs on every fiber. REQUIRES: all calls from one thread.
  FiberHost(u64 stack_bytes, std::function<void()> body);
  /// REQUIRES: Run has returned.
  ~FiberHost();
  FiberHost(const FiberHost&) = delete;
  FiberHost& operator=(const FiberHost&) = delete;

  /// Runs `body` on a first fiber. When a body returns, Run resumes the spare
  /// fibers one after the other, whose bodies must return too, and returns.
  /// REQUIRES: no fiber is stopped inside a method by then.
  void Run();

  /// The running fiber.
  Fiber* Current() const;

  /// A fiber that waits to run the body: a spare one, or a new one. Null when
  /// there is no memory for a stack.
  Fiber* AcquireSpare();

  /// Stops the running fiber and goes on with `target`, which was stopped or
  /// comes from AcquireSpare.
  void SwitchTo(Fiber* target);

  /// Makes the running fiber a spare one and goes on with `target`.
  void RetireInto(Fiber* target);

  /// Fibers that exist, spare ones included.
  u64 num_fibers() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_FIBER_H_

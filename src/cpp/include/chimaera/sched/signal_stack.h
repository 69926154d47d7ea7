// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A stack of its own for the signal handlers of a thread: those of fibers are
// too small for a report, and one that has overflowed is no stack any more.

#ifndef CHIMAERA_SCHED_SIGNAL_STACK_H_
#define CHIMAERA_SCHED_SIGNAL_STACK_H_

namespace chi {

/// The calling thread's, as long as this object lives; nothing where the thread
/// has one already or there is no memory for it.
class SignalStack {
 public:
  SignalStack();
  /// On the same thread.
  ~SignalStack();
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  void* memory_ = nullptr;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_SIGNAL_STACK_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How a thread of the package that runs several tasks one after another is told
// to stop: its next wait, or its next look, raises CancelledError, once, so
// that what clears up behind it can wait. Whoever told it then gets
// CancelledError for the outcome, whatever the thread made of it; unless it had
// announced that it goes through to the end.

#ifndef CHIMAERA_PYTHON_STOP_H_
#define CHIMAERA_PYTHON_STOP_H_

#include "chimaera/base/types.h"

namespace chi::python {

/// Of one function in one thread. Every method needs the GIL.
class Stop {
 public:
  /// The calling thread is now the one to be stopped.
  void Enter();
  /// And no longer. Whether it was told to stop.
  bool Leave();

  /// Tells it to stop, from any thread. False: it will not, since it goes
  /// through to the end or is over.
  bool Ask();

  /// Raises CancelledError if the calling thread has been told and has not
  /// heard of it yet.
  static void Check();
  /// Announces that the calling thread goes through to the end from here on;
  /// raises CancelledError if it has been told to stop before.
  static void Forbid();

 private:
  enum class State : u8 { kGoing, kAsked, kRaised, kForbidden };

  State state_ = State::kGoing;
};

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_STOP_H_

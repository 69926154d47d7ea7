// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Calls that one Python thread waits for together: it sleeps on their tasks'
// state words, without the GIL, until one of them is done.
//
// The kernel takes kMaxFutexWords words at a time. Of more calls, those that
// came first are slept on, since they mostly end first, and the others are
// looked at now and then, ever more rarely.

#ifndef CHIMAERA_PYTHON_CALL_SET_H_
#define CHIMAERA_PYTHON_CALL_SET_H_

#include <atomic>
#include <memory>
#include <vector>

#include "chimaera/base/types.h"
#include "python/call.h"
#include "python/pybind.h"

namespace chi::python {

/// Every method needs the GIL. One thread waits; any may add and wake.
class CallSet {
 public:
  CallSet();
  ~CallSet();
  CallSet(const CallSet&) = delete;
  CallSet& operator=(const CallSet&) = delete;

  /// `token` is what Wait returns for this call. Does not wake who waits.
  void Add(py::object call, py::object token);
  size_t size() const { return entries_.size(); }

  /// Takes out the calls that have an outcome and returns their tokens, in the
  /// order of Add. If there are none, waits for one, at most `timeout_s`; an
  /// empty list says that there was none in time, or Wake. With `poll`, polls
  /// before it sleeps. Raises what a signal handler raises.
  py::list Wait(double timeout_s, bool poll);

  /// Ends a wait, this one or the next.
  void Wake();

  /// Makes every waiting set look again; for Connection::Close.
  static void LookAgainAll();

 private:
  struct Entry {
    py::object call;  // keeps `state` alive
    Call* state;
    py::object token;
  };

  py::list TakeDone();
  void SleepOnce(u64 timeout_ns, bool poll);

  std::vector<Entry> entries_;  // guarded by the GIL
  u64 rest_slice_ns_;           // time to the next look at all; the waiter's
  std::atomic<u32> bell_{0};    // a futex word: counts reasons to look
  std::atomic<bool> woken_{false};
};

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_CALL_SET_H_

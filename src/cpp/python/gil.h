// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Giving the GIL up around everything that may wait.
//
// Who owns what, while several Python threads use one connection:
//   - code that holds the GIL and has seen that the connection is open may use
//     the client: closing begins under the GIL;
//   - code without the GIL holds the connection's lock as well (connection.h),
//     which closing takes exclusively;
//   - nobody asks for the GIL while it holds that lock.

#ifndef CHIMAERA_PYTHON_GIL_H_
#define CHIMAERA_PYTHON_GIL_H_

#include "python/pybind.h"
#include "python/stop.h"

namespace chi::python {

/// Longest time without a look at Python's signals, ns: Ctrl-C is answered
/// within two of them.
inline constexpr unsigned long kSignalSliceNs = 50'000'000;

/// Releases the GIL for its lifetime. REQUIRES: the caller holds it.
class ReleaseGil {
 public:
  ReleaseGil() : state_(PyEval_SaveThread()) {}
  // A daemon thread that asks for the GIL after the interpreter has ended is
  // unwound from in here; noexcept would turn that into an abort.
  ~ReleaseGil() noexcept(false) { PyEval_RestoreThread(state_); }
  ReleaseGil(const ReleaseGil&) = delete;
  ReleaseGil& operator=(const ReleaseGil&) = delete;

 private:
  PyThreadState* const state_;
};

/// Runs Python's signal handlers, and raises what they raise; or that this
/// thread has been told to stop.
inline void CheckSignals() {
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  Stop::Check();
}

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_GIL_H_

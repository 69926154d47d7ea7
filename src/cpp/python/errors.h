// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// From a Status to a Python exception: the classes are those of
// chimaera/errors.py, which has the one table.

#ifndef CHIMAERA_PYTHON_ERRORS_H_
#define CHIMAERA_PYTHON_ERRORS_H_

#include <utility>

#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "python/pybind.h"

namespace chi::python {

/// The exception for `status`, not raised. REQUIRES: the GIL, !status.ok().
py::object ExceptionOf(const Status& status);

/// Raises it. REQUIRES: the GIL, !status.ok().
[[noreturn]] void Throw(const Status& status);

inline void ThrowIfError(const Status& status) {
  if (!status.ok()) Throw(status);
}

/// The value, or the exception that says why there is none.
template <class T>
T ValueOf(Result<T> result) {
  if (!result.ok()) Throw(result.status());
  return std::move(result).value();
}

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_ERRORS_H_

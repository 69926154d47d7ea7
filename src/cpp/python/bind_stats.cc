// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Module stats.

#include "python/pybind.h"

namespace chi::python {

void BindStats(py::module_& m) { static_cast<void>(m); }

}  // namespace chi::python

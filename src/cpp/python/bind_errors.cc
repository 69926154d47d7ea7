// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Statuses become exceptions here, and nowhere else.

#include <string>

#include "chimaera/shm/storage.h"
#include "python/errors.h"
#include "python/pybind.h"

namespace chi::python {

py::object ExceptionOf(const Status& status) {
  // Imported when an error happens: the table is Python, and import is cached.
  const py::module_ errors = py::module_::import("chimaera.errors");
  return errors.attr("from_code")(status.code_value(),
                                  std::string(status.message()));
}

void Throw(const Status& status) {
  const py::object error = ExceptionOf(status);
  PyErr_SetObject(py::type::handle_of(error).ptr(), error.ptr());
  throw py::error_already_set();
}

void BindErrors(py::module_& m) {
  // Strings and vectors of tasks throw when their segment is full.
  py::register_exception_translator([](std::exception_ptr raised) {
    try {
      if (raised) std::rethrow_exception(raised);
    } catch (const StatusError& error) {
      const py::object exception = ExceptionOf(error.status());
      PyErr_SetObject(py::type::handle_of(exception).ptr(), exception.ptr());
    }
  });
  m.def(
      "status_code_name", [](u32 code) { return StatusCodeName(code); },
      py::arg("code"), "Name of a status code, without its k.");
}

}  // namespace chi::python

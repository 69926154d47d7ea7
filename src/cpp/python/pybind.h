// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The one include of pybind11, first in every file of this folder: Python's
// headers want to come before the system's.

#ifndef CHIMAERA_PYTHON_PYBIND_H_
#define CHIMAERA_PYTHON_PYBIND_H_

#include <pybind11/gil_safe_call_once.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

namespace py = pybind11;

namespace chi::python {

// One function per bind_*.cc; module.cc calls them.
void BindErrors(py::module_& m);
void BindConfig(py::module_& m);
void BindLog(py::module_& m);
void BindRuntime(py::module_& m);
void BindTask(py::module_& m);
void BindStop(py::module_& m);
void BindRun(py::module_& m);
void BindEcho(py::module_& m);
void BindBdev(py::module_& m);
void BindObjects(py::module_& m);
void BindStats(py::module_& m);
void BindView(py::module_& m);
void BindLook(py::module_& m);
void BindLoan(py::module_& m);
void BindMany(py::module_& m);
void BindChunks(py::module_& m);
void BindTrace(py::module_& m);
void BindTyped(py::module_& m);

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_PYBIND_H_

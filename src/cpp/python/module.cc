// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// chimaera._core: table of contents.

#include "python/pybind.h"

PYBIND11_MODULE(_core, m) {
  m.doc() = "C++ half of chimaera; private to the package.";
  chi::python::BindErrors(m);   // Status -> exception
  chi::python::BindTask(m);     // Call: what every operation returns
  chi::python::BindStop(m);     // threads that are told to stop
  chi::python::BindRun(m);      // the shortest way to run a task
  chi::python::BindConfig(m);   // settings and what they are read from
  chi::python::BindLog(m);      // lines of the log, for Python's logging
  chi::python::BindRuntime(m);  // Connection, Buffer, pools, statistics
  chi::python::BindEcho(m);     // module echo
  chi::python::BindBdev(m);     // module bdev
  chi::python::BindObjects(m);  // module bdev, named objects
  chi::python::BindView(m);     // its blocks, looked at in place
  chi::python::BindLook(m);     // the shortest way to do so
  chi::python::BindLoan(m);     // who makes its objects anew
  chi::python::BindStats(m);    // module stats
  chi::python::BindMany(m);     // many tasks in one crossing
  chi::python::BindChunks(m);   // many blocks to a task of many
  chi::python::BindTrace(m);    // what became of tasks, and when
  chi::python::BindTyped(m);    // methods of any module, by their description
}

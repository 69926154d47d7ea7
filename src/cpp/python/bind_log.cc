// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The log of this process, for Python's logging.

#include <memory>
#include <string>

#include "chimaera/base/log_file.h"
#include "chimaera/base/log_pipe.h"
#include "python/errors.h"
#include "python/pybind.h"

namespace chi::python {
namespace {

// The level in force as ParseLogLevel reads it.
const char* LevelName() {
  static constexpr const char* kNames[] = {"debug", "info", "warning", "error",
                                           "fatal"};
  return kNames[static_cast<u32>(GetLogLevel()) - 1];
}

void BindPipe(py::module_& m) {
  py::class_<LogPipe, std::unique_ptr<LogPipe, py::nodelete>>(
      m, "LogPipe", "Lines of the log on their way to a thread of Python's.")
      .def(py::init([] { return ValueOf(LogPipe::Open()); }))
      .def("use", [](LogPipe& pipe) { SetLogSink(&pipe); })
      .def_property_readonly("read_fd", &LogPipe::read_fd)
      .def_property_readonly("write_fd", &LogPipe::write_fd)
      .def_property_readonly("dropped", &LogPipe::dropped);
}

}  // namespace

void BindLog(py::module_& m) {
  BindPipe(m);
  m.def("log_level", &LevelName, "The level in force.");
  m.def(
      "set_log_level",
      [](const std::string& level) {
        SetLogLevel(ValueOf(ParseLogLevel(level)));
      },
      py::arg("level"));
  m.def(
      "log_level_is_fixed",
      [] { return LogLevelFromEnvironment().has_value(); },
      "Whether the environment says which.");
  m.def(
      "log",
      [](const std::string& level, const std::string& text) {
        const LogLevel urgent = ValueOf(ParseLogLevel(level));
        if (LogEnabled(urgent)) LogMessage(urgent, "python", 0, text);
      },
      py::arg("level"), py::arg("text"), "Write a line as the runtime does.");
}

}  // namespace chi::python

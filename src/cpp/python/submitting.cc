// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See submitting.h. Of the frames only what CPython promises is used.

#include "python/submitting.h"

#include <string>
#include <string_view>

#include "chimaera/base/format.h"
#include "chimaera/ipc/ipc_manager.h"

namespace chi::python {
namespace {

// A reference of ours.
using Owned = py::object;

Owned Own(void* object) {
  return py::reinterpret_steal<py::object>(static_cast<PyObject*>(object));
}

PyFrameObject* FrameOf(const Owned& frame) {
  return reinterpret_cast<PyFrameObject*>(frame.ptr());
}

// Where this package lies, with a slash at its end. Not a static that C++ makes
// at first use: importing lets other threads run, which would wait for it with
// the lock of Python in their hands.
const std::string& PackageFolder() {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<std::string>
      folder;
  return folder
      .call_once_and_store_result([] {
        const auto paths = py::module_::import("chimaera").attr("__path__");
        const auto first = py::str(paths.attr("__getitem__")(0));
        return std::string(first) + "/";
      })
      .get_stored();
}

std::string_view TextOf(PyObject* text) {
  Py_ssize_t size = 0;
  const char* const bytes = PyUnicode_AsUTF8AndSize(text, &size);
  if (bytes == nullptr) throw py::error_already_set();
  return {bytes, static_cast<size_t>(size)};
}

std::string InnermostSite() {
  const std::string_view inside = PackageFolder();
  std::string site;
  PyFrameObject* const innermost = PyEval_GetFrame();
  Owned frame = py::reinterpret_borrow<py::object>(
      reinterpret_cast<PyObject*>(innermost));
  for (bool found = false; !found && frame;) {
    const Owned code = Own(PyFrame_GetCode(FrameOf(frame)));
    const auto& facts = *reinterpret_cast<PyCodeObject*>(code.ptr());
    const std::string_view file = TextOf(facts.co_filename);
    found = file.substr(0, inside.size()) != inside;
    if (found || site.empty()) {
      site = Format("{}:{} {}", file, PyFrame_GetLineNumber(FrameOf(frame)),
                    TextOf(facts.co_name));
    }
    frame = Own(PyFrame_GetBack(FrameOf(frame)));
  }
  return site;
}

}  // namespace

void Submitting::Site::Find(Count count) {
  if (count == Count::kOne && !IpcManager::Port().TracesNext()) return;
  try {
    site_.emplace(InnermostSite());
  } catch (py::error_already_set&) {
    // A trace without it is one all the same.
  }
}

}  // namespace chi::python

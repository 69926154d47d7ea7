// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See stop.h.

#include "python/stop.h"

#include <memory>

#include "chimaera/base/check.h"
#include "python/errors.h"
#include "python/pybind.h"

namespace chi::python {
namespace {

thread_local Stop* current = nullptr;

}  // namespace

void Stop::Enter() {
  CHI_CHECK(current == nullptr);
  current = this;
}

bool Stop::Leave() {
  CHI_CHECK(current == this);
  current = nullptr;
  const bool told = state_ == State::kAsked || state_ == State::kRaised;
  if (!told) state_ = State::kForbidden;
  return told;
}

bool Stop::Ask() {
  if (state_ == State::kGoing) state_ = State::kAsked;
  return state_ != State::kForbidden;
}

void Stop::Check() {
  if (current == nullptr || current->state_ != State::kAsked) return;
  current->state_ = State::kRaised;
  Throw(Status::Cancelled("cancelled between two tasks"));
}

void Stop::Forbid() {
  if (current == nullptr) return;
  Check();
  if (current->state_ == State::kRaised) {
    Throw(Status::Cancelled("cancelled before the last task"));
  }
  current->state_ = State::kForbidden;
}

void BindStop(py::module_& m) {
  py::class_<Stop, std::shared_ptr<Stop>>(m, "Stop",
                                          "Whether a thread is to stop.")
      .def(py::init<>())
      .def("enter", &Stop::Enter)
      .def("leave", &Stop::Leave)
      .def("ask", &Stop::Ask);
  m.def("check_stop", &Stop::Check);
  m.def("forbid_stop", &Stop::Forbid);
}

}  // namespace chi::python

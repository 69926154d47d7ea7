// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How the runtime makes its threads, so that tests can try what happens when
// the system has none left.

#ifndef CHIMAERA_BASE_START_THREAD_H_
#define CHIMAERA_BASE_START_THREAD_H_

#include <system_error>
#include <thread>
#include <utility>

#include "chimaera/base/fault_point.h"

namespace chi {

/// A thread that runs `body`. Throws std::system_error if there can be none,
/// as std::thread does.
template <class Body>
[[nodiscard]] std::thread StartThread(Body body) {
  if (CHI_FAULT("base.thread.start")) {
    throw std::system_error(
        std::make_error_code(std::errc::resource_unavailable_try_again),
        "fault point");
  }
  return std::thread(std::move(body));
}

}  // namespace chi

#endif  // CHIMAERA_BASE_START_THREAD_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a client can ask of a runtime, one of each kind, for tools that take
// something away from the runtime meanwhile.

#ifndef CHIMAERA_TESTS_STRESS_SCARCE_OPERATIONS_H_
#define CHIMAERA_TESTS_STRESS_SCARCE_OPERATIONS_H_

#include <functional>
#include <string>
#include <vector>

#include "chimaera/base/status.h"

namespace chi::stress {

struct Operation {
  std::string name;
  /// Asks, and waits for the answer, within a bound.
  std::function<Status()> run;
  /// How it ends if nothing is missing.
  StatusCode outcome = StatusCode::kOk;
  /// Takes back what `run` may have left, with nothing missing.
  std::function<void()> tidy = [] {};
};

/// By an attached client, whose runtime is in `dir`. Makes the pools that the
/// operations need, and a device in a file in `files`.
std::vector<Operation> MakeOperations(const std::string& dir,
                                      const std::string& files);

}  // namespace chi::stress

#endif  // CHIMAERA_TESTS_STRESS_SCARCE_OPERATIONS_H_

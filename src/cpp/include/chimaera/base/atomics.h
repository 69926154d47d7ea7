// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Where the lock-free parts get their atomics from. They are templates over
// this policy, so that a model checker (tests/model) can run their very code
// with atomics of its own.

#ifndef CHIMAERA_BASE_ATOMICS_H_
#define CHIMAERA_BASE_ATOMICS_H_

#include <atomic>

namespace chi {

/// What the product uses.
struct StdAtomics {
  template <typename T>
  using Atomic = std::atomic<T>;
};

}  // namespace chi

#endif  // CHIMAERA_BASE_ATOMICS_H_

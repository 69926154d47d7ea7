// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a runtime does, in figures: one JSON document, from which the command
// line, the live page, Prometheus and Python all read. docs/observing.md says
// what each figure means.

#ifndef CHIMAERA_RUNTIME_METRICS_H_
#define CHIMAERA_RUNTIME_METRICS_H_

#include <string>

#include "chimaera/base/types.h"

namespace chi {

class Chimaera;

/// The shape of the document; it only ever gets more members.
inline constexpr u64 kMetricsVersion = 1;

/// Of this process, shared memory too; 0 if the system does not say.
u64 ResidentBytes();

/// Reads the counters of everything that `runtime` has; waits for nobody. What
/// was counted before the call is in it. REQUIRES: runtime.is_server().
std::string MetricsJson(Chimaera& runtime);

}  // namespace chi

#endif  // CHIMAERA_RUNTIME_METRICS_H_

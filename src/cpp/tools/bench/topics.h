// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What can be measured, one function per topic. Each runs within 50 s.

#ifndef CHIMAERA_TOOLS_BENCH_TOPICS_H_
#define CHIMAERA_TOOLS_BENCH_TOPICS_H_

#include <vector>

#include "harness.h"

namespace chi::bench {

/// Null tasks between two processes.
std::vector<Figure> Latency();

}  // namespace chi::bench

#endif  // CHIMAERA_TOOLS_BENCH_TOPICS_H_

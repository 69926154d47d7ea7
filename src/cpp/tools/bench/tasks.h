// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The parts of topic `tasks` that have a file of their own: tasks_<part>.cc.

#ifndef CHIMAERA_TOOLS_BENCH_TASKS_H_
#define CHIMAERA_TOOLS_BENCH_TASKS_H_

#include <vector>

#include "figure.h"
#include "harness.h"

namespace chi::bench {

/// short_p99_beside_long, many_pools, many_clients.
std::vector<Figure> SchedulingFigures(const Effort& effort);

}  // namespace chi::bench

#endif  // CHIMAERA_TOOLS_BENCH_TASKS_H_

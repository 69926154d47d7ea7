// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What can be measured, one function per topic. Each runs within 50 s.

#ifndef CHIMAERA_TOOLS_BENCH_TOPICS_H_
#define CHIMAERA_TOOLS_BENCH_TOPICS_H_

#include <string>
#include <vector>

#include "figure.h"
#include "harness.h"

namespace chi::bench {

/// Null tasks between two processes, one at a time.
std::vector<Figure> Latency(const Effort& effort);

/// Null tasks, 64 in flight.
std::vector<Figure> Throughput(const Effort& effort);

/// Writes into a device in memory.
std::vector<Figure> Memory(const Effort& effort);

/// What a runtime costs that has nothing to do, and how soon it is there.
std::vector<Figure> Idle(const Effort& effort);

/// Tasks that wait: parking, locks, very many at once.
std::vector<Figure> Tasks(const Effort& effort);

/// Devices in files, and taking blocks.
std::vector<Figure> Storage(const Effort& effort);

/// For references in other languages: attaches to the runtime in `dir`, bound
/// to the first CPU. For every line on standard input, a number of
/// nanoseconds, it runs null tasks for so long and answers with their median.
void ServeNullSlices(const std::string& dir);

}  // namespace chi::bench

#endif  // CHIMAERA_TOOLS_BENCH_TOPICS_H_

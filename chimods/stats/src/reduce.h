// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The kernel of Reduce: one pass over numbers in memory.

#ifndef CHIMAERA_STATS_REDUCE_H_
#define CHIMAERA_STATS_REDUCE_H_

#include "chimaera/base/types.h"
#include "chimaera/stats/dtype.h"
#include "chimaera/stats/summary.h"

namespace chimaera::stats {

/// Adds `count` numbers at `data`, which need not be aligned, to `summary`, and
/// to the histogram.bins_ counters at `bins`, which is not used for 0 bins.
/// REQUIRES: a known dtype; lo_ < hi_, both finite, unless there are no bins.
void Reduce(const char* data, chi::u64 count, DType dtype,
            const Histogram& histogram, Summary* summary, chi::u64* bins);

}  // namespace chimaera::stats

#endif  // CHIMAERA_STATS_REDUCE_H_

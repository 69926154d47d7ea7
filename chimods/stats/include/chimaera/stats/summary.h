// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What Reduce finds out about a set of numbers.

#ifndef CHIMAERA_STATS_SUMMARY_H_
#define CHIMAERA_STATS_SUMMARY_H_

#include <limits>

#include "chimaera/base/types.h"

namespace chimaera::stats {

/// NaNs are counted and otherwise left out. Of no numbers: min_ is above max_.
struct Summary {
  chi::u64 count_ = 0;  ///< Numbers that are not NaN.
  chi::u64 nans_ = 0;
  chi::f64 min_ = std::numeric_limits<chi::f64>::infinity();
  chi::f64 max_ = -std::numeric_limits<chi::f64>::infinity();
  chi::f64 sum_ = 0;
  chi::u64 below_ = 0;  ///< Numbers below the histogram's range.
  chi::u64 above_ = 0;  ///< Numbers above it.

  chi::f64 Mean() const {
    return count_ == 0 ? std::numeric_limits<chi::f64>::quiet_NaN()
                       : sum_ / static_cast<chi::f64>(count_);
  }
};
static_assert(sizeof(Summary) == 56, "stored in shared memory");

/// `bins` equal steps from lo to hi; the last one includes hi, as in NumPy. No
/// histogram with 0 bins.
struct Histogram {
  chi::f64 lo_ = 0;
  chi::f64 hi_ = 0;
  chi::u32 bins_ = 0;
  chi::u32 reserved_ = 0;

  static constexpr chi::u32 kMaxBins = 65536;
};
static_assert(sizeof(Histogram) == 24, "stored in shared memory");

}  // namespace chimaera::stats

#endif  // CHIMAERA_STATS_SUMMARY_H_

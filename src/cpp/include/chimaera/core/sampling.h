// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Which runs are timed: one in so many, of all methods alike. What they cost is
// learned from them always (method_costs.h); whether they also fill the
// histograms of the statistics, and how many of them, is a setting. Counters do
// not depend on it.

#ifndef CHIMAERA_CORE_SAMPLING_H_
#define CHIMAERA_CORE_SAMPLING_H_

#include "chimaera/base/types.h"

namespace chi {

struct Sampling {
  bool on = true;   ///< Samples fill histograms.
  u32 one_in = 64;  ///< 1 to kMaxOneIn.

  static constexpr u32 kMaxOneIn = 4096;
  /// A method that becomes long is to be noticed, however few samples somebody
  /// wants in histograms.
  static constexpr u32 kMaxTimedOneIn = 64;

  /// One run in so many is timed.
  u32 timed_one_in() const {
    return one_in < kMaxTimedOneIn ? one_in : kMaxTimedOneIn;
  }
};

/// Of this process. Any thread, at any time; a worker goes by a new `one_in`
/// from its next sample on.
Sampling GetSampling();
void SetSampling(const Sampling& sampling);

}  // namespace chi

#endif  // CHIMAERA_CORE_SAMPLING_H_

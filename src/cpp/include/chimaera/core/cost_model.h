// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What one method of one pool costs, learned from runs: a line, time = base +
// slope * size, fitted by least squares in which old runs count less and less
// (the last 32 make up most of it), and the typical distance of a run from it.
//
// A thread that is interrupted in the middle of a run makes the run look
// thousands of times longer. So a run far from the line tells nothing by
// itself; but when three in a row lie far off on one side, the method has
// changed, and learning begins anew.

#ifndef CHIMAERA_CORE_COST_MODEL_H_
#define CHIMAERA_CORE_COST_MODEL_H_

#include "chimaera/base/types.h"

namespace chi {

/// What a model says. A copy; all 0 before the first run.
struct CostEstimate {
  f64 base_ns = 0;      ///< At size 0.
  f64 ns_per_unit = 0;  ///< Slope, >= 0; 0 where sizes do not differ.
  f64 error_ns = 0;     ///< Root of the mean squared distance from it.
  u64 samples = 0;      ///< Runs learned from.
  u64 changes = 0;      ///< Times learning began anew.

  f64 At(u64 size) const {
    return base_ns + ns_per_unit * static_cast<f64>(size);
  }
};

/// Not for several threads at once.
class CostModel {
 public:
  /// Runs before the estimate is used.
  static constexpr u32 kMinRuns = 4;
  /// Runs before it is sound, and a few samples keep it so.
  static constexpr u32 kSoundRuns = 16;

  void Learn(u64 size, u64 time_ns);

  const CostEstimate& estimate() const { return estimate_; }
  /// Whether there is an estimate to act on.
  bool IsUsable() const { return runs_ >= kMinRuns; }
  /// Whether every run should be learned from: there are too few yet, or the
  /// last ones lay far off.
  bool WantsAll() const { return runs_ < kSoundRuns || strangers_ != 0; }

 private:
  void Fit();
  bool IsStrange(f64 expected, f64 time_ns) const;

  CostEstimate estimate_;
  u32 runs_ = 0;  // since learning began, up to kSoundRuns
  // Runs in a row that lay far above the line, or below: negative.
  i32 strangers_ = 0;
  // Decayed sums: weights, sizes, times, and their products.
  f64 w_ = 0, x_ = 0, y_ = 0, xx_ = 0, xy_ = 0;
  f64 squared_error_ = 0;
};

}  // namespace chi

#endif  // CHIMAERA_CORE_COST_MODEL_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See cost_model.h.

#include "chimaera/core/cost_model.h"

#include <algorithm>
#include <cmath>

namespace chi {
namespace {

constexpr f64 kForget = 1.0 - 1.0 / 32;
// Far off: above so many times what was expected, or below its inverse, and
// farther than so many errors and a slack of clock and caches.
constexpr f64 kFarFactor = 4;
constexpr f64 kFarErrors = 4;
constexpr f64 kSlackNs = 1000;
// So many in a row on one side mean that the method has changed.
constexpr i32 kStrangersToChange = 3;

}  // namespace

bool CostModel::IsStrange(f64 expected, f64 time_ns) const {
  if (runs_ < kMinRuns) return false;
  const f64 distance = std::abs(time_ns - expected);
  if (distance < kSlackNs + kFarErrors * estimate_.error_ns) return false;
  return time_ns > kFarFactor * expected || kFarFactor * time_ns < expected;
}

void CostModel::Learn(u64 size, u64 time_ns) {
  const f64 x = static_cast<f64>(size);
  const f64 y = static_cast<f64>(time_ns);
  const f64 expected = estimate_.At(size);
  if (IsStrange(expected, y)) {
    const i32 side = y > expected ? 1 : -1;
    strangers_ = strangers_ * side > 0 ? strangers_ + side : side;
    if (std::abs(strangers_) < kStrangersToChange) {
      ++estimate_.samples;
      return;
    }
    const u64 samples = estimate_.samples;
    const u64 changes = estimate_.changes;
    *this = CostModel();
    estimate_.samples = samples;
    estimate_.changes = changes + 1;
  } else {
    strangers_ = 0;
  }
  if (runs_ > 0) {
    const f64 distance = y - estimate_.At(size);
    squared_error_ = runs_ == 1 ? distance * distance
                                : kForget * squared_error_ +
                                      (1 - kForget) * distance * distance;
  }
  w_ = kForget * w_ + 1;
  x_ = kForget * x_ + x;
  y_ = kForget * y_ + y;
  xx_ = kForget * xx_ + x * x;
  xy_ = kForget * xy_ + x * y;
  runs_ = std::min(runs_ + 1, kSoundRuns);
  ++estimate_.samples;
  Fit();
}

// A slope needs sizes that differ: otherwise the mean is all there is to know.
void CostModel::Fit() {
  const f64 spread = w_ * xx_ - x_ * x_;
  const bool sizes_differ = spread > 1e-6 * w_ * xx_;
  const f64 slope = sizes_differ ? (w_ * xy_ - x_ * y_) / spread : 0;
  // Larger tasks that take less time, and times below 0, are noise.
  estimate_.ns_per_unit = std::max(slope, 0.0);
  estimate_.base_ns = (y_ - estimate_.ns_per_unit * x_) / w_;
  if (estimate_.base_ns < 0 && xx_ > 0) {
    estimate_.base_ns = 0;
    estimate_.ns_per_unit = xy_ / xx_;
  }
  estimate_.error_ns = std::sqrt(squared_error_);
}

}  // namespace chi

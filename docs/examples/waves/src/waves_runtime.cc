// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The bodies of the methods of module waves.

#include <example/waves/waves_runtime.h>

#include <algorithm>
#include <cmath>

namespace example::waves {

class Runtime : public RuntimeBase {
 public:
  chi::Status Measure(const MeasureIn& in, MeasureOut& out,
                      chi::RunContext& /*ctx*/) override {
    if (in.samples.empty()) return chi::Status::BadRequest("no samples");
    for (const double sample : in.samples) {
      out.peak = std::max(out.peak, std::abs(sample));
      if (std::abs(sample) > in.threshold) ++out.count;
    }
    return {};
  }
};

}  // namespace example::waves

CHI_TASK_CC(example::waves::Runtime);

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What is reported: a value beside its reference and its target.

#ifndef CHIMAERA_TOOLS_BENCH_FIGURE_H_
#define CHIMAERA_TOOLS_BENCH_FIGURE_H_

#include <optional>
#include <string>
#include <vector>

#include "harness.h"

namespace chi::bench {

/// Which side of a target is the good one.
enum class Bound { kAtMost, kAtLeast };

struct Target {
  Bound bound = Bound::kAtMost;
  f64 value = 0;  ///< Of the ratio, or of the value if there is none.
};

/// One line of the report. `ratio` is always value / reference_value.
struct Figure {
  std::string name;
  f64 value = 0;
  std::string unit;
  std::string reference;  ///< Empty: the value stands alone.
  f64 reference_value = 0;
  f64 ratio = 0;
  f64 ratio_low = 0;  ///< Quartiles of the rounds' ratios.
  f64 ratio_high = 0;
  std::optional<Target> target;  ///< None: told for comparison only.

  bool IsMet() const;
};

/// A median of slices and what it is called.
struct Reference {
  std::string name;
  const Slices& slices;
};

/// The medians of the slices, in ns: at most `target` times the reference's.
Figure MedianNs(const std::string& name, const Slices& subject,
                const Reference& reference, f64 target);

/// The same for values that were made of several slices, one a round.
Figure RoundsNs(const std::string& name, const Samples& subject,
                const std::string& reference, const Samples& reference_values,
                f64 target);

/// The 99th percentile of all samples together.
Figure PooledP99Ns(const std::string& name, const Slices& subject,
                   const Reference& reference, f64 target);

/// Rates of the medians, `per_operation` units each: at least `target` times
/// the reference's.
Figure Rate(const std::string& name, const Slices& subject,
            const Reference& reference, f64 per_operation,
            const std::string& unit, f64 target);

/// A value that is told for comparison.
Figure InformationNs(const std::string& name, const Slices& slices);

/// A value without a reference, at most `target`.
Figure AtMost(const std::string& name, f64 value, const std::string& unit,
              f64 target);

/// The same, at least `target`.
Figure AtLeast(const std::string& name, f64 value, const std::string& unit,
               f64 target);

/// Prints a table, or with `json` the figures as one JSON object.
void Report(const std::vector<Figure>& figures, bool json);

}  // namespace chi::bench

#endif  // CHIMAERA_TOOLS_BENCH_FIGURE_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How everything is measured. A machine's speed changes within seconds (the
// host moves its cores), so a figure is never a number but a ratio: subject
// and reference take turns in short slices on the same two CPUs, each pair of
// slices gives one ratio, and the median of at least twenty is reported.

#ifndef CHIMAERA_TOOLS_BENCH_HARNESS_H_
#define CHIMAERA_TOOLS_BENCH_HARNESS_H_

#include <functional>
#include <string>
#include <vector>

#include "chimaera/base/types.h"

namespace chi::bench {

inline constexpr u32 kMinPairs = 20;
inline constexpr u64 kSliceNs = 40'000'000;

/// One line of the report.
struct Figure {
  std::string name;
  f64 value = 0;
  std::string unit;
  std::string reference;
  f64 reference_value = 0;
  f64 ratio = 0;
  f64 ratio_low = 0;  ///< Quartiles of the pairs' ratios.
  f64 ratio_high = 0;
  f64 target = 0;       ///< Of the ratio, or of the value if there is none.
  bool at_most = true;  ///< Whether the target is an upper bound.
  bool met = false;
};

/// Durations of single operations, in nanoseconds.
using Samples = std::vector<f64>;

/// Runs its operation for about `slice_ns`, and returns how long each took.
using Slice = std::function<Samples(u64 slice_ns)>;

/// The slices of a subject and of its reference, in turn.
struct Pairs {
  std::vector<Samples> subject;
  std::vector<Samples> reference;
};
Pairs Interleave(const Slice& subject, const Slice& reference,
                 u32 num_pairs = kMinPairs, u64 slice_ns = kSliceNs);

/// `q` in [0, 1]; reorders nothing. 0 for no samples.
f64 Quantile(Samples samples, f64 q);

/// Compares quantile `q` pair by pair.
Figure CompareQuantile(const std::string& name, const Pairs& pairs, f64 q,
                       const std::string& reference, f64 target);
/// Compares the quantile of all samples together.
Figure ComparePooled(const std::string& name, const Pairs& pairs, f64 q,
                     const std::string& reference, f64 target);
/// A value without a reference.
Figure Value(const std::string& name, f64 value, const std::string& unit,
             f64 target, bool at_most);

/// Times single calls with the time-stamp counter until `slice_ns` is over.
template <class Operation>
Samples TimeEach(u64 slice_ns, Operation&& operation);

/// The time-stamp counter and its frequency.
u64 Ticks();
f64 NsPerTick();

/// Binds the calling thread to one CPU; false if the system refuses.
bool PinTo(i32 cpu);

/// Prints a table, or with `json` the figures as one JSON object.
void Report(const std::vector<Figure>& figures, bool json);

// ---- implementation ----

template <class Operation>
Samples TimeEach(u64 slice_ns, Operation&& operation) {
  Samples samples;
  samples.reserve(1 << 16);
  const f64 scale = NsPerTick();
  const u64 begin = Ticks();
  const u64 end = begin + static_cast<u64>(static_cast<f64>(slice_ns) / scale);
  for (u64 before = begin; before < end;) {
    operation();
    const u64 after = Ticks();
    samples.push_back(static_cast<f64>(after - before) * scale);
    before = after;
  }
  return samples;
}

}  // namespace chi::bench

#endif  // CHIMAERA_TOOLS_BENCH_HARNESS_H_

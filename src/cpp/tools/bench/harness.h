// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How everything is measured. A machine's speed changes within seconds (the
// host moves its cores), so a figure is never a number but a ratio: subject
// and references take turns in short slices on the same CPUs, each round of
// slices gives one ratio, and the median of at least twenty is reported.

#ifndef CHIMAERA_TOOLS_BENCH_HARNESS_H_
#define CHIMAERA_TOOLS_BENCH_HARNESS_H_

#include <sched.h>

#include <functional>
#include <vector>

#include "chimaera/base/types.h"

namespace chi::bench {

/// How long and how often. `Quick` is for tests of the tool: its figures
/// mean nothing.
struct Effort {
  u32 num_rounds = 24;
  u64 slice_ns = 40'000'000;
  u64 idle_ns = 10'000'000'000;
  u32 num_starts = 5;

  static Effort Quick() { return {3, 2'000'000, 200'000'000, 1}; }
};

/// Durations of single operations, in nanoseconds.
using Samples = std::vector<f64>;

/// Runs its operation for about `slice_ns`, and returns how long each took.
using Slice = std::function<Samples(u64 slice_ns)>;

/// Of one operation, in the order of the rounds.
using Slices = std::vector<Samples>;

/// Lets the operations take turns, in an order that alternates so that a
/// drift favours none; what each did, in the order of `operations`. An
/// unmeasured round goes first, which warms caches and wakes sleepers.
std::vector<Slices> TakeTurns(const std::vector<Slice>& operations,
                              const Effort& effort);

/// `q` in [0, 1]; reorders nothing. 0 for no samples.
f64 Quantile(Samples samples, f64 q);

/// Quantile `q` of each slice.
Samples QuantileOfEach(const Slices& slices, f64 q);

/// All samples together.
Samples Pool(const Slices& slices);

/// Times single calls with the time-stamp counter until `slice_ns` is over.
template <class Operation>
Samples TimeEach(u64 slice_ns, Operation&& operation);

/// The same for operations shorter than the clock's step: each sample is the
/// mean of 100.
template <class Operation>
Samples TimeHundreds(u64 slice_ns, Operation&& operation);

/// The time-stamp counter and its frequency. A CPU may read it while loads
/// before it are still under way.
u64 Ticks();
f64 NsPerTick();

/// The counter once all loads before it are over.
u64 TicksAfterLoads();

/// Lets the CPU breathe in a loop that polls.
void Relax();

/// The first and the last CPU that this process may use: clients run on the
/// first one, workers and partners on the last one.
struct Cpus {
  i32 client = 0;
  i32 worker = 0;
};
Cpus AllowedCpus();

/// Binds the calling thread to one CPU for its lifetime.
class Pinned {
 public:
  explicit Pinned(i32 cpu);
  ~Pinned();
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

 private:
  cpu_set_t before_;
};

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

template <class Operation>
Samples TimeHundreds(u64 slice_ns, Operation&& operation) {
  Samples samples = TimeEach(slice_ns, [&operation] {
    for (u32 i = 0; i < 100; ++i) operation();
  });
  for (f64& sample : samples) sample /= 100;
  return samples;
}

}  // namespace chi::bench

#endif  // CHIMAERA_TOOLS_BENCH_HARNESS_H_

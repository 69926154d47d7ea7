// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Quantiles, ratios and their printing.

#include "harness.h"

#include <sched.h>
#include <time.h>

#include <algorithm>
#include <cstdio>

#include "chimaera/base/clock.h"

namespace chi::bench {
namespace {

Figure FromRatios(const std::string& name, const std::string& reference,
                  std::vector<f64> ratios, f64 target) {
  Figure figure;
  figure.name = name;
  figure.unit = "ns";
  figure.reference = reference;
  figure.ratio = Quantile(ratios, 0.5);
  figure.ratio_low = Quantile(ratios, 0.25);
  figure.ratio_high = Quantile(ratios, 0.75);
  figure.target = target;
  figure.met = figure.ratio <= target;
  return figure;
}

Samples Pool(const std::vector<Samples>& slices) {
  Samples all;
  for (const Samples& slice : slices) {
    all.insert(all.end(), slice.begin(), slice.end());
  }
  return all;
}

f64 MeasureNsPerTick() {
  const u64 ns = SystemClock::Get().NowNs();
  const u64 ticks = Ticks();
  while (SystemClock::Get().NowNs() - ns < 20 * kNsPerMs) {
  }
  const u64 elapsed_ns = SystemClock::Get().NowNs() - ns;
  return static_cast<f64>(elapsed_ns) / static_cast<f64>(Ticks() - ticks);
}

}  // namespace

Pairs Interleave(const Slice& subject, const Slice& reference, u32 num_pairs,
                 u64 slice_ns) {
  Pairs pairs;
  // One unmeasured pair warms caches and wakes sleepers.
  subject(slice_ns / 4);
  reference(slice_ns / 4);
  for (u32 i = 0; i < num_pairs; ++i) {
    // The order alternates, so that a drift favours neither.
    if (i % 2 == 0) pairs.subject.push_back(subject(slice_ns));
    pairs.reference.push_back(reference(slice_ns));
    if (i % 2 != 0) pairs.subject.push_back(subject(slice_ns));
  }
  return pairs;
}

f64 Quantile(Samples samples, f64 q) {
  if (samples.empty()) return 0;
  const auto rank = static_cast<std::ptrdiff_t>(
      q * static_cast<f64>(samples.size() - 1) + 0.5);
  std::nth_element(samples.begin(), samples.begin() + rank, samples.end());
  return samples[static_cast<size_t>(rank)];
}

Figure CompareQuantile(const std::string& name, const Pairs& pairs, f64 q,
                       const std::string& reference, f64 target) {
  std::vector<f64> ratios;
  std::vector<f64> values;
  std::vector<f64> references;
  for (size_t i = 0; i < pairs.subject.size(); ++i) {
    values.push_back(Quantile(pairs.subject[i], q));
    references.push_back(Quantile(pairs.reference[i], q));
    ratios.push_back(values.back() / references.back());
  }
  Figure figure = FromRatios(name, reference, ratios, target);
  figure.value = Quantile(values, 0.5);
  figure.reference_value = Quantile(references, 0.5);
  return figure;
}

Figure ComparePooled(const std::string& name, const Pairs& pairs, f64 q,
                     const std::string& reference, f64 target) {
  const f64 value = Quantile(Pool(pairs.subject), q);
  const f64 other = Quantile(Pool(pairs.reference), q);
  Figure figure = FromRatios(name, reference, {value / other}, target);
  figure.value = value;
  figure.reference_value = other;
  return figure;
}

Figure Value(const std::string& name, f64 value, const std::string& unit,
             f64 target, bool at_most) {
  Figure figure;
  figure.name = name;
  figure.value = value;
  figure.unit = unit;
  figure.target = target;
  figure.at_most = at_most;
  figure.met = at_most ? value <= target : value >= target;
  return figure;
}

u64 Ticks() {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  return SystemClock::Get().NowNs();
#endif
}

f64 NsPerTick() {
  static const f64 scale = MeasureNsPerTick();
  return scale;
}

bool PinTo(i32 cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return sched_setaffinity(0, sizeof(set), &set) == 0;
}

void Report(const std::vector<Figure>& figures, bool json) {
  if (json) std::printf("{\"figures\": [");
  const char* separator = "";
  for (const Figure& f : figures) {
    if (json) {
      std::printf(
          "%s{\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", "
          "\"reference\": \"%s\", \"reference_value\": %.6g, \"ratio\": %.6g, "
          "\"target\": %.6g, \"met\": %s}",
          separator, f.name.c_str(), f.value, f.unit.c_str(),
          f.reference.c_str(), f.reference_value, f.ratio, f.target,
          f.met ? "true" : "false");
      separator = ", ";
      continue;
    }
    std::printf("%-24s %10.4g %-8s", f.name.c_str(), f.value, f.unit.c_str());
    if (!f.reference.empty()) {
      std::printf(" %6.3g x %s (%.4g), quartiles %.3g-%.3g", f.ratio,
                  f.reference.c_str(), f.reference_value, f.ratio_low,
                  f.ratio_high);
    }
    std::printf("; target %s %.3g: %s\n", f.at_most ? "<=" : ">=", f.target,
                f.met ? "met" : "MISSED");
  }
  if (json) std::printf("]}\n");
}

}  // namespace chi::bench

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Turns, quantiles, the time-stamp counter and CPUs.

#include "harness.h"

#include <algorithm>

#include "chimaera/base/check.h"
#include "chimaera/base/clock.h"

namespace chi::bench {
namespace {

f64 MeasureNsPerTick() {
  const u64 ns = SystemClock::Get().NowNs();
  const u64 ticks = Ticks();
  while (SystemClock::Get().NowNs() - ns < 20 * kNsPerMs) {
  }
  const u64 elapsed_ns = SystemClock::Get().NowNs() - ns;
  return static_cast<f64>(elapsed_ns) / static_cast<f64>(Ticks() - ticks);
}

}  // namespace

std::vector<Slices> TakeTurns(const std::vector<Slice>& operations,
                              const Effort& effort) {
  for (const Slice& operation : operations) operation(effort.slice_ns / 4);
  const size_t count = operations.size();
  std::vector<Slices> all(count);
  for (u32 round = 0; round < effort.num_rounds; ++round) {
    for (size_t i = 0; i < count; ++i) {
      const size_t turn = round % 2 == 0 ? i : count - 1 - i;
      all[turn].push_back(operations[turn](effort.slice_ns));
    }
  }
  return all;
}

f64 Quantile(Samples samples, f64 q) {
  if (samples.empty()) return 0;
  const auto rank = static_cast<std::ptrdiff_t>(
      q * static_cast<f64>(samples.size() - 1) + 0.5);
  std::nth_element(samples.begin(), samples.begin() + rank, samples.end());
  return samples[static_cast<size_t>(rank)];
}

Samples QuantileOfEach(const Slices& slices, f64 q) {
  Samples quantiles;
  for (const Samples& slice : slices) quantiles.push_back(Quantile(slice, q));
  return quantiles;
}

Samples Pool(const Slices& slices) {
  Samples all;
  for (const Samples& slice : slices) {
    all.insert(all.end(), slice.begin(), slice.end());
  }
  return all;
}

u64 Ticks() {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  return SystemClock::Get().NowNs();
#endif
}

u64 TicksAfterLoads() {
#if defined(__x86_64__)
  __builtin_ia32_lfence();
#elif defined(__aarch64__)
  asm volatile("dsb ld\nisb" : : : "memory");
#endif
  return Ticks();
}

f64 NsPerTick() {
  static const f64 scale = MeasureNsPerTick();
  return scale;
}

void Relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

Cpus AllowedCpus() {
  cpu_set_t allowed;
  CHI_CHECK(sched_getaffinity(0, sizeof(allowed), &allowed) == 0);
  Cpus cpus;
  for (i32 cpu = CPU_SETSIZE - 1; cpu >= 0; --cpu) {
    if (CPU_ISSET(cpu, &allowed)) cpus.client = cpu;
  }
  for (i32 cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) cpus.worker = cpu;
  }
  return cpus;
}

Pinned::Pinned(i32 cpu) {
  CHI_CHECK(sched_getaffinity(0, sizeof(before_), &before_) == 0);
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  CHI_CHECK(sched_setaffinity(0, sizeof(set), &set) == 0, "CPU {}", cpu);
}

Pinned::~Pinned() { sched_setaffinity(0, sizeof(before_), &before_); }

}  // namespace chi::bench

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See sampling.h.

#include "chimaera/core/sampling.h"

#include <algorithm>
#include <atomic>

namespace chi {
namespace {

// Each for itself; they order nothing.
std::atomic<bool> is_on{Sampling().on};
std::atomic<u32> runs_per_sample{Sampling().one_in};

}  // namespace

Sampling GetSampling() {
  return {is_on.load(std::memory_order_relaxed),
          runs_per_sample.load(std::memory_order_relaxed)};
}

void SetSampling(const Sampling& sampling) {
  is_on.store(sampling.on, std::memory_order_relaxed);
  runs_per_sample.store(
      std::clamp(sampling.one_in, u32{1}, Sampling::kMaxOneIn),
      std::memory_order_relaxed);
}

}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One pass in pieces that stay in the first-level cache: each piece is copied
// into aligned memory (the numbers in a block may lie anywhere, and their owner
// may change them meanwhile), summed in parallel strands, and sorted into bins.

#include "reduce.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

namespace chimaera::stats {

using chi::f64;
using chi::u32;
using chi::u64;

namespace {

// Numbers; both copies of a piece lie on a fiber's stack.
constexpr u64 kPiece = 512;
constexpr u64 kStrands = 16;  // sums that do not wait for each other

template <class T>
bool AnyNan(const T* numbers, u64 count) {
  if constexpr (std::is_floating_point_v<T>) {
    u32 any = 0;
    for (u64 i = 0; i < count; ++i) any |= numbers[i] != numbers[i] ? 1u : 0u;
    return any != 0;
  } else {
    return false;
  }
}

// The piece in f64 without its NaNs; how many are left. Integers above 2^53
// round.
template <class T>
u64 ToF64(const T* numbers, u64 count, f64* values) {
  if (!AnyNan(numbers, count)) {
    for (u64 i = 0; i < count; ++i) values[i] = static_cast<f64>(numbers[i]);
    return count;
  }
  u64 kept = 0;
  for (u64 i = 0; i < count; ++i) {
    values[kept] = static_cast<f64>(numbers[i]);
    kept += numbers[i] == numbers[i] ? 1 : 0;
  }
  return kept;
}

void AddToSummary(const f64* values, u64 count, Summary* summary) {
  f64 low[kStrands];
  f64 high[kStrands];
  f64 sum[kStrands];
  for (u64 s = 0; s < kStrands; ++s) {
    low[s] = std::numeric_limits<f64>::infinity();
    high[s] = -std::numeric_limits<f64>::infinity();
    sum[s] = 0;
  }
  u64 i = 0;
  for (; i + kStrands <= count; i += kStrands) {
    for (u64 s = 0; s < kStrands; ++s) {
      const f64 value = values[i + s];
      low[s] = value < low[s] ? value : low[s];
      high[s] = value > high[s] ? value : high[s];
      sum[s] += value;
    }
  }
  for (u64 s = 0; i < count; ++i, ++s) {
    low[s] = std::min(low[s], values[i]);
    high[s] = std::max(high[s], values[i]);
    sum[s] += values[i];
  }
  for (u64 step = kStrands / 2; step > 0; step /= 2) {
    for (u64 s = 0; s < step; ++s) {
      low[s] = std::min(low[s], low[s + step]);
      high[s] = std::max(high[s], high[s + step]);
      sum[s] += sum[s + step];
    }
  }
  summary->min_ = std::min(summary->min_, low[0]);
  summary->max_ = std::max(summary->max_, high[0]);
  summary->sum_ += sum[0];
  summary->count_ += count;
}

// Bin b begins at lo + b * step in f64, as in numpy.histogram. The first guess
// may be one off where rounding meets an edge, so the edges decide.
class Binner {
 public:
  explicit Binner(const Histogram& histogram)
      : lo_(histogram.lo_),
        hi_(histogram.hi_),
        bins_(histogram.bins_),
        step_((hi_ - lo_) / static_cast<f64>(bins_)),
        scale_(static_cast<f64>(bins_) / (hi_ - lo_)) {}

  void Add(const f64* values, u64 count, Summary* summary, u64* bins) const {
    for (u64 i = 0; i < count; ++i) {
      const f64 value = values[i];
      if (value < lo_) {
        ++summary->below_;
      } else if (value > hi_) {
        ++summary->above_;
      } else {
        ++bins[BinOf(value)];
      }
    }
  }

 private:
  f64 Edge(u32 bin) const { return lo_ + static_cast<f64>(bin) * step_; }
  u32 BinOf(f64 value) const {
    const f64 guess = (value - lo_) * scale_;
    u32 bin = static_cast<u32>(std::min(guess, static_cast<f64>(bins_ - 1)));
    if (bin > 0 && value < Edge(bin)) {
      --bin;
    } else if (bin + 1 < bins_ && value >= Edge(bin + 1)) {
      ++bin;
    }
    return bin;
  }

  const f64 lo_;
  const f64 hi_;
  const u32 bins_;
  const f64 step_;
  const f64 scale_;
};

template <class T>
void ReduceAs(const char* data, u64 count, const Histogram& histogram,
              Summary* summary, u64* bins) {
  alignas(64) T numbers[kPiece];
  alignas(64) f64 values[kPiece];
  const Binner binner(histogram);
  while (count > 0) {
    const u64 piece = std::min(count, kPiece);
    std::memcpy(numbers, data, piece * sizeof(T));
    const u64 kept = ToF64(numbers, piece, values);
    summary->nans_ += piece - kept;
    AddToSummary(values, kept, summary);
    if (histogram.bins_ != 0) binner.Add(values, kept, summary, bins);
    data += piece * sizeof(T);
    count -= piece;
  }
}

}  // namespace

void Reduce(const char* data, u64 count, DType dtype,
            const Histogram& histogram, Summary* summary, u64* bins) {
  WithType(dtype, [&](auto* null) {
    using T = std::remove_const_t<std::remove_pointer_t<decltype(null)>>;
    ReduceAs<T>(data, count, histogram, summary, bins);
  });
}

}  // namespace chimaera::stats

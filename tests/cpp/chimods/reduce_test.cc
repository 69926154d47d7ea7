// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The kernel of Reduce against the simplest possible code.

#include "reduce.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "chimaera/base/random.h"
#include "support/catch.h"

using chi::f32;
using chi::f64;
using chi::u32;
using chi::u64;
using chi::u8;
using chimaera::stats::DType;
using chimaera::stats::Histogram;
using chimaera::stats::Reduce;
using chimaera::stats::Summary;

namespace {

struct Expected {
  Summary summary;
  long double sum = 0;
  long double magnitude = 0;
  std::vector<u64> bins;
};

// numpy.histogram's rule, by comparing with every edge.
u32 BinOf(f64 value, const Histogram& histogram) {
  const f64 step = (histogram.hi_ - histogram.lo_) / histogram.bins_;
  u32 bin = 0;
  while (bin + 1 < histogram.bins_ &&
         value >= histogram.lo_ + (bin + 1) * step) {
    ++bin;
  }
  return bin;
}

template <class T>
Expected Naive(const std::vector<T>& numbers, const Histogram& histogram) {
  Expected expected;
  expected.bins.resize(histogram.bins_);
  for (const T number : numbers) {
    const f64 value = static_cast<f64>(number);
    if (std::isnan(value)) {
      ++expected.summary.nans_;
      continue;
    }
    ++expected.summary.count_;
    expected.summary.min_ = std::min(expected.summary.min_, value);
    expected.summary.max_ = std::max(expected.summary.max_, value);
    expected.sum += value;
    expected.magnitude += std::fabs(value);
    if (histogram.bins_ == 0) continue;
    if (value < histogram.lo_) {
      ++expected.summary.below_;
    } else if (value > histogram.hi_) {
      ++expected.summary.above_;
    } else {
      ++expected.bins[BinOf(value, histogram)];
    }
  }
  return expected;
}

template <class T>
void Check(const std::vector<T>& numbers, DType dtype,
           const Histogram& histogram) {
  // One byte off any alignment.
  std::vector<char> bytes(numbers.size() * sizeof(T) + 1);
  if (!numbers.empty()) {
    std::memcpy(bytes.data() + 1, numbers.data(), numbers.size() * sizeof(T));
  }
  Summary summary;
  std::vector<u64> bins(histogram.bins_);
  Reduce(bytes.data() + 1, numbers.size(), dtype, histogram, &summary,
         bins.data());
  const Expected expected = Naive(numbers, histogram);
  REQUIRE(summary.count_ == expected.summary.count_);
  REQUIRE(summary.nans_ == expected.summary.nans_);
  REQUIRE(summary.min_ == expected.summary.min_);
  REQUIRE(summary.max_ == expected.summary.max_);
  REQUIRE(summary.below_ == expected.summary.below_);
  REQUIRE(summary.above_ == expected.summary.above_);
  REQUIRE(bins == expected.bins);
  if (std::isinf(expected.sum)) {
    REQUIRE(summary.sum_ == static_cast<f64>(expected.sum));
    return;
  }
  const f64 bound = static_cast<f64>(expected.magnitude) *
                    (static_cast<f64>(numbers.size()) / 512 + 40) *
                    std::ldexp(1.0, -53);
  REQUIRE(std::fabs(static_cast<f64>(summary.sum_ - expected.sum)) <= bound);
}

template <class T>
std::vector<T> Numbers(u64 count, u64 seed) {
  chi::SeededRandom random(seed);
  std::vector<T> numbers(count);
  for (T& number : numbers) {
    const u64 bits = random.Next();
    if constexpr (std::is_floating_point_v<T>) {
      number = static_cast<T>(static_cast<f64>(bits >> 40) / 1000 - 8000);
      if (bits % 97 == 0) number = std::numeric_limits<T>::quiet_NaN();
    } else {
      number = static_cast<T>(bits);
    }
  }
  return numbers;
}

template <class T>
void CheckType(DType dtype, const Histogram& histogram) {
  for (const u64 count : {0, 1, 15, 16, 17, 511, 512, 513, 100003}) {
    INFO("type " << static_cast<u32>(dtype) << ", " << count << " numbers");
    Check(Numbers<T>(count, count + 1), dtype, histogram);
  }
}

}  // namespace

TEST_CASE("Reduce: every type and length agrees with the naive code") {
  CheckType<f32>(DType::kF32, {-8000, 8000, 100, 0});
  CheckType<f64>(DType::kF64, {-100, 100.5, 7, 0});
  CheckType<chi::i16>(DType::kI16, {-32768, 32767, 64, 0});
  CheckType<chi::i32>(DType::kI32, {-1e9, 1e9, 13, 0});
  CheckType<u8>(DType::kU8, {0, 255, 256, 0});
  CheckType<chi::u16>(DType::kU16, {0, 65535, 10, 0});
  CheckType<u32>(DType::kU32, {0, 4e9, 3, 0});
  CheckType<chi::i64>(DType::kI64, {-9e18, 9e18, 17, 0});
  CheckType<f64>(DType::kF64, {});
}

TEST_CASE("Reduce: numbers on the edges of bins go where NumPy puts them") {
  for (const u32 count : {1u, 3u, 10u, 49u, 1000u}) {
    const Histogram histogram{0.1, 0.7, count, 0};
    const f64 step = (histogram.hi_ - histogram.lo_) / count;
    std::vector<f64> numbers{0.1, 0.7, 0.70000001, 0.0999999};
    for (u32 bin = 0; bin <= count; ++bin) {
      const f64 edge = histogram.lo_ + bin * step;
      numbers.push_back(edge);
      numbers.push_back(std::nextafter(edge, 0));
      numbers.push_back(std::nextafter(edge, 1));
    }
    Check(numbers, DType::kF64, histogram);
  }
}

TEST_CASE("Reduce: infinities and NaNs only") {
  const f64 inf = std::numeric_limits<f64>::infinity();
  Check(std::vector<f64>{inf, 1, inf}, DType::kF64, {0, 2, 2, 0});
  const f32 nan = std::numeric_limits<f32>::quiet_NaN();
  Summary summary;
  const f32 nans[] = {nan, nan, nan};
  Reduce(reinterpret_cast<const char*>(nans), 3, DType::kF32, {}, &summary,
         nullptr);
  REQUIRE(summary.nans_ == 3);
  REQUIRE(summary.count_ == 0);
  REQUIRE(summary.min_ > summary.max_);
  REQUIRE(std::isnan(summary.Mean()));
}

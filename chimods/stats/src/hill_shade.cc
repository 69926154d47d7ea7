// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Three rows are kept in f64, with a copy of the first and last cell at their
// ends, so that the inner loop has neither cases nor conversions.

#include "hill_shade.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

namespace chimaera::stats {

using chi::f32;
using chi::f64;
using chi::u64;
using chi::u8;

namespace {

constexpr f64 kRadiansPerDegree = 3.14159265358979323846 / 180;

// Constants of a tile.
struct Light {
  explicit Light(const HillShadeParams& params)
      : slope_scale(params.z_factor / (8 * params.cell_size)),
        up(std::sin(params.altitude * kRadiansPerDegree)),
        flat(std::cos(params.altitude * kRadiansPerDegree)),
        east(std::sin(params.azimuth * kRadiansPerDegree)),
        north(std::cos(params.azimuth * kRadiansPerDegree)) {}
  const f64 slope_scale;
  const f64 up;
  const f64 flat;
  const f64 east;
  const f64 north;
};

template <class T>
void LoadRow(const char* heights, u64 row, u64 cols, f64* to) {
  const char* from = heights + row * cols * sizeof(T);
  for (u64 i = 0; i < cols; ++i) {
    T value;
    std::memcpy(&value, from + i * sizeof(T), sizeof(T));
    to[i + 1] = static_cast<f64>(value);
  }
  to[0] = to[1];
  to[cols + 1] = to[cols];
}

// Each row pointer is one before the first cell.
void ShadeRow(const f64* above, const f64* here, const f64* below, u64 cols,
              const Light& light, f64* shade) {
  for (u64 i = 0; i < cols; ++i) {
    const f64 p = ((above[i + 2] + 2 * here[i + 2] + below[i + 2]) -
                   (above[i] + 2 * here[i] + below[i])) *
                  light.slope_scale;
    const f64 r = ((below[i] + 2 * below[i + 1] + below[i + 2]) -
                   (above[i] + 2 * above[i + 1] + above[i + 2])) *
                  light.slope_scale;
    const f64 lit = light.up - light.flat * (light.east * p - light.north * r);
    const f64 s = lit / std::sqrt(1 + p * p + r * r);
    shade[i] = s < 0 ? 0 : s;
  }
}

void StoreRow(const f64* shade, u64 row, u64 cols, DType out, char* to) {
  if (out == DType::kF32) {
    to += row * cols * sizeof(f32);
    for (u64 i = 0; i < cols; ++i) {
      const f32 value = static_cast<f32>(shade[i]);
      std::memcpy(to + i * sizeof(f32), &value, sizeof(f32));
    }
    return;
  }
  to += row * cols;
  for (u64 i = 0; i < cols; ++i) {
    const f64 value = 255 * shade[i] + 0.5;
    // Also false for NaN.
    to[i] = static_cast<char>(static_cast<u8>(value > 0 ? value : 0));
  }
}

template <class T>
void HillShadeAs(const HillShadeTile& tile, const HillShadeParams& params,
                 u64 row_begin, u64 row_end, DType out, char* shade) {
  const u64 cols = tile.cols;
  const Light light(params);
  std::vector<f64> memory(4 * (cols + 2));
  f64* above = memory.data();
  f64* here = above + cols + 2;
  f64* below = here + cols + 2;
  f64* const result = below + cols + 2;
  LoadRow<T>(tile.heights, row_begin == 0 ? 0 : row_begin - 1, cols, above);
  LoadRow<T>(tile.heights, row_begin, cols, here);
  for (u64 row = row_begin; row < row_end; ++row) {
    LoadRow<T>(tile.heights, std::min(row + 1, tile.rows - 1), cols, below);
    ShadeRow(above, here, below, cols, light, result);
    StoreRow(result, row, cols, out, shade);
    std::swap(above, here);
    std::swap(here, below);
  }
}

}  // namespace

void HillShade(const HillShadeTile& tile, const HillShadeParams& params,
               u64 row_begin, u64 row_end, DType out, char* shade) {
  WithType(tile.dtype, [&](auto* null) {
    using T = std::remove_const_t<std::remove_pointer_t<decltype(null)>>;
    HillShadeAs<T>(tile, params, row_begin, row_end, out, shade);
  });
}

}  // namespace chimaera::stats

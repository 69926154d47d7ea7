// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The kernel of HillShade against the formula with its angles, and against
// slopes whose shade is known.

#include "hill_shade.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "chimaera/base/random.h"
#include "support/catch.h"

using chi::f32;
using chi::f64;
using chi::i64;
using chi::u64;
using chi::u8;
using chimaera::stats::DType;
using chimaera::stats::HillShade;
using chimaera::stats::HillShadeParams;
using chimaera::stats::HillShadeTile;

namespace {

constexpr f64 kPi = 3.14159265358979323846;

template <class T>
struct Grid {
  Grid(u64 num_rows, u64 num_cols)
      : rows(num_rows), cols(num_cols), cells(num_rows * num_cols) {}
  T& at(u64 row, u64 col) { return cells[row * cols + col]; }
  f64 near(i64 row, i64 col) const {
    const i64 r = std::clamp<i64>(row, 0, static_cast<i64>(rows) - 1);
    const i64 c = std::clamp<i64>(col, 0, static_cast<i64>(cols) - 1);
    return static_cast<f64>(
        cells[static_cast<u64>(r) * cols + static_cast<u64>(c)]);
  }
  HillShadeTile tile(DType dtype) const {
    return {reinterpret_cast<const char*>(cells.data()), dtype, rows, cols};
  }
  u64 rows;
  u64 cols;
  std::vector<T> cells;
};

// Slope, aspect and the usual equation.
template <class T>
f64 Naive(const Grid<T>& grid, u64 row, u64 col, const HillShadeParams& p) {
  const i64 y = static_cast<i64>(row);
  const i64 x = static_cast<i64>(col);
  const auto h = [&](i64 dy, i64 dx) { return grid.near(y + dy, x + dx); };
  const f64 east = ((h(-1, 1) + 2 * h(0, 1) + h(1, 1)) -
                    (h(-1, -1) + 2 * h(0, -1) + h(1, -1))) /
                   (8 * p.cell_size);
  const f64 south = ((h(1, -1) + 2 * h(1, 0) + h(1, 1)) -
                     (h(-1, -1) + 2 * h(-1, 0) + h(-1, 1))) /
                    (8 * p.cell_size);
  const f64 slope = std::atan(p.z_factor * std::hypot(east, south));
  const f64 aspect = std::atan2(south, -east);
  const f64 zenith = (90 - p.altitude) * kPi / 180;
  const f64 azimuth = (360 - p.azimuth + 90) * kPi / 180;
  const f64 shade =
      std::cos(zenith) * std::cos(slope) +
      std::sin(zenith) * std::sin(slope) * std::cos(azimuth - aspect);
  return std::max(shade, 0.0);
}

template <class T>
void CheckAgainstNaive(const Grid<T>& grid, DType dtype,
                       const HillShadeParams& params) {
  std::vector<f32> floats(grid.cells.size(), -1);
  std::vector<u8> bytes(grid.cells.size(), 77);
  // In two parts: rows of one must not depend on where another began.
  for (const auto& [begin, end] :
       {std::pair<u64, u64>{0, grid.rows / 2}, {grid.rows / 2, grid.rows}}) {
    if (begin == end) continue;
    HillShade(grid.tile(dtype), params, begin, end, DType::kF32,
              reinterpret_cast<char*>(floats.data()));
    HillShade(grid.tile(dtype), params, begin, end, DType::kU8,
              reinterpret_cast<char*>(bytes.data()));
  }
  for (u64 row = 0; row < grid.rows; ++row) {
    for (u64 col = 0; col < grid.cols; ++col) {
      INFO("row " << row << " column " << col);
      const u64 i = row * grid.cols + col;
      const f64 expected = Naive(grid, row, col, params);
      REQUIRE(std::fabs(static_cast<f64>(floats[i]) - expected) < 1e-6);
      REQUIRE(std::fabs(bytes[i] - 255 * expected) < 0.5 + 1e-6);
    }
  }
}

template <class T>
Grid<T> Hills(u64 rows, u64 cols) {
  Grid<T> grid(rows, cols);
  chi::SeededRandom random(rows * 1000 + cols);
  for (T& cell : grid.cells) cell = static_cast<T>(random.Next() % 120);
  return grid;
}

}  // namespace

TEST_CASE("HillShade: agrees with slope, aspect and angles") {
  const HillShadeParams lights[] = {
      {1, 315, 45, 1}, {30, 0, 30, 1}, {10, 123, 60, 2.5}, {5, 270, 0, 1}};
  for (const HillShadeParams& light : lights) {
    INFO("azimuth " << light.azimuth);
    CheckAgainstNaive(Hills<f32>(17, 23), DType::kF32, light);
    CheckAgainstNaive(Hills<f64>(9, 4), DType::kF64, light);
    CheckAgainstNaive(Hills<chi::i16>(12, 40), DType::kI16, light);
    CheckAgainstNaive(Hills<u8>(3, 3), DType::kU8, light);
    CheckAgainstNaive(Hills<f32>(1, 1), DType::kF32, light);
    CheckAgainstNaive(Hills<f32>(1, 9), DType::kF32, light);
    CheckAgainstNaive(Hills<f32>(9, 1), DType::kF32, light);
    CheckAgainstNaive(Hills<f32>(2, 2), DType::kF32, light);
  }
}

TEST_CASE("HillShade: flat ground and slopes of 45 degrees") {
  Grid<f64> flat(5, 5);
  Grid<f64> rises_east(5, 5);
  Grid<f64> rises_south(5, 5);
  for (u64 row = 0; row < 5; ++row) {
    for (u64 col = 0; col < 5; ++col) {
      rises_east.at(row, col) = static_cast<f64>(col);
      rises_south.at(row, col) = static_cast<f64>(row);
    }
  }
  const auto middle = [](const Grid<f64>& grid, f64 azimuth) {
    f32 shade[25];
    HillShade(grid.tile(DType::kF64), {1, azimuth, 45, 1}, 0, 5, DType::kF32,
              reinterpret_cast<char*>(shade));
    return shade[12];
  };
  REQUIRE(std::fabs(middle(flat, 10) - std::sqrt(0.5)) < 1e-6);
  // Ground that rises to the east looks west, and to the south looks north.
  REQUIRE(std::fabs(middle(rises_east, 270) - 1) < 1e-6);
  REQUIRE(std::fabs(middle(rises_east, 90)) < 1e-6);
  REQUIRE(std::fabs(middle(rises_south, 0) - 1) < 1e-6);
  REQUIRE(std::fabs(middle(rises_south, 180)) < 1e-6);
}

TEST_CASE("HillShade: a NaN darkens its neighbours and nothing else") {
  Grid<f32> grid = Hills<f32>(7, 7);
  grid.at(3, 3) = std::numeric_limits<f32>::quiet_NaN();
  std::vector<f32> floats(49);
  std::vector<u8> bytes(49);
  HillShade(grid.tile(DType::kF32), {}, 0, 7, DType::kF32,
            reinterpret_cast<char*>(floats.data()));
  HillShade(grid.tile(DType::kF32), {}, 0, 7, DType::kU8,
            reinterpret_cast<char*>(bytes.data()));
  for (u64 row = 0; row < 7; ++row) {
    for (u64 col = 0; col < 7; ++col) {
      const bool near = row >= 2 && row <= 4 && col >= 2 && col <= 4;
      const bool self = row == 3 && col == 3;
      INFO(row << " " << col);
      // The cell itself carries no weight in Horn's formula.
      CHECK(std::isnan(floats[row * 7 + col]) == (near && !self));
      if (near && !self) CHECK(bytes[row * 7 + col] == 0);
    }
  }
}

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The kernel of HillShade: how bright the ground is under a lamp far away.
//
// Source: B. K. P. Horn, "Hill shading and the reflectance map", Proceedings of
// the IEEE 69 (1981), pages 14-47. The slope at a cell comes from its eight
// neighbours, which carry weights 1, 2, 1:
//
//     a b c      p = ((c + 2f + i) - (a + 2d + g)) * (z / (8 cell))   eastward
//     d . f      r = ((g + 2h + i) - (a + 2b + c)) * (z / (8 cell))  southward
//     g h i
//
// and the shade is the cosine between the ground's normal and the light, which
// comes from `azimuth` (clockwise from north, degrees) at `altitude` above the
// horizon:
//
//     s = (sin alt - cos alt * (sin az * p - cos az * r)) / sqrt(1 + p p + r r)
//
// the usual cos(zenith) cos(slope) + sin(zenith) sin(slope) cos(azimuth -
// aspect) without its angles. Ground that looks away from the light is 0.
//
// Edges: a neighbour outside the tile counts as the nearest cell inside it.
// Rounding: all of it in f64, in the order written here, nothing contracted.
// As f32 the result is s rounded to nearest; as u8 it is floor(255 s + 0.5).
// Where a NaN is among the eight neighbours, f32 says NaN and u8 says 0.

#ifndef CHIMAERA_STATS_HILL_SHADE_H_
#define CHIMAERA_STATS_HILL_SHADE_H_

#include "chimaera/base/types.h"
#include "chimaera/stats/dtype.h"

namespace chimaera::stats {

struct HillShadeParams {
  chi::f64 cell_size = 1;  ///< Length of a cell's side.
  chi::f64 azimuth = 315;  ///< Where the light comes from, in degrees.
  chi::f64 altitude = 45;  ///< Above the horizon, in degrees.
  chi::f64 z_factor = 1;   ///< Heights are multiplied by it.
};

/// Row-major heights, which need not be aligned and may change meanwhile.
struct HillShadeTile {
  const char* heights = nullptr;
  DType dtype = DType::kF32;
  chi::u64 rows = 0;
  chi::u64 cols = 0;
};

/// Writes rows [row_begin, row_end) of the shade to the same rows of `shade`,
/// a tile of the same shape of u8 or f32, which need not be aligned.
/// Takes memory for four rows. REQUIRES: a known dtype, rows and cols > 0, the
/// range inside the tile, `out` kU8 or kF32.
void HillShade(const HillShadeTile& tile, const HillShadeParams& params,
               chi::u64 row_begin, chi::u64 row_end, DType out, char* shade);

}  // namespace chimaera::stats

#endif  // CHIMAERA_STATS_HILL_SHADE_H_

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Written from the formulas that module stats documents, not from its code.
"""What NumPy finds: the truth that the runtime's answers are held against."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from chimaera.stats import Summary

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ALTITUDE_DEG", "AZIMUTH_DEG", "hill_shade", "same_summary", "summary"]

AZIMUTH_DEG = 315.0
ALTITUDE_DEG = 45.0


def summary(
    heights: NDArray[np.float32], bins: int, value_range: tuple[float, float]
) -> Summary:
    """Summarise heights without NaNs as `Stats.reduce` does.

    Parameters
    ----------
    heights : ndarray of float32
    bins : int
        Steps of the histogram.
    value_range : (float, float)
        Its ends.

    Returns
    -------
    Summary
    """
    counts, _ = np.histogram(heights, bins, value_range)
    return Summary(
        heights.size,
        0,
        float(heights.min()),
        float(heights.max()),
        float(heights.sum(dtype=np.float64)),
        int((heights < value_range[0]).sum()),
        int((heights > value_range[1]).sum()),
        counts.astype(np.int64),
    )


def same_summary(ours: Summary, theirs: Summary) -> str:
    """Compare two summaries.

    Everything must be equal, but for the sum: two orders of adding n numbers in
    float64 differ by at most n 2**-52 of the sum of their sizes.

    Returns
    -------
    str
        What differs; empty if nothing does.
    """
    for name in ("count", "nans", "min", "max", "below", "above"):
        if getattr(ours, name) != getattr(theirs, name):
            return f"{name} is {getattr(ours, name)}, not {getattr(theirs, name)}"
    bound = ours.count * 2.0**-52 * max(abs(ours.min), abs(ours.max)) * ours.count
    if not math.isclose(ours.sum, theirs.sum, rel_tol=0, abs_tol=bound):
        return f"sum is {ours.sum}, not {theirs.sum}"
    if not np.array_equal(ours.histogram, theirs.histogram):
        return "the histogram differs"
    return ""


def hill_shade(heights: NDArray[np.float32], cell_size: float) -> NDArray[np.uint8]:
    """Shade a tile by Horn's formula, with replicated edges.

    Parameters
    ----------
    heights : (rows, cols) ndarray of float32
    cell_size : float
        Metres.

    Returns
    -------
    (rows, cols) ndarray of uint8
        0 to 255, rounded half up.

    References
    ----------
    .. [1] B. K. P. Horn, "Hill shading and the reflectance map", Proceedings of
       the IEEE 69 (1981), 14-47.
    """
    z = np.pad(heights.astype(np.float64), 1, mode="edge")
    a, b, c = z[:-2, :-2], z[:-2, 1:-1], z[:-2, 2:]
    d, f = z[1:-1, :-2], z[1:-1, 2:]
    g, h, i = z[2:, :-2], z[2:, 1:-1], z[2:, 2:]
    scale = 1.0 / (8.0 * cell_size)
    p = ((c + 2 * f + i) - (a + 2 * d + g)) * scale
    r = ((g + 2 * h + i) - (a + 2 * b + c)) * scale
    azimuth, altitude = math.radians(AZIMUTH_DEG), math.radians(ALTITUDE_DEG)
    slope = math.sin(azimuth) * p - math.cos(azimuth) * r
    light = math.sin(altitude) - math.cos(altitude) * slope
    shade = np.maximum(light / np.sqrt(1 + p * p + r * r), 0.0)
    return np.floor(255 * shade + 0.5).astype(np.uint8)

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Mirrored copies side by side have no cliffs between them, so that the enlarged
# terrain is as smooth as the measured one.
"""Where the heights come from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chimaera.errors import NotFoundError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TILE_SIDE", "Terrain", "load_terrain", "tiles"]

TILE_SIDE = 1024  # cells: 4 MiB of heights per tile
_METRES_PER_DEGREE = 111_200.0


@dataclass(frozen=True, eq=False)
class Terrain:
    """A measured elevation model.

    Attributes
    ----------
    heights : (rows, cols) ndarray of float32
        Metres; row 0 is the north edge.
    cell_size : float
        Metres between neighbours, the mean of both directions.
    """

    heights: NDArray[np.float32]
    cell_size: float

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest whole metre."""
        return float(np.floor(self.heights.min())), float(np.ceil(self.heights.max()))


def load_terrain() -> Terrain:
    """Load the terrain of the Jacksboro fault from Matplotlib's sample data.

    Returns
    -------
    Terrain
        344 x 403 cells.

    Raises
    ------
    NotFoundError
        Matplotlib is not installed.

    References
    ----------
    .. [1] USGS National Elevation Dataset, as file jacksboro_fault_dem.npz of
       Matplotlib.
    """
    try:
        from matplotlib import cbook
    except ImportError as error:
        raise NotFoundError("the demo wants Matplotlib: pip install matplotlib") from (
            error
        )
    sample: Any = cbook.get_sample_data("jacksboro_fault_dem.npz")
    with sample as dem:
        heights = dem["elevation"].astype(np.float32)
        dx = float(dem["dx"]) * math.cos(math.radians(float(dem["ymin"])))
        dy = float(dem["dy"])
    return Terrain(heights, _METRES_PER_DEGREE * (dx + dy) / 2)


def tiles(terrain: Terrain, count: int) -> Iterator[NDArray[np.float32]]:
    """Cut square tiles out of the endlessly mirrored terrain, all of them different.

    Parameters
    ----------
    terrain : Terrain
    count : int
        How many.

    Yields
    ------
    (TILE_SIDE, TILE_SIDE) ndarray of float32
    """
    heights = terrain.heights
    mirrored = np.block(
        [[heights, heights[:, ::-1]], [heights[::-1], heights[::-1, ::-1]]]
    )
    rows, cols = mirrored.shape
    steps = np.arange(TILE_SIDE)
    across = math.isqrt(count - 1) + 1
    for index in range(count):
        down, right = divmod(index, across)
        yield mirrored[
            np.ix_(
                (down * TILE_SIDE + steps) % rows, (right * TILE_SIDE + steps) % cols
            )
        ]

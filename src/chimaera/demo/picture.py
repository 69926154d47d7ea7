# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The shade is the runtime's; Matplotlib only tints it.
"""The picture of the terrain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chimaera.demo.terrain import Terrain

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["save_picture"]


def save_picture(terrain: Terrain, shade: NDArray[np.uint8], path: Path) -> None:
    """Draw the terrain: height as colour, the shade as light.

    Parameters
    ----------
    terrain : Terrain
    shade : (rows, cols) ndarray of uint8
        Of the same shape as the heights.
    path : Path
        Of the PNG; its folder is made.
    """
    from matplotlib import colormaps
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    low, high = terrain.range
    tint = colormaps["gist_earth"]((terrain.heights - low) / (high - low))[..., :3]
    light = shade[..., np.newaxis] / 255.0
    # Soft light: mid-grey leaves the tint as it is.
    image = (1 - 2 * light) * tint**2 + 2 * light * tint
    rows, cols = shade.shape
    extent = (0.0, cols * terrain.cell_size / 1e3, 0.0, rows * terrain.cell_size / 1e3)
    figure = Figure(figsize=(8, 7), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.imshow(np.clip(image, 0, 1), extent=extent)
    axes.set(
        title="Jacksboro fault: hill shade computed near the data",
        xlabel="km eastward",
        ylabel="km northward",
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)

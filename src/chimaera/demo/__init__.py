# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# One step per module: terrain (the data), pipeline (what the runtime does),
# reference (the same in NumPy), report (table), picture; command ties them.
"""The main job, ``chimaera demo``: a near-data pipeline on a measured terrain.

A digital elevation model that ships with Matplotlib is enlarged until the machine
has to work, written tile by tile from shared NumPy arrays into a device in memory,
summarised and shaded by module stats where it lies, read back, and compared with
NumPy number by number.
"""

from __future__ import annotations

from chimaera.demo.command import main

__all__ = ["main"]

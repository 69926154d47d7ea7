# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Small sizes: the demo checks its own numbers.
"""The main job."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from chimaera.demo import reference, terrain
from python import programs

PNG = b"\x89PNG"


@pytest.mark.parametrize("connected", [False, True], ids=["local", "connected"])
def test_demo_agrees_with_numpy_and_saves_a_picture(
    daemon: Path, tmp_path: Path, *, connected: bool
) -> None:
    where = ["--connect", "--runtime-dir", daemon] if connected else []
    done = programs.chimaera("demo", "--size", "8MiB", "--output", tmp_path, *where)
    assert done.returncode == 0, done.stderr
    assert "Everything equals what NumPy finds" in done.stdout
    assert (tmp_path / "jacksboro.png").read_bytes().startswith(PNG)


def test_demo_has_json(tmp_path: Path) -> None:
    done = programs.chimaera("demo", "--json", "--size", "4M", "--output", tmp_path)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["differences"] == []
    assert len(facts["runs"]) == 2
    for run in facts["runs"].values():
        assert run["near_data_speedup"] > 0
        assert all(step["seconds"] > 0 for step in run["steps"])


@pytest.mark.parametrize("size", ["", "0", "-4M", "much"])
def test_demo_refuses_sizes_that_are_none(tmp_path: Path, size: str) -> None:
    done = programs.chimaera("demo", f"--size={size}", "--output", tmp_path)
    assert done.returncode == 1
    assert "--size" in done.stderr


def test_differences_are_found() -> None:
    heights = terrain.load_terrain().heights
    right = reference.summary(heights, 16, (0.0, 2000.0))
    assert reference.same_summary(right, right) == ""
    changed = heights.copy()
    changed[7, 7] += 1
    wrong = reference.summary(changed, 16, (0.0, 2000.0))
    assert "sum" in reference.same_summary(right, wrong)


def test_enlarged_tiles_are_all_different() -> None:
    measured = terrain.load_terrain()
    cut = list(terrain.tiles(measured, 5))
    assert {tile.shape for tile in cut} == {(terrain.TILE_SIDE, terrain.TILE_SIDE)}
    for i, tile in enumerate(cut):
        assert tile.min() >= measured.range[0]
        assert not any(np.array_equal(tile, other) for other in cut[:i])

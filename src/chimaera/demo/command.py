# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Runtime, progress bar and exit code around the pipeline.
"""The command ``chimaera demo``."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from chimaera import opening
from chimaera.demo.picture import save_picture
from chimaera.demo.pipeline import Pipeline
from chimaera.demo.report import facts, print_table
from chimaera.demo.terrain import TILE_SIDE, Terrain, load_terrain, tiles
from chimaera.errors import BadRequestError
from chimaera.runtime import Runtime

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["main"]

_TILE_BYTES = TILE_SIDE * TILE_SIDE * 4
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_PARTS = 3  # looks at each tile: written, computed, compared


def main(
    *,
    connect: bool,
    name: str | None,
    runtime_dir: str | None,
    size: str,
    output: Path,
    as_json: bool,
) -> int:
    """Run the demo.

    Parameters
    ----------
    connect : bool
        Use the runtime that `name` or `runtime_dir` say, not one of its own.
    name, runtime_dir : str, optional
        As for `chimaera.connect`.
    size : str
        Bytes of terrain, as ``256MiB``; rounded up to whole tiles of 4 MiB.
    output : Path
        Folder for the picture.
    as_json : bool
        Print facts for programs instead of tables.

    Returns
    -------
    int
        0; 1 if NumPy found anything else than the runtime.
    """
    count = max(1, -(-_parse_size(size) // _TILE_BYTES))
    terrain = load_terrain()
    # The bar is for people, and not part of the answer.
    console = Console(stderr=True) if as_json else Console()
    if connect or name or runtime_dir:
        runtime = opening.connect(name, runtime_dir=runtime_dir)
    else:
        runtime = opening.local()
    with runtime:
        where = repr(runtime)
        runs, picture = _run(runtime, terrain, count, console)
        path = (output / "jacksboro.png").absolute()
        save_picture(terrain, picture, path)
    wrong = [text for run in runs.values() for text in run.differences]
    if as_json:
        _print_json(where, runs, path, wrong)
    else:
        console.print(where)
        for title, run in runs.items():
            print_table(console, title, run.steps)
        console.print(f"picture: {path}", soft_wrap=True)
    if wrong:
        for text in wrong[:10]:
            print(f"chimaera demo: {text}", file=sys.stderr)
        print(f"chimaera demo: {len(wrong)} comparisons failed", file=sys.stderr)
        return 1
    if not as_json:
        console.print("Everything equals what NumPy finds.")
        console.print(
            "Next: notebooks/01_quickstart.ipynb, or `chimaera start` and "
            "chimaera.connect() in Python.",
            soft_wrap=True,
        )
    return 0


def _run(
    runtime: Runtime, terrain: Terrain, count: int, console: Console
) -> tuple[dict[str, Pipeline], NDArray[np.uint8]]:
    """Run the untiled original, then the enlarged terrain; shade the former."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    runs: dict[str, Pipeline] = {}
    rows, cols = terrain.heights.shape
    with bar, _device(runtime, count) as (device, stats):
        for title, source, number in (
            (f"measured: {rows} x {cols} cells", lambda: iter([terrain.heights]), 1),
            (
                f"enlarged: {count} tiles, {count * _TILE_BYTES >> 20} MiB",
                lambda: tiles(terrain, count),
                count,
            ),
        ):
            task = bar.add_task(title, total=number * _PARTS)
            pipeline = Pipeline(
                runtime,
                device,
                stats,
                terrain,
                functools.partial(bar.advance, task),
            )
            pipeline.run(source, number)
            runs[title] = pipeline
        picture = _shade(runtime, device, stats, terrain)
    return runs, picture


@contextlib.contextmanager
def _device(runtime: Runtime, count: int) -> Iterator[tuple[Any, Any]]:
    """Make a device with room for all, under names nobody else uses."""
    # Heights, shades, and the measured terrain beside them.
    size_bytes = (count + 1) * (_TILE_BYTES + _TILE_BYTES // 4)
    device = runtime.bdev(size_bytes=size_bytes, name=f"ram://demo-{os.getpid()}")
    try:
        yield device, runtime.stats("demo-stats")
    finally:
        device.destroy()


def _shade(
    runtime: Runtime, device: Any, stats: Any, terrain: Terrain
) -> NDArray[np.uint8]:
    """Let the runtime shade the measured terrain once more, for the picture."""
    source = device.allocate(terrain.heights.nbytes)
    target = device.allocate(terrain.heights.size)
    device.write(source, runtime.array(terrain.heights))
    stats.hill_shade(
        device,
        source,
        target,
        shape=terrain.heights.shape,
        cell_size=terrain.cell_size,
        z_factor=2.0,
    )
    shade: NDArray[np.uint8] = device.read(target).reshape(terrain.heights.shape)
    return shade


def _print_json(
    where: str, runs: dict[str, Pipeline], path: Path, wrong: list[str]
) -> None:
    text = json.dumps(
        {
            "runtime": where,
            "runs": {title: facts(run.steps) for title, run in runs.items()},
            "picture": str(path),
            "differences": wrong,
        },
        indent=2,
    )
    print(text)


def _parse_size(text: str) -> int:
    match = re.fullmatch(r"(\d+)\s*([kmg]?)(?:i?b)?", text.strip().lower())
    if match is None or int(match[1]) == 0:
        raise BadRequestError(f"--size {text}: write 256MiB, with K, M or G")
    return int(match[1]) * _UNITS[match[2]]

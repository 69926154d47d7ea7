# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Every step is timed by itself and counts the bytes that crossed between client
# and runtime. Filling the source arrays is not part of any step.
"""What the runtime does with the terrain."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from chimaera.bdev import Block, BlockDevice
from chimaera.demo import reference
from chimaera.demo.terrain import Terrain
from chimaera.runtime import Runtime
from chimaera.stats import Stats, Summary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Heights = NDArray[np.float32]

__all__ = ["BINS", "Pipeline", "Step"]

BINS = 256
_NULL_TASKS = 5000
_TIMEOUT_S = 60.0


@dataclass
class Step:
    """One timed step.

    Attributes
    ----------
    name : str
    bytes_moved : int
        Between the client and the runtime.
    tasks : int
    seconds : float
    """

    name: str
    bytes_moved: int = 0
    tasks: int = 0
    seconds: float = 0.0

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Add what runs inside."""
        begin = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - begin


@dataclass
class Pipeline:
    """The demo on one set of tiles of one shape.

    Attributes
    ----------
    runtime : Runtime
    device : BlockDevice
        With room for the tiles and their shades.
    stats : Stats
    terrain : Terrain
    progress : callable
        Called with a number of tiles after each part of the work.
    steps : list of Step
        Filled by `run`.
    differences : list of str
        What NumPy found otherwise; empty when all is well.
    """

    runtime: Runtime
    device: BlockDevice
    stats: Stats
    terrain: Terrain
    progress: Callable[[float], None] = lambda _tiles: None
    steps: list[Step] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    def run(self, source: Callable[[], Iterator[Heights]], count: int) -> None:
        """Write, compute near the data, read and compute here, compare.

        Parameters
        ----------
        source : callable
            Gives the `count` tiles, each time the same.
        count : int
        """
        blocks = self._write(source())
        shape = next(source()).shape
        summaries, shades = self._near_data(blocks, shape)
        self._read_then_compute(source(), blocks, summaries, shades)
        self._null_tasks()
        self.device.free(blocks)
        if len(blocks) != count:
            self.differences.append(f"{len(blocks)} tiles of {count} were written")

    def _step(self, name: str) -> Step:
        self.steps.append(Step(name))
        return self.steps[-1]

    def _write(self, tiles: Iterator[Heights]) -> list[Block]:
        step = self._step("write from shared arrays")
        blocks = []
        buffer: Heights | None = None
        staged = self.runtime.bytes_staged
        for tile in tiles:
            if buffer is None:
                buffer = self.runtime.empty(tile.shape, tile.dtype)
            buffer[...] = tile
            with step.timed():
                block = self.device.allocate(buffer.nbytes)
                step.bytes_moved += self.device.write(block, buffer)
            blocks.append(block)
            step.tasks += 2
            self.progress(1)
        if self.runtime.bytes_staged != staged:
            self.differences.append("a shared array was copied on its way")
        return blocks

    def _near_data(
        self, blocks: list[Block], shape: tuple[int, ...]
    ) -> tuple[list[Summary], list[NDArray[np.uint8]]]:
        """Compute where the tiles lie; only answers and shades come back."""
        step = self._step("near the data")
        rows, cols = shape
        shades = [self.runtime.empty((rows, cols), "u1") for _ in blocks]
        with step.timed():
            targets = [self.device.allocate_async(rows * cols) for _ in blocks]
            outputs = [target.result(_TIMEOUT_S) for target in targets]
            reductions = [
                self.stats.reduce_async(
                    self.device, block, bins=BINS, value_range=self.terrain.range
                )
                for block in blocks
            ]
            shadings = [
                self.stats.hill_shade_async(
                    self.device,
                    block,
                    output,
                    shape=(rows, cols),
                    cell_size=self.terrain.cell_size,
                    azimuth_deg=reference.AZIMUTH_DEG,
                    altitude_deg=reference.ALTITUDE_DEG,
                )
                for block, output in zip(blocks, outputs, strict=True)
            ]
            summaries = [each.result(_TIMEOUT_S) for each in reductions]
            for shading, output, shade in zip(shadings, outputs, shades, strict=True):
                shading.result(_TIMEOUT_S)
                self.device.read(output, out=shade)
                step.bytes_moved += shade.nbytes
                self.progress(1)
        step.bytes_moved += sum(each.histogram.nbytes for each in summaries)
        step.tasks = 4 * len(blocks)
        self.device.free(outputs)
        return summaries, shades

    def _read_then_compute(
        self,
        tiles: Iterator[Heights],
        blocks: list[Block],
        summaries: list[Summary],
        shades: list[NDArray[np.uint8]],
    ) -> None:
        """Do it the usual way, and hold the answers against each other."""
        reading = self._step("read back")
        computing = self._step("read, then NumPy")
        buffer: Heights | None = None
        for index, (tile, block) in enumerate(zip(tiles, blocks, strict=True)):
            if buffer is None:
                buffer = self.runtime.empty(tile.shape, tile.dtype)
            with reading.timed():
                self.device.read(block, out=buffer)
            with computing.timed():
                found = reference.summary(buffer, BINS, self.terrain.range)
                shade = reference.hill_shade(buffer, self.terrain.cell_size)
            self._compare(index, tile, buffer, summaries[index], found)
            if not np.array_equal(shades[index], shade):
                wrong = int((shades[index] != shade).sum())
                self.differences.append(f"tile {index}: shade differs in {wrong} cells")
            self.progress(1)
        reading.bytes_moved = sum(block.size_bytes for block in blocks)
        reading.tasks = len(blocks)
        computing.bytes_moved = reading.bytes_moved
        computing.tasks = len(blocks)
        computing.seconds += reading.seconds

    def _compare(
        self, index: int, tile: Heights, back: Heights, ours: Summary, numpy: Summary
    ) -> None:
        if not np.array_equal(tile, back):
            self.differences.append(f"tile {index}: read back other than written")
        wrong = reference.same_summary(ours, numpy)
        if wrong:
            self.differences.append(f"tile {index}: {wrong}")

    def _null_tasks(self) -> None:
        """Measure what a task costs that does nothing, one at a time."""
        step = self._step("null tasks, one by one")
        step.tasks = _NULL_TASKS
        echo = self.runtime.echo("demo-echo")
        with step.timed():
            for _ in range(_NULL_TASKS):
                echo.null()

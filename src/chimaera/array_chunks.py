# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Chunks that lie behind one another in a C-ordered array ("rows") go to and from the
# caller's array as they are; others are put together in batches of shared memory.
"""What reading and writing of arrays on devices have in common."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from chimaera._extension import core
from chimaera.array_layout import Layout, Piece
from chimaera.background import check_stop
from chimaera.block import Block
from chimaera.block_view import view
from chimaera.errors import from_code
from chimaera.flat import flat_bytes
from chimaera.many import codes_of, run_many
from chimaera.task import check_timeout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chimaera.bdev import BlockDevice

__all__ = [
    "BATCH_BYTES",
    "Stored",
    "batch_of",
    "batches",
    "copy_counted",
    "free_rows",
    "freed_on_error",
    "in_memory",
    "is_rows",
    "read_rows",
    "rows_per_chunk",
    "split_rows",
    "view_rows",
    "write_rows",
]

# Shared memory for chunks on their way, at a time.
BATCH_BYTES = 64 << 20
# What one task moves. In memory it is a copy past the caches (copy_large.h); the pages
# of a file are looked at twice, for their checksums, while they are in the cache: when
# they are read, by this process while the worker reads the next.
_TASK_BYTES_IN_MEMORY = 8 << 20
_TASK_BYTES = 2 << 20


@dataclass(frozen=True)
class Stored:
    """An array as it lies on a device.

    Attributes
    ----------
    layout : Layout
    mask : (num_chunks,) ndarray of bool
        Which chunks have a block; the others are zeros.
    rows : (num_chunks, 4) ndarray of uint64
        The blocks, where there are some.
    """

    layout: Layout
    mask: NDArray[np.bool_]
    rows: NDArray[np.uint64]

    @classmethod
    def of_nothing(cls, layout: Layout) -> Stored:
        """Return an array of zeros that has no block."""
        count = layout.num_chunks
        return cls(layout, np.zeros(count, np.bool_), np.zeros((count, 4), np.uint64))

    def blocks(self) -> list[Block]:
        """Return the blocks in the order of their chunks."""
        return [Block(*row) for row in self.rows[self.mask].tolist()]

    def block(self, chunk: int) -> Block:
        """Return the block of one chunk. It has one."""
        return Block(*self.rows[chunk].tolist())

    def with_rows(self, chunks: NDArray[np.intp], rows: NDArray[np.uint64]) -> Stored:
        """Return the array with other blocks for these chunks."""
        mask, blocks = self.mask.copy(), self.rows.copy()
        mask[chunks] = True
        blocks[chunks] = rows
        return Stored(self.layout, mask, blocks)


def is_rows(layout: Layout, box: Sequence[range]) -> bool:
    """Whether the elements of the box lie behind one another, chunk by chunk."""
    return (
        layout.is_rows
        and all(selected.step == 1 for selected in box)
        and tuple(map(len, box[1:])) == layout.shape[1:]
    )


def split_rows(layout: Layout, box: Sequence[range]) -> tuple[range, range, range]:
    """Return the rows of a box before, in and after its whole chunks."""
    rows = box[0] if box else range(1)
    per_chunk = rows_per_chunk(layout)
    begin = min(-(-rows.start // per_chunk) * per_chunk, rows.stop)
    end = max(rows.stop // per_chunk * per_chunk, begin)
    return range(rows.start, begin), range(begin, end), range(end, rows.stop)


def rows_per_chunk(layout: Layout) -> int:
    """Return how many indices of the first axis a chunk has."""
    return layout.chunks[0] if layout.chunks else 1


def free_rows(device: BlockDevice, rows: NDArray[np.uint64]) -> None:
    """Give blocks back; those of a runtime that is gone are free already."""
    if len(rows):
        device.free_async(Block(*row) for row in rows.tolist())


@contextlib.contextmanager
def freed_on_error(device: BlockDevice, rows: NDArray[np.uint64]) -> Iterator[None]:
    """Free the blocks if what is done with them fails."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(Exception):
            free_rows(device, rows)
        raise


def in_memory(
    device: BlockDevice,
    rows: NDArray[np.uint64],
    mask: NDArray[np.bool_] | None = None,
    *,
    timeout_s: float,
) -> bool:
    """Whether blocks can be looked at in place; asks once, if there is a block."""
    if device.in_memory is None:
        for row in rows[:1] if mask is None else rows[np.flatnonzero(mask)[:1]]:
            block = Block(*row.tolist())
            view(device, block, 0, copy=None, timeout_s=timeout_s)
    return bool(device.in_memory)


def write_rows(
    device: BlockDevice,
    rows: NDArray[np.uint64],
    data: NDArray[Any],
    timeout_s: float,
) -> None:
    """Fill whole blocks, one with each row of `data`."""
    _move(device, rows, data, timeout_s, write=True)


def read_rows(
    device: BlockDevice,
    rows: NDArray[np.uint64],
    data: NDArray[Any],
    timeout_s: float,
) -> None:
    """Read whole blocks, one into each row of `data`."""
    _move(device, rows, data, timeout_s, write=False)


def _move(
    device: BlockDevice,
    rows: NDArray[np.uint64],
    data: NDArray[Any],
    timeout_s: float,
    *,
    write: bool,
) -> None:
    failed = core.bdev_move_chunks(
        device.runtime.connection,
        device.id,
        np.ascontiguousarray(rows),
        flat_bytes(device.runtime, data),
        write,
        device.in_memory is False,
        _TASK_BYTES if device.in_memory is False else _TASK_BYTES_IN_MEMORY,
        check_timeout(timeout_s),
    )
    if failed is not None:
        raise from_code(*failed)


def view_rows(
    device: BlockDevice,
    rows: NDArray[np.uint64],
    data: NDArray[Any],
    timeout_s: float,
) -> None:
    """Copy blocks of a device in memory from where they lie, as `read_rows`."""
    flat = flat_bytes(device.runtime, data)
    crossing = functools.partial(
        core.bdev_copy_many,
        device.runtime.connection,
        device.id,
        np.ascontiguousarray(rows),
        flat,
        0,
    )
    run_many(crossing, codes_of(len(rows)), timeout_s, "raise")
    device.runtime.connection.bytes_staged += data.nbytes


def batch_of(layout: Layout, size_bytes: int = BATCH_BYTES) -> int:
    """Return how many chunks are on their way at a time."""
    return max(1, size_bytes // layout.chunk_bytes)


def batches(
    device: BlockDevice, layout: Layout, pieces: list[Piece]
) -> Iterator[tuple[list[Piece], NDArray[Any]]]:
    """Split into batches, each with shared memory for its chunks."""
    rest = iter(pieces)
    size = min(batch_of(layout), len(pieces))
    buffer = device.runtime.empty((size, *layout.chunks), layout.dtype)
    while batch := list(islice(rest, size)):
        check_stop()
        yield batch, buffer[: len(batch)]


def copy_counted(
    device: BlockDevice, target: NDArray[Any], where: Any, source: NDArray[Any]
) -> None:
    """Copy between an array and shared memory, and count it."""
    target[where] = source
    device.runtime.connection.bytes_staged += source.nbytes

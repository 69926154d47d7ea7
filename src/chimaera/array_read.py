# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# On a device in memory, large chunks are copied by this process, from where they lie;
# everything else is read by tasks, many at a time.
"""Boxes of an array from the blocks of its chunks."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from chimaera.array_chunks import (
    Stored,
    batch_of,
    batches,
    copy_counted,
    in_memory,
    is_rows,
    read_rows,
    rows_per_chunk,
    split_rows,
    view_rows,
)
from chimaera.array_layout import Piece
from chimaera.background import check_stop
from chimaera.errors import ChimaeraError, NoMemoryError
from chimaera.task import Future

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chimaera.bdev import BlockDevice

__all__ = ["new_array", "read_box", "view_piece"]

# What is copied from where it lies, between two looks at Ctrl-C.
_COPY_BYTES = 256 << 20
# Below it, a task that copies is cheaper than a view.
_VIEW_BYTES = 64 << 10
# So few chunks are read by tasks of their own, and no more of them than needed.
_FEW = 16


def read_box(
    device: BlockDevice,
    stored: Stored,
    box: Sequence[range],
    out: NDArray[Any],
    timeout_s: float,
) -> None:
    """Read a box into an array of its shape."""
    if out.size == 0:
        return
    layout = stored.layout
    by_view = layout.chunk_bytes >= _VIEW_BYTES and in_memory(
        device, stored.rows, stored.mask, timeout_s=timeout_s
    )
    if is_rows(layout, box) and out.flags.c_contiguous:
        _read_rows(device, stored, box, out, by_view=by_view, timeout_s=timeout_s)
        return
    pieces = []
    for piece in layout.pieces(box):
        check_stop()
        if not stored.mask[piece.chunk]:
            out[piece.box] = np.zeros((), out.dtype)
        elif by_view:
            found = view_piece(device, stored, piece, timeout_s)
            copy_counted(device, out, piece.box, found)
        else:
            pieces.append(piece)
    if len(pieces) <= _FEW:
        _read_few(device, stored, pieces, out, timeout_s)
    else:
        _read_batches(device, stored, pieces, out, timeout_s)


def new_array(
    device: BlockDevice, stored: Stored, shape: tuple[int, ...], timeout_s: float
) -> NDArray[Any]:
    """Make what a box is read into: shared memory where tasks fill it."""
    layout = stored.layout
    if layout.chunk_bytes < _VIEW_BYTES or not in_memory(
        device, stored.rows, stored.mask, timeout_s=timeout_s
    ):
        with contextlib.suppress(NoMemoryError):
            return device.runtime.empty(shape, layout.dtype)
    return np.empty(shape, layout.dtype)


def view_piece(
    device: BlockDevice, stored: Stored, piece: Piece, timeout_s: float
) -> NDArray[Any]:
    """Return a read-only view of part of one chunk, which has a block."""
    layout = stored.layout
    block = stored.block(piece.chunk)
    flat = device.read(block, copy=False, timeout_s=timeout_s)
    # The dots: what has no axes stays an array.
    inside: Any = (..., *piece.inside)
    found: NDArray[Any] = flat.view(layout.dtype).reshape(layout.chunks)[inside]
    return found


def _read_rows(
    device: BlockDevice,
    stored: Stored,
    box: Sequence[range],
    out: NDArray[Any],
    *,
    by_view: bool,
    timeout_s: float,
) -> None:
    """Read a box whose elements lie behind one another."""
    layout = stored.layout
    many = out if out.ndim else out.reshape(1)
    first = box[0].start if box else 0
    head, whole, tail = split_rows(layout, box)
    futures: list[Future[Any]] = []
    with _over_at_the_end(futures, timeout_s):
        for rows in filter(None, (head, tail)):
            chunk, at = divmod(rows.start, rows_per_chunk(layout))
            part = many[rows.start - first : rows.stop - first]
            if not stored.mask[chunk]:
                part[...] = np.zeros((), part.dtype)
            elif by_view:
                inside = (slice(at, at + len(rows)), *map(slice, layout.chunks[1:]))
                piece = Piece(chunk, inside, (), whole=False)
                found = view_piece(device, stored, piece, timeout_s)
                copy_counted(device, part, ..., found)
            else:
                block, offset = stored.block(chunk), at * (part.nbytes // len(part))
                futures.append(device.read_async(block, out=part, offset=offset))
        if whole:
            part = many[whole.start - first : whole.stop - first]
            chunk = whole.start // rows_per_chunk(layout)
            _read_whole(
                device, stored, chunk, part, by_view=by_view, timeout_s=timeout_s
            )
        for future in futures:
            future.result_or_cancel(timeout_s)


@contextlib.contextmanager
def _over_at_the_end(futures: list[Future[Any]], timeout_s: float) -> Iterator[None]:
    """After an error too, wait for the futures: they read into the caller's array.

    It may be read into once more by then, from newer chunks.
    """
    try:
        yield
    except BaseException:
        for future in futures:
            future.cancel()
        for future in futures:
            with contextlib.suppress(ChimaeraError):
                future.exception(timeout_s)
        raise


def _read_whole(
    device: BlockDevice,
    stored: Stored,
    first: int,
    out: NDArray[Any],
    *,
    by_view: bool,
    timeout_s: float,
) -> None:
    """Read whole chunks from `first` on."""
    rows = out.reshape(-1).view(np.uint8).reshape(-1, stored.layout.chunk_bytes)
    mask = stored.mask[first : first + len(rows)]
    copy = view_rows if by_view else read_rows
    step = batch_of(stored.layout, _COPY_BYTES) if by_view else len(rows)
    # Where chunks with and without a block begin.
    edges = np.flatnonzero(np.diff(mask, prepend=not mask[0])).tolist()
    for begin, end in pairwise([*edges, len(mask)]):
        if not mask[begin]:
            rows[begin:end] = 0
            continue
        for at in range(begin, end, step):
            check_stop()
            stop = min(at + step, end)
            blocks = stored.rows[first + at : first + stop]
            copy(device, blocks, rows[at:stop], timeout_s)


def _read_few(
    device: BlockDevice,
    stored: Stored,
    pieces: list[Piece],
    out: NDArray[Any],
    timeout_s: float,
) -> None:
    """Read of each chunk the bytes from its first needed element to its last."""
    layout = stored.layout
    item = layout.dtype.itemsize
    strides = tuple(
        item * math.prod(layout.chunks[axis + 1 :])
        for axis in range(len(layout.chunks))
    )
    futures = []
    for piece in pieces:
        shape = tuple(part.stop - part.start for part in piece.box)
        at = sum(
            part.start * stride
            for part, stride in zip(piece.inside, strides, strict=True)
        )
        steps = tuple(
            part.step * stride
            for part, stride in zip(piece.inside, strides, strict=True)
        )
        length = item + sum(
            (count - 1) * step for count, step in zip(shape, steps, strict=True)
        )
        buffer = device.runtime.empty(length, "u1")
        future = device.read_async(stored.block(piece.chunk), out=buffer, offset=at)
        source = np.ndarray(shape, layout.dtype, buffer, 0, steps)
        futures.append((future, piece, source))
    for future, piece, source in futures:
        future.result_or_cancel(timeout_s)
        copy_counted(device, out, piece.box, source)


def _read_batches(
    device: BlockDevice,
    stored: Stored,
    pieces: list[Piece],
    out: NDArray[Any],
    timeout_s: float,
) -> None:
    for batch, buffer in batches(device, stored.layout, pieces):
        rows = stored.rows[[piece.chunk for piece in batch]]
        read_rows(device, rows, buffer, timeout_s)
        for piece, chunk in zip(batch, buffer, strict=True):
            copy_counted(device, out, piece.box, chunk[piece.inside])

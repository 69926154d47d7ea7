# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Blocks that are written are this process's until they are sealed: whatever fails on
# the way, they are given back.
"""Boxes of an array into new blocks."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chimaera._extension import core
from chimaera.array_chunks import (
    Stored,
    batch_of,
    batches,
    copy_counted,
    freed_on_error,
    in_memory,
    is_rows,
    read_rows,
    rows_per_chunk,
    split_rows,
    write_rows,
)
from chimaera.array_layout import Layout, Piece
from chimaera.background import check_stop
from chimaera.block_many import allocate_rows
from chimaera.pool import LOCAL
from chimaera.task import Future

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chimaera.bdev import BlockDevice

    # Numbers of chunks, and their blocks.
    NewBlocks = tuple[NDArray[np.intp], NDArray[np.uint64]]

__all__ = ["write_box"]

# A file goes to the disk while so much more is written: the end has less to wait for.
_SYNC_BYTES = 8 << 20


def write_box(
    device: BlockDevice,
    stored: Stored,
    box: Sequence[range],
    data: NDArray[Any],
    timeout_s: float,
) -> NewBlocks:
    """Write an array of the shape of a box into new blocks.

    Returns
    -------
    chunks : (n,) ndarray of intp
        Those that the box has something of.
    rows : (n, 4) ndarray of uint64
        Their new blocks, this process's.
    """
    if data.size == 0:
        return np.empty(0, np.intp), np.empty((0, 4), np.uint64)
    if not is_rows(stored.layout, box):
        return _write_pieces(device, stored, box, data, timeout_s)
    many = data if data.ndim else data.reshape(1)
    first = box[0].start if box else 0
    head, whole, tail = split_rows(stored.layout, box)
    made: list[NewBlocks] = []
    with contextlib.ExitStack() as stack:
        for rows in filter(None, (head, whole, tail)):
            part = many[rows.start - first : rows.stop - first]
            if rows is whole:
                new = _write_whole(device, stored.layout, rows, part, timeout_s)
            else:
                some = (rows, *box[1:])
                new = _write_pieces(device, stored, some, part, timeout_s)
            stack.enter_context(freed_on_error(device, new[1]))
            made.append(new)
    chunks, blocks = zip(*made, strict=True)
    return np.concatenate(chunks), np.concatenate(blocks)


def _write_whole(
    device: BlockDevice,
    layout: Layout,
    rows: range,
    data: NDArray[Any],
    timeout_s: float,
) -> NewBlocks:
    """Write whole chunks, from where `data` has them."""
    per_chunk = rows_per_chunk(layout)
    chunks = np.arange(rows.start // per_chunk, rows.stop // per_chunk)
    blocks = allocate_rows(device, layout.chunk_bytes, len(chunks), LOCAL, timeout_s)
    syncing: Future[None] | None = None
    with freed_on_error(device, blocks):
        step = len(chunks)
        if not in_memory(device, blocks, timeout_s=timeout_s):
            step = batch_of(layout, _SYNC_BYTES)
        elif not data.flags.c_contiguous:
            step = batch_of(layout)  # it goes through shared memory
        for at in range(0, len(chunks), step):
            check_stop()
            if at and not device.in_memory and (not syncing or syncing.done()):
                syncing = _begin_sync(device)
            some = blocks[at : at + step]
            part = data[at * per_chunk : (at + len(some)) * per_chunk]
            write_rows(device, some, part, timeout_s)
    return chunks, blocks


def _begin_sync(device: BlockDevice) -> Future[None]:
    """Have what was written go to the disk; who seals the blocks waits for it."""
    connection = device.runtime.connection
    call = core.bdev_sync(connection, device.id, LOCAL, begins=True)
    return Future(call, f"{device} sync")


def _write_pieces(
    device: BlockDevice,
    stored: Stored,
    box: Sequence[range],
    data: NDArray[Any],
    timeout_s: float,
) -> NewBlocks:
    """Write chunks that have to be put together."""
    # Those that keep a part of what they were come first: one crossing reads them.
    pieces = sorted(
        stored.layout.pieces(box), key=lambda piece: not _keeps_some(stored, piece)
    )
    blocks = allocate_rows(
        device, stored.layout.chunk_bytes, len(pieces), LOCAL, timeout_s
    )
    done = 0
    with freed_on_error(device, blocks):
        for batch, buffer in batches(device, stored.layout, pieces):
            _fill(device, stored, batch, buffer, data, timeout_s=timeout_s)
            new = blocks[done : done + len(batch)]
            write_rows(device, new, buffer, timeout_s)
            done += len(batch)
    return np.array([piece.chunk for piece in pieces], np.intp), blocks


def _fill(
    device: BlockDevice,
    stored: Stored,
    pieces: list[Piece],
    buffer: NDArray[Any],
    data: NDArray[Any],
    *,
    timeout_s: float,
) -> None:
    """Put chunks together, of what they were and of `data`."""
    old = [piece.chunk for piece in pieces if _keeps_some(stored, piece)]
    if old:
        read_rows(device, stored.rows[old], buffer[: len(old)], timeout_s)
    buffer[len(old) :] = np.zeros((), buffer.dtype)
    for piece, chunk in zip(pieces, buffer, strict=True):
        copy_counted(device, chunk, piece.inside, data[piece.box])


def _keeps_some(stored: Stored, piece: Piece) -> bool:
    return not piece.whole and bool(stored.mask[piece.chunk])

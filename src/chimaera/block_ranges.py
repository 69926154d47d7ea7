# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Part of BlockDevice: one task, whose transfers are all under way at once.
"""Blocks of a device as one run of bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from chimaera._extension import core
from chimaera.block import Block
from chimaera.errors import BadRequestError
from chimaera.flat import checked_offset, checked_target, flat_bytes
from chimaera.pool import Pool
from chimaera.task import DEFAULT_TIMEOUT_S, Future, deadline_ms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Row = tuple[tuple[int, int, int, int], int, int]

__all__ = ["BlockRanges"]

# A block as a whole; or where in it, and how many bytes.
Range: TypeAlias = "Block | tuple[Block, int, int]"


class BlockRanges(Pool):
    """What a block device does with blocks that hold one array together."""

    def write_blocks(
        self,
        blocks: Iterable[Range],
        data: Any,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> int:
        """Write an array into several blocks, one after the other, with one task.

        Parameters
        ----------
        blocks : iterable of Block or (Block, offset, size_bytes)
            Of one container, at most 1024; as `BlockDevice.allocate_blocks` gives
            them.
        data : array_like or bytes-like
            As many bytes as the blocks have; otherwise as for `BlockDevice.write`.
        timeout_s : float
            Seconds to wait at most.

        Returns
        -------
        int
            Bytes written: all of them.

        Raises
        ------
        BadRequestError
            Sizes that do not match; a byte that would be written twice.
        StaleError, BadRequestError, IoError, NoSpaceError
            Of the first block that failed, which is named. After `IoError` and
            `NoSpaceError` any part of any block may be written.
        """
        return self.write_blocks_async(blocks, data).result_or_cancel(timeout_s)

    def write_blocks_async(
        self,
        blocks: Iterable[Range],
        data: Any,
        *,
        timeout_s: float | None = None,
    ) -> Future[int]:
        """Submit `write_blocks`. `data` must not change until it is done."""
        call = core.bdev_write_blocks(
            self.runtime.connection,
            self.id,
            _rows(blocks),
            flat_bytes(self.runtime, data),
            deadline_ms(timeout_s),
        )
        return Future(call, f"{self} write_blocks")

    def read_blocks(
        self,
        blocks: Iterable[Range],
        *,
        out: NDArray[Any] | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> NDArray[Any]:
        """Read several blocks, one after the other, into an array with one task.

        Parameters
        ----------
        blocks
            As for `write_blocks`.
        out : ndarray, optional
            C-contiguous and writable, of as many bytes as the blocks have. A new
            array of `Runtime.empty` by default.
        timeout_s : float
            Seconds to wait at most.

        Returns
        -------
        ndarray
            `out` if given, else all bytes as uint8.

        Raises
        ------
        ChecksumError, StaleError, BadRequestError, IoError
            Of the first block that failed, which is named.
        """
        return self.read_blocks_async(blocks, out=out).result_or_cancel(timeout_s)

    def read_blocks_async(
        self,
        blocks: Iterable[Range],
        *,
        out: NDArray[Any] | None = None,
        timeout_s: float | None = None,
    ) -> Future[NDArray[Any]]:
        """Submit `read_blocks`; `out` is undefined until it is done."""
        rows = _rows(blocks)
        target: NDArray[Any]
        if out is None:
            target = self.runtime.empty(sum(size for _, _, size in rows), "u1")
        else:
            target = checked_target(out)
        call = core.bdev_read_blocks(
            self.runtime.connection,
            self.id,
            rows,
            flat_bytes(self.runtime, target),
            deadline_ms(timeout_s),
        )
        return Future(call, f"{self} read_blocks", lambda _flat: target)


def _rows(blocks: Iterable[Range]) -> list[Row]:
    rows: list[Row] = []
    for each in blocks:
        block, offset, size = (
            (each, 0, each.size_bytes) if isinstance(each, Block) else each
        )
        if size < 0:
            raise BadRequestError(f"{size} bytes of {block}")
        rows.append((block.row(), checked_offset(offset), int(size)))
    return rows

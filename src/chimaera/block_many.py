# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Part of BlockDevice: thousands of blocks cost one crossing to the C++ side.
"""Many blocks of a device at once."""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, overload

from chimaera._extension import core
from chimaera.block import Block
from chimaera.errors import BadRequestError, NoSpaceError, from_code
from chimaera.flat import checked_offset, checked_rows, checked_target, flat_bytes
from chimaera.many import Errors, block_rows, codes_of, run_many, with_codes
from chimaera.pool import LOCAL, Pool, PoolQuery
from chimaera.task import DEFAULT_TIMEOUT_S, Future, check_timeout

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["ManyBlocks", "allocate_rows"]


class ManyBlocks(Pool):
    """What a block device does with many blocks."""

    @abstractmethod
    def free_async(
        self, blocks: Block | Iterable[Block], *, timeout_s: float | None = None
    ) -> Future[None]:
        """Submit `BlockDevice.free`."""

    def allocate_many(
        self,
        size_bytes: int,
        count: int,
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> list[Block]:
        """Take `count` blocks of one size, all or none, in one crossing.

        Raises
        ------
        NoSpaceError
            So many free pieces of this size there are not.
        """
        rows = allocate_rows(self, size_bytes, count, query, timeout_s)
        return [Block(*row) for row in rows.tolist()]

    def write_many(
        self,
        blocks: Iterable[Block],
        data: ArrayLike,
        *,
        offset: int = 0,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        errors: Errors = "raise",
    ) -> NDArray[np.uint32]:
        """Write one row of an array into each block, in one crossing.

        Parameters
        ----------
        blocks : iterable of Block
            n of them.
        data : (n, ...) array_like
            As for `write`; each row goes into one block.
        offset : int
            Where to begin in the blocks, bytes.
        timeout_s, errors
            As for `Pool.call_many`.

        Returns
        -------
        (n,) ndarray of uint32
            Status codes, 0 for success.
        """
        import numpy as np

        rows, array = block_rows(blocks), np.asarray(data)
        codes = codes_of(checked_rows(rows, array))
        if codes.size == 0:
            return codes
        flat, at = flat_bytes(self.runtime, array), checked_offset(offset)
        write = functools.partial(
            core.bdev_write_many, self.runtime.connection, self.id, rows, flat, at
        )
        run_many(write, codes, timeout_s, errors)
        return codes

    @overload
    def read_many(
        self,
        blocks: Iterable[Block],
        *,
        out: NDArray[Any] | None = ...,
        offset: int = ...,
        timeout_s: float = ...,
        errors: Literal["raise"] = ...,
    ) -> NDArray[Any]: ...
    @overload
    def read_many(
        self,
        blocks: Iterable[Block],
        *,
        out: NDArray[Any] | None = ...,
        offset: int = ...,
        timeout_s: float = ...,
        errors: Literal["return"],
    ) -> tuple[NDArray[Any], NDArray[np.uint32]]: ...
    def read_many(
        self,
        blocks: Iterable[Block],
        *,
        out: NDArray[Any] | None = None,
        offset: int = 0,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        errors: Errors = "raise",
    ) -> Any:
        """Read each block into one row of an array, in one crossing.

        Parameters
        ----------
        blocks : iterable of Block
            n of them.
        out : (n, ...) ndarray, optional
            C-contiguous and writable; the size of its rows says how much is read.
            By default a new array of `Runtime.empty`, for all bytes from `offset`
            on; the blocks must be of one size then.
        offset : int
            Where to begin in the blocks, bytes.
        timeout_s, errors
            As for `Pool.call_many`.

        Returns
        -------
        ndarray
            `out` if given, else (n, size) of uint8. With ``errors="return"`` a
            pair: the array, undefined where a task failed, and the status codes.
        """
        rows, at = block_rows(blocks), checked_offset(offset)
        if out is None:
            sizes = {int(size) for size in rows[:, 1]}
            if len(sizes) > 1 or any(at >= size for size in sizes):
                raise BadRequestError(f"blocks of {sizes} bytes, from {offset} on")
            out = self.runtime.empty((len(rows), *(s - at for s in sizes)), "u1")
        codes = codes_of(checked_rows(rows, checked_target(out)))
        if codes.size != 0:
            read = functools.partial(
                core.bdev_read_many,
                self.runtime.connection,
                self.id,
                rows,
                flat_bytes(self.runtime, out),
                at,
            )
            run_many(read, codes, timeout_s, errors)
        return with_codes(out, codes, errors)


def allocate_rows(
    device: ManyBlocks, size_bytes: int, count: int, query: PoolQuery, timeout_s: float
) -> NDArray[np.uint64]:
    """Do what `BlockDevice.allocate_many` promises; blocks as rows of numbers."""
    import numpy as np

    codes = codes_of(count)
    rows = np.zeros((count, 4), np.uint64)
    check_timeout(timeout_s)
    if size_bytes <= 0:
        raise BadRequestError(f"blocks of {size_bytes} bytes")
    if count == 0:
        return rows
    failed, pieces = core.bdev_allocate_many(
        device.runtime.connection,
        device.id,
        query,
        int(size_bytes),
        rows,
        codes,
        timeout_s,
    )
    if failed is None and not pieces:
        return rows
    blocks = [Block(*row) for row in rows.tolist() if row[1]]
    blocks += [Block(*piece) for piece in pieces]
    if blocks:
        device.free_async(blocks)
    if failed is not None:
        index, message = failed
        text = f"block {index} of {count}: {message}"
        raise from_code(int(codes[index]), text)
    raise NoSpaceError(
        f"pool {device.id}: {count} blocks of {size_bytes} bytes are free in smaller "
        "pieces only"
    )

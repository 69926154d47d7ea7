# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Module bdev on NumPy arrays. Arrays of `Runtime.empty` go to the runtime as they
# are; all others are copied into the segment once, and counted.
"""Block devices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from chimaera._extension import core
from chimaera.block import BdevStats, Block, stats_of
from chimaera.block_many import ManyBlocks
from chimaera.block_map import MappedBlocks
from chimaera.block_ranges import BlockRanges
from chimaera.block_view import check_no_views, view, view_async
from chimaera.device_arrays import DeviceArrays
from chimaera.errors import BadRequestError, NoSpaceError
from chimaera.flat import (
    checked_offset,
    checked_target,
    flat_bytes,
    wants_copy,
)
from chimaera.objects import NamedObjects
from chimaera.pool import LOCAL, PoolQuery
from chimaera.task import DEFAULT_TIMEOUT_S, Future, deadline_ms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

__all__ = ["BdevStats", "Block", "BlockDevice"]

_NO_ARRAY = {core.Call, bool, type(None)}


class BlockDevice(DeviceArrays, NamedObjects, ManyBlocks, BlockRanges, MappedBlocks):
    """A block device in the runtime; made by `Runtime.bdev`.

    Every method has a twin ``…_async`` that returns a `Future`; the waiting one
    takes ``timeout_s``, seconds to wait at most.

    Examples
    --------
    >>> with chimaera.local() as rt:
    ...     device = rt.bdev(size_bytes=1 << 20)
    ...     data = rt.empty((256, 16), "f4")
    ...     data[:] = 1
    ...     block = device.allocate(data.nbytes)
    ...     device.write(block, data)
    ...     device.read(block, out=rt.empty((256, 16), "f4")).sum().item()
    16384
    4096.0
    """

    module = "chimaera_bdev"
    # Whether blocks can be looked at in place; None as long as nobody has asked.
    in_memory: bool | None = None

    def allocate(
        self,
        size_bytes: int,
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Block:
        """Take one block of the device.

        Parameters
        ----------
        size_bytes : int
            > 0.
        query : PoolQuery
            From which container.
        timeout_s : float
            Seconds to wait at most.

        Returns
        -------
        Block
            Freed by `free`, or when this process is gone.

        Raises
        ------
        NoSpaceError
            No free piece is large enough.
        """
        return self.allocate_async(size_bytes, query=query).result_or_cancel(timeout_s)

    def allocate_async(
        self,
        size_bytes: int,
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float | None = None,
    ) -> Future[Block]:
        """Submit `allocate`."""

        def finish(rows: Sequence[tuple[int, int, int, int]]) -> Block:
            blocks = [Block(*row) for row in rows]
            if len(blocks) != 1:
                self.free_async(blocks)
                raise NoSpaceError(
                    f"pool {self.id}: {size_bytes} bytes are free in "
                    f"{len(blocks)} pieces only; allocate_blocks takes them"
                )
            return blocks[0]

        call = self._allocate(size_bytes, query, timeout_s)
        return Future(call, f"{self} allocate", finish)

    def allocate_blocks(
        self,
        size_bytes: int,
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> list[Block]:
        """Take blocks whose sizes add up to `size_bytes`, at most 128.

        Raises
        ------
        NoSpaceError
            So much is not free.
        """
        return self.allocate_blocks_async(size_bytes, query=query).result_or_cancel(
            timeout_s
        )

    def allocate_blocks_async(
        self,
        size_bytes: int,
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float | None = None,
    ) -> Future[list[Block]]:
        """Submit `allocate_blocks`."""
        return Future(
            self._allocate(size_bytes, query, timeout_s),
            f"{self} allocate_blocks",
            lambda rows: [Block(*row) for row in rows],
        )

    def free(
        self, blocks: Block | Iterable[Block], *, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> None:
        """Give blocks of one container back: all, or none.

        Raises
        ------
        StaleError
            One was freed before.
        BadRequestError
            One was never given out, or is another client's.
        """
        self.free_async(blocks).result_or_cancel(timeout_s)

    def free_async(
        self, blocks: Block | Iterable[Block], *, timeout_s: float | None = None
    ) -> Future[None]:
        """Submit `free`."""
        several = [blocks] if isinstance(blocks, Block) else list(blocks)
        call = core.bdev_free(
            self.runtime.connection,
            self.id,
            [block.row() for block in several],
            deadline_ms(timeout_s),
        )
        return Future(call, f"{self} free")

    def write(
        self,
        block: Block,
        data: Any,
        *,
        offset: int = 0,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> int:
        """Write an array, or any bytes, into a block.

        Parameters
        ----------
        block : Block
        data : array_like or bytes-like
            Of any shape and type without Python objects. Arrays of
            `Runtime.empty`, and contiguous views of them, are not copied on this
            side; others are, once (`Runtime.bytes_staged` counts).
        offset : int
            Where to begin in the block, bytes.
        timeout_s : float
            Seconds to wait at most.

        Returns
        -------
        int
            Bytes written: all of them.

        Raises
        ------
        BadRequestError
            Nothing to write, or it leaves the block.
        StaleError
            The block was freed.
        DeadlineExceededError
            No answer in time; the write may still happen.
        """
        return self.write_async(block, data, offset=offset).result_or_cancel(timeout_s)

    def write_async(
        self,
        block: Block,
        data: Any,
        *,
        offset: int = 0,
        timeout_s: float | None = None,
    ) -> Future[int]:
        """Submit `write`. `data` must not change until it is done."""
        call = core.bdev_write(
            self.runtime.connection,
            self.id,
            block.row(),
            flat_bytes(self.runtime, data),
            checked_offset(offset),
            deadline_ms(timeout_s),
        )
        return Future(call, f"{self} write")

    def read(
        self,
        block: Block,
        *,
        out: NDArray[Any] | None = None,
        offset: int = 0,
        copy: bool | None = True,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> NDArray[Any]:
        """Read a block into an array, or look at it in place.

        Parameters
        ----------
        block : Block
        out : ndarray, optional
            C-contiguous and writable; its size says how much is read. A new
            array of `Runtime.empty`, for all bytes from `offset` on, by default.
        offset : int
            Where to begin in the block, bytes.
        copy : bool, optional
            True: an array of one's own. False: a read-only view, never a copy. In
            memory it shows the block itself, with later writes of its owner; the
            bytes of a file are read once, and checked, into shared memory. None: a
            view in memory, a copy of a file.
        timeout_s : float
            Seconds to wait at most.

        Returns
        -------
        ndarray
            `out` if given, else (block.size_bytes - offset,) of uint8. A view pins
            its block: freed meanwhile, the bytes stay until the last array over
            them is gone. They are valid memory even after the runtime has died.

        Raises
        ------
        BadRequestError
            It leaves the block; or ``copy=False``, and `out` is to be filled.
        StaleError
            The block was freed.
        """
        if copy is not True and not wants_copy(out, copy=copy):
            # Usually there is an array by the time it returns.
            look = self.in_memory and core.bdev_look(
                self.runtime.connection, self.id, block, offset
            )
            if look.__class__ not in _NO_ARRAY:
                return cast("NDArray[Any]", look)
            found = view(self, block, offset, look, copy=copy, timeout_s=timeout_s)
            if found is not None:
                return found
        return self.read_async(block, out=out, offset=offset).result_or_cancel(
            timeout_s
        )

    def read_async(
        self,
        block: Block,
        *,
        out: NDArray[Any] | None = None,
        offset: int = 0,
        copy: bool | None = True,
        timeout_s: float | None = None,
    ) -> Future[NDArray[Any]]:
        """Submit `read`. The contents of `out` are undefined until it is done."""
        if copy is not True and not wants_copy(out, copy=copy):
            future = view_async(self, block, offset, copy=copy, timeout_s=timeout_s)
            if future is not None:
                return future
        at = checked_offset(offset)
        target: NDArray[Any]
        if out is None:
            if at >= block.size_bytes:
                raise BadRequestError(f"offset {offset} of {block}")
            target = self.runtime.empty(block.size_bytes - at, "u1")
        else:
            target = checked_target(out)
        call = core.bdev_read(
            self.runtime.connection,
            self.id,
            block.row(),
            flat_bytes(self.runtime, target),
            at,
            deadline_ms(timeout_s),
        )
        return Future(call, f"{self} read", lambda _flat: target)

    def sync(
        self, *, query: PoolQuery = LOCAL, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> None:
        """Wait until what was written before survives a power cut.

        For devices in memory there is nothing to do.

        Raises
        ------
        IoError
            The device takes no writes any more until its file is opened again.
        """
        self.sync_async(query=query).result_or_cancel(timeout_s)

    def sync_async(
        self, *, query: PoolQuery = LOCAL, timeout_s: float | None = None
    ) -> Future[None]:
        """Submit `sync`."""
        call = core.bdev_sync(
            self.runtime.connection, self.id, query, deadline_ms(timeout_s)
        )
        return Future(call, f"{self} sync")

    def stats(
        self, *, query: PoolQuery = LOCAL, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> BdevStats:
        """Return the counters of the device."""
        return self.stats_async(query=query).result_or_cancel(timeout_s)

    def stats_async(
        self, *, query: PoolQuery = LOCAL, timeout_s: float | None = None
    ) -> Future[BdevStats]:
        """Submit `stats`."""
        call = core.bdev_stats(
            self.runtime.connection, self.id, query, deadline_ms(timeout_s)
        )
        return Future(call, f"{self} stats", stats_of)

    def destroy_async(self, *, timeout_s: float | None = None) -> Future[int | None]:
        """Submit what `destroy` waits for; with a deadline, as `Pool.destroy_async`.

        Raises
        ------
        BufferError
            Arrays of this process still look into its blocks.
        """
        check_no_views(self.runtime.connection, self)
        return super().destroy_async(timeout_s=timeout_s)

    def _repr_html_(self) -> str:
        from chimaera import html

        return html.of_device(self)

    def _allocate(
        self, size_bytes: int, query: PoolQuery, timeout_s: float | None
    ) -> core.Call:
        if size_bytes <= 0:
            raise BadRequestError(f"a block of {size_bytes} bytes")
        return core.bdev_allocate(
            self.runtime.connection,
            self.id,
            query,
            int(size_bytes),
            deadline_ms(timeout_s),
        )

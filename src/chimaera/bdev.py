# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Module bdev on NumPy arrays. Arrays of `Runtime.empty` go to the runtime as they
# are; all others are copied into the segment once, and counted.
"""Block devices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chimaera._extension import core
from chimaera.errors import BadRequestError, NoSpaceError
from chimaera.pool import LOCAL, Pool, PoolQuery
from chimaera.task import DEFAULT_TIMEOUT_S, Future

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

__all__ = ["BdevStats", "Block", "BlockDevice"]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a device, as `BlockDevice.allocate` gives it out.

    Attributes
    ----------
    offset : int
        Where it begins on the device, bytes; for information.
    size_bytes : int
        Usable bytes.
    block_id : int
        Generation and slot: a freed block's id is never valid again.
    container_id : int
        The container that has it.
    """

    offset: int
    size_bytes: int
    block_id: int
    container_id: int

    def row(self) -> tuple[int, int, int, int]:
        """Return the four numbers as the extension wants them."""
        return self.offset, self.size_bytes, self.block_id, self.container_id

    def __repr__(self) -> str:
        slot, generation = self.block_id & (2**32 - 1), self.block_id >> 32
        return f"<Block {slot}.{generation} [{self.offset}, +{self.size_bytes})>"


@dataclass(frozen=True, slots=True)
class BdevStats:
    """Counters of a device since it was created.

    Attributes
    ----------
    total_bytes, remaining_bytes, largest_free_bytes : int
    num_blocks : int
        Blocks given out now.
    num_pins : int
        Blocks that are being copied or looked at in place now.
    alignment_bytes : int
    num_reads, num_writes : int
    bytes_read, bytes_written : int
    read_ns, write_ns : int
        Time of the copies, nanoseconds; of small ones some are timed for all.
    """

    total_bytes: int
    remaining_bytes: int
    largest_free_bytes: int
    num_blocks: int
    num_pins: int
    alignment_bytes: int
    num_reads: int
    num_writes: int
    bytes_read: int
    bytes_written: int
    read_ns: int
    write_ns: int


class BlockDevice(Pool):
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
        return self.allocate_async(size_bytes, query=query).result(timeout_s)

    def allocate_async(
        self, size_bytes: int, *, query: PoolQuery = LOCAL
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

        return Future(self._allocate(size_bytes, query), f"{self} allocate", finish)

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
        return self.allocate_blocks_async(size_bytes, query=query).result(timeout_s)

    def allocate_blocks_async(
        self, size_bytes: int, *, query: PoolQuery = LOCAL
    ) -> Future[list[Block]]:
        """Submit `allocate_blocks`."""
        return Future(
            self._allocate(size_bytes, query),
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
        self.free_async(blocks).result(timeout_s)

    def free_async(self, blocks: Block | Iterable[Block]) -> Future[None]:
        """Submit `free`."""
        several = [blocks] if isinstance(blocks, Block) else list(blocks)
        call = core.bdev_free(
            self.runtime.connection, self.id, [block.row() for block in several]
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
        return self.write_async(block, data, offset=offset).result(timeout_s)

    def write_async(self, block: Block, data: Any, *, offset: int = 0) -> Future[int]:
        """Submit `write`. `data` must not change until it is done."""
        call = core.bdev_write(
            self.runtime.connection,
            self.id,
            block.row(),
            self._flat(data),
            _checked_offset(offset),
        )
        return Future(call, f"{self} write")

    def read(
        self,
        block: Block,
        *,
        out: NDArray[Any] | None = None,
        offset: int = 0,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> NDArray[Any]:
        """Read a block into an array.

        Parameters
        ----------
        block : Block
        out : ndarray, optional
            C-contiguous and writable; its size says how much is read. A new
            array of `Runtime.empty`, for all bytes from `offset` on, by default.
        offset : int
            Where to begin in the block, bytes.
        timeout_s : float
            Seconds to wait at most.

        Returns
        -------
        ndarray
            `out` if given, else (block.size_bytes - offset,) of uint8. A copy:
            later writes do not change it.

        Raises
        ------
        BadRequestError
            It leaves the block.
        StaleError
            The block was freed.
        """
        return self.read_async(block, out=out, offset=offset).result(timeout_s)

    def read_async(
        self, block: Block, *, out: NDArray[Any] | None = None, offset: int = 0
    ) -> Future[NDArray[Any]]:
        """Submit `read`. The contents of `out` are undefined until it is done."""
        at = _checked_offset(offset)
        target: NDArray[Any]
        if out is None:
            if at >= block.size_bytes:
                raise BadRequestError(f"offset {offset} of {block}")
            target = self.runtime.empty(block.size_bytes - at, "u1")
        elif not out.flags.c_contiguous or not out.flags.writeable:
            raise BadRequestError("out must be C-contiguous and writable")
        else:
            target = out
        call = core.bdev_read(
            self.runtime.connection, self.id, block.row(), self._flat(target), at
        )
        return Future(call, f"{self} read", lambda _flat: target)

    def stats(
        self, *, query: PoolQuery = LOCAL, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> BdevStats:
        """Return the counters of the device."""
        return self.stats_async(query=query).result(timeout_s)

    def stats_async(self, *, query: PoolQuery = LOCAL) -> Future[BdevStats]:
        """Submit `stats`."""
        call = core.bdev_stats(self.runtime.connection, self.id, query)
        return Future(call, f"{self} stats", lambda row: BdevStats(*row))

    def _allocate(self, size_bytes: int, query: PoolQuery) -> core.Call:
        if size_bytes <= 0:
            raise BadRequestError(f"a block of {size_bytes} bytes")
        return core.bdev_allocate(
            self.runtime.connection, self.id, query, int(size_bytes)
        )

    def _flat(self, data: Any) -> Bytes:
        """Return contiguous bytes of `data`; without a copy where that is possible."""
        import numpy as np

        if isinstance(data, (bytes, bytearray, memoryview)):
            flat = np.frombuffer(data, np.uint8)
        else:
            array = np.asarray(data)
            if array.dtype.hasobject:
                raise BadRequestError("an array of Python objects has no bytes")
            if not array.flags.c_contiguous:
                # Copied anyway, so at once to where it has to go.
                copy = self.runtime.empty(array.shape, array.dtype)
                copy[...] = array
                self.runtime.connection.bytes_staged += array.nbytes
                array = copy
            flat = array.reshape(-1).view(np.uint8)
        if flat.size == 0:
            raise BadRequestError("0 bytes to read or write")
        return flat


def _checked_offset(offset: int) -> int:
    if offset < 0:
        raise BadRequestError(f"offset {offset} is negative")
    return int(offset)

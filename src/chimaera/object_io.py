# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Each operation is written once, as a generator that yields the futures it waits
# for; `run` waits for them on the spot, `run_async` lets the event loop go on.
"""Bytes in named objects of a block device."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from chimaera.errors import NotFoundError, StaleError
from chimaera.task import DEFAULT_TIMEOUT_S, Future

if TYPE_CHECKING:
    from chimaera.bdev import BlockDevice
    from chimaera.block import Block

__all__ = [
    "Entry",
    "Steps",
    "delete",
    "entries",
    "exists",
    "fill",
    "get",
    "put",
    "run",
    "run_async",
    "size_of",
]

T = TypeVar("T")
Steps = Generator[Future[Any], Any, T]

#: How often an object may be replaced while it is being read.
_ATTEMPTS = 100
_PAGE = 1024


class Entry(NamedTuple):
    """A named object."""

    name: str
    size_bytes: int


def run(steps: Steps[T]) -> T:
    """Do an operation in the calling thread."""
    try:
        future = next(steps)
        while True:
            try:
                value = future.result(DEFAULT_TIMEOUT_S)
            except Exception as error:  # noqa: BLE001 - the operation's business
                future = steps.throw(error)
            else:
                future = steps.send(value)
    except StopIteration as end:
        result: T = end.value
        return result


async def run_async(steps: Steps[T]) -> T:
    """Do an operation in a coroutine."""
    try:
        future = next(steps)
        while True:
            try:
                value = await future
            except BaseException as error:  # noqa: BLE001 - cancellation too
                future = steps.throw(error)
            else:
                future = steps.send(value)
    except StopIteration as end:
        result: T = end.value
        return result


def put(
    device: BlockDevice, name: str, data: Any, *, replace: bool = True
) -> Steps[None]:
    """Store bytes under a name: all of them, or nothing is changed.

    Parameters
    ----------
    device : BlockDevice
    name : str
    data : bytes-like
        Contiguous.
    replace : bool
        If false, AlreadyExistsError where there is such an object.
    """
    blocks = yield from fill(device, data)
    try:
        yield device.put_object_async(name, blocks, replace=replace)
    except BaseException:
        _give_back(device, blocks)
        raise


def fill(device: BlockDevice, data: Any) -> Steps[list[Block]]:
    """Write contiguous bytes into new blocks, as few as the device has."""
    content = memoryview(data).cast("B")
    blocks: list[Block] = []
    if content.nbytes == 0:
        return blocks
    blocks = yield device.allocate_blocks_async(content.nbytes)
    try:
        writes, at = [], 0
        for block in blocks:
            piece = content[at : at + block.size_bytes]
            writes.append(device.write_async(block, piece))
            at += block.size_bytes
        for write in writes:  # noqa: UP028 - `run` sends values, a list takes none
            yield write
    except BaseException:
        _give_back(device, blocks)
        raise
    return blocks


def _give_back(device: BlockDevice, blocks: list[Block]) -> None:
    if blocks:
        device.free_async(blocks)


def get(
    device: BlockDevice, name: str, start: int = 0, stop: int | None = None
) -> Steps[bytearray]:
    """Fetch bytes ``start:stop`` of an object.

    As in a slice negative numbers count from the end, and what lies outside is
    left out.

    Raises
    ------
    NotFoundError
        There is no such object.
    """
    for _ in range(_ATTEMPTS):
        _, blocks = yield device.get_object_async(name)
        with contextlib.suppress(StaleError):  # replaced meanwhile
            return (yield from _read(device, blocks, start, stop))
    raise StaleError(f"{name}: replaced {_ATTEMPTS} times while it was being read")


def _read(
    device: BlockDevice, blocks: list[Block], start: int, stop: int | None
) -> Steps[bytearray]:
    size = sum(block.size_bytes for block in blocks)
    first, last, _ = slice(start, stop).indices(size)
    content = bytearray(max(0, last - first))
    reads, begin = [], 0
    for block in blocks:
        end = begin + block.size_bytes
        low, high = max(first, begin), min(last, end)
        if low < high:
            out = device.runtime.empty(high - low, "u1")
            read = device.read_async(block, out=out, offset=low - begin)
            reads.append((low - first, read))
        begin = end
    for at, read in reads:
        piece = yield read
        content[at : at + piece.size] = piece.data
    return content


def size_of(device: BlockDevice, name: str) -> Steps[int]:
    """Return the bytes of an object. Raises NotFoundError."""
    _, blocks = yield device.get_object_async(name)
    return sum(block.size_bytes for block in blocks)


def exists(device: BlockDevice, name: str) -> Steps[bool]:
    """Return whether there is such an object."""
    try:
        yield device.get_object_async(name)
    except NotFoundError:
        return False
    return True


def delete(device: BlockDevice, name: str) -> Steps[None]:
    """Delete an object. Raises NotFoundError."""
    yield device.delete_object_async(name)


def entries(
    device: BlockDevice, prefix: str = "", limit: int | None = None
) -> Steps[list[Entry]]:
    """Return the objects whose names begin with `prefix`, at most `limit`, by name."""
    found: list[Entry] = []
    while True:
        wanted = _PAGE if limit is None else min(_PAGE, limit - len(found))
        after = found[-1].name if found else ""
        page = yield device.objects_async(prefix, after=after, limit=wanted)
        found += (Entry(*row) for row in page)
        if len(page) < wanted or len(found) == limit:
            return found

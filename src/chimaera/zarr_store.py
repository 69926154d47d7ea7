# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Each key is an object of the device, under the store's prefix. zarr's two
# interfaces, with and without a loop, share object_io's steps.
"""A zarr store on a block device."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any, Self

from zarr.abc.store import (
    ByteRequest,
    OffsetByteRequest,
    RangeByteRequest,
    Store,
    SuffixByteRequest,
)
from zarr.core.buffer import Buffer, BufferPrototype, default_buffer_prototype

from chimaera import object_io
from chimaera.bdev import BlockDevice
from chimaera.errors import AlreadyExistsError, BadRequestError, NotFoundError
from chimaera.opening import runtime_of

__all__ = ["ZarrStore"]


class ZarrStore(Store):
    """A store for zarr, version 3, in the objects of a block device.

    Parameters
    ----------
    device : BlockDevice
        In memory or on a file. On a file a value that was set survives a power
        cut.
    prefix : str
        In front of all keys, with a slash between; several stores may share a
        device.
    read_only : bool

    Examples
    --------
    >>> with chimaera.local() as rt:
    ...     store = ZarrStore(rt.bdev(size_bytes=1 << 20))
    ...     group = zarr.create_group(store)
    ...     array = group.create_array("a", shape=(8, 8), chunks=(4, 4), dtype="f4")
    ...     array[:4] = 1
    ...     array[:].sum().item()
    32.0
    """

    supports_writes = True
    supports_deletes = True
    supports_listing = True

    def __init__(
        self, device: BlockDevice, prefix: str = "", *, read_only: bool = False
    ) -> None:
        super().__init__(read_only=read_only)
        self.device = device
        self.prefix = prefix.strip("/")

    def with_read_only(self, read_only: bool = False) -> Self:
        """Return a store of the same keys that may, or may not, be changed."""
        return type(self)(self.device, self.prefix, read_only=read_only)

    def __eq__(self, other: object) -> bool:
        """Whether both have the same keys, and may change them."""
        return isinstance(other, ZarrStore) and self._key() == other._key()

    def __hash__(self) -> int:
        """Agree with ``==``."""
        return hash(self._key())

    def __repr__(self) -> str:
        """Name the device and the prefix."""
        return f"ZarrStore({self.device!r}, {self.prefix!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as a handle, for processes that use the same runtime."""
        return _reopened, self._key()

    def _key(self) -> tuple[str, str, str, str, bool]:
        runtime = self.device.runtime.connection
        place = runtime.runtime_dir, runtime.incarnation
        return *place, self.device.name, self.prefix, self.read_only

    # ---- reading -------------------------------------------------------------

    async def get(
        self,
        key: str,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """Return the value, or a part; None without such a key."""
        steps = object_io.get(self.device, self._name(key), *_bounds(byte_range))
        try:
            return _buffer(prototype, await object_io.run_async(steps))
        except NotFoundError:
            return None

    def get_sync(
        self,
        key: str,
        *,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """Return what `get` does, in the calling thread."""
        steps = object_io.get(self.device, self._name(key), *_bounds(byte_range))
        try:
            return _buffer(prototype, object_io.run(steps))
        except NotFoundError:
            return None

    async def get_partial_values(
        self,
        prototype: BufferPrototype,
        key_ranges: Iterable[tuple[str, ByteRequest | None]],
    ) -> list[Buffer | None]:
        """Return parts of several values, read at once."""
        values = (self.get(key, prototype, part) for key, part in key_ranges)
        return await asyncio.gather(*values)

    async def exists(self, key: str) -> bool:
        """Return whether there is such a key."""
        steps = object_io.exists(self.device, self._name(key))
        return await object_io.run_async(steps)

    async def getsize(self, key: str) -> int:
        """Return the bytes of a value. FileNotFoundError without such a key."""
        try:
            steps = object_io.size_of(self.device, self._name(key))
            return await object_io.run_async(steps)
        except NotFoundError:
            raise FileNotFoundError(key) from None

    # ---- writing -------------------------------------------------------------

    async def set(self, key: str, value: Buffer) -> None:
        """Store a value, in place of one that is there: all or nothing."""
        await object_io.run_async(self._put(key, value, replace=True))

    def set_sync(self, key: str, value: Buffer) -> None:
        """Do what `set` does, in the calling thread."""
        object_io.run(self._put(key, value, replace=True))

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        """Store a value unless there is one; of several at once, one wins."""
        try:
            await object_io.run_async(self._put(key, value, replace=False))
        except AlreadyExistsError:
            return

    async def delete(self, key: str) -> None:
        """Delete a key; nothing happens without it."""
        self._check_writable()
        try:
            await object_io.run_async(object_io.delete(self.device, self._name(key)))
        except NotFoundError:
            return

    def delete_sync(self, key: str) -> None:
        """Do what `delete` does, in the calling thread."""
        self._check_writable()
        try:
            object_io.run(object_io.delete(self.device, self._name(key)))
        except NotFoundError:
            return

    # ---- listing -------------------------------------------------------------

    async def list(self) -> AsyncIterator[str]:
        """Yield all keys."""
        async for key in self.list_prefix(""):
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """Yield the keys that begin with `prefix`."""
        steps = object_io.entries(self.device, self._name(prefix))
        above = len(self._name(""))
        for name, _ in await object_io.run_async(steps):
            yield name[above:]

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """Yield the keys and the folders directly under `prefix`."""
        folder = f"{prefix.rstrip('/')}/" if prefix.rstrip("/") else ""
        children: dict[str, None] = {}  # keeps the order of the names
        async for key in self.list_prefix(folder):
            children[key[len(folder) :].split("/", 1)[0]] = None
        for child in children:
            yield child

    def _put(self, key: str, value: Buffer, *, replace: bool) -> object_io.Steps[None]:
        self._check_writable()
        if not isinstance(value, Buffer):
            raise TypeError(f"{key}: a zarr Buffer is wanted, not {type(value)}")
        content = value.as_numpy_array()
        return object_io.put(self.device, self._name(key), content, replace=replace)

    def _name(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key


def _reopened(
    runtime_dir: str,
    incarnation: str,
    device: str,
    prefix: str,
    read_only: bool,
) -> ZarrStore:
    what = f"zarr store on {device!r}"
    pool = runtime_of(runtime_dir, incarnation, what).pool(device)
    if not isinstance(pool, BlockDevice):
        raise BadRequestError(f"{what}: {pool} is no block device")
    return ZarrStore(pool, prefix, read_only=read_only)


def _bounds(part: ByteRequest | None) -> tuple[int, int | None]:
    match part:
        case None:
            return 0, None
        case RangeByteRequest(start, end):
            return start, end
        case OffsetByteRequest(offset):
            return offset, None
        case SuffixByteRequest(suffix):
            return (-suffix, None) if suffix else (0, 0)
    raise TypeError(f"Unexpected byte_range, got {part!r}")


def _buffer(prototype: BufferPrototype | None, content: bytearray) -> Buffer:
    return (prototype or default_buffer_prototype()).buffer.from_bytes(content)

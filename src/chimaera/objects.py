# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What BlockDevice has besides its blocks: names for lists of them.
"""Named objects of block devices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from chimaera._extension import core
from chimaera.block import Block
from chimaera.pool import LOCAL, Pool, PoolQuery
from chimaera.task import DEFAULT_TIMEOUT_S, Future, deadline_ms

__all__ = ["NamedObjects"]


class NamedObjects(Pool):
    """The calls of a `BlockDevice` that are about objects.

    An object is a name for a list of blocks, and bytes about them. In a file it
    is there again after a restart and a power cut.

    Examples
    --------
    >>> with chimaera.local() as rt:
    ...     device = rt.bdev(size_bytes=1 << 20)
    ...     block = device.allocate(5)
    ...     device.write(block, b"hello")
    ...     device.put_object("greeting", [block], b"ascii")
    ...     attributes, blocks = device.get_object("greeting")
    ...     attributes, device.read(blocks[0]).tobytes(), list(device.objects())
    5
    (b'ascii', b'hello', [('greeting', 5)])
    """

    def put_object(
        self,
        name: str,
        blocks: Iterable[Block],
        attributes: bytes = b"",
        *,
        replace: bool = False,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        """Make a named object of blocks, all or nothing.

        From then on every client may read the blocks, nobody may write or free
        them, and they outlive this process. In a file the object and its bytes
        survive a power cut once this has returned; one before leaves what was
        there before.

        Parameters
        ----------
        name : str
            1 to 255 bytes of UTF-8.
        blocks : iterable of Block
            This process's, of one container; or, to be kept, blocks of the object
            that is replaced. Those of its blocks that are not in the list are
            freed.
        attributes : bytes
            At most 65536; what is in them is the caller's business.
        replace : bool
            Whether there may be an object of this name, which ends.
        timeout_s : float
            Seconds to wait at most.

        Raises
        ------
        AlreadyExistsError
            There is one, and `replace` was not given.
        BadRequestError
            A block is another client's, or another object's; or the name is too
            long.
        StaleError
            A block was freed.
        NoSpaceError
            The device has no room for more names and attributes.
        IoError
            It may have happened; nothing is written any more until the file is
            opened again.
        """
        self.put_object_async(
            name, blocks, attributes, replace=replace
        ).result_or_cancel(timeout_s)

    def put_object_async(
        self,
        name: str,
        blocks: Iterable[Block],
        attributes: bytes = b"",
        *,
        replace: bool = False,
        timeout_s: float | None = None,
    ) -> Future[None]:
        """Submit `put_object`."""
        call = core.bdev_put_object(
            self.runtime.connection,
            self.id,
            _encoded(name),
            [block.row() for block in blocks],
            bytes(attributes),
            bool(replace),
            deadline_ms(timeout_s),
        )
        return Future(call, f"{self} put_object")

    def get_object(
        self,
        name: str,
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> tuple[bytes, list[Block]]:
        """Look an object up.

        Returns
        -------
        tuple of bytes and list of Block
            Its attributes and its blocks, in the order in which they were put.

        Raises
        ------
        NotFoundError
            There is none of this name.
        """
        return self.get_object_async(name, query=query).result_or_cancel(timeout_s)

    def get_object_async(
        self, name: str, *, query: PoolQuery = LOCAL, timeout_s: float | None = None
    ) -> Future[tuple[bytes, list[Block]]]:
        """Submit `get_object`."""

        def finish(
            found: tuple[bytes, Sequence[tuple[int, int, int, int]]],
        ) -> tuple[bytes, list[Block]]:
            attributes, rows = found
            return attributes, [Block(*row) for row in rows]

        call = core.bdev_get_object(
            self.runtime.connection,
            self.id,
            query,
            _encoded(name),
            deadline_ms(timeout_s),
        )
        return Future(call, f"{self} get_object", finish)

    def delete_object(
        self,
        name: str,
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        """Delete an object and free its blocks.

        Views of them stay valid; the space is kept until the last one is gone.

        Raises
        ------
        NotFoundError
            There is none of this name.
        IoError
            As for `put_object`.
        """
        self.delete_object_async(name, query=query).result_or_cancel(timeout_s)

    def delete_object_async(
        self, name: str, *, query: PoolQuery = LOCAL, timeout_s: float | None = None
    ) -> Future[None]:
        """Submit `delete_object`."""
        call = core.bdev_delete_object(
            self.runtime.connection,
            self.id,
            query,
            _encoded(name),
            deadline_ms(timeout_s),
        )
        return Future(call, f"{self} delete_object")

    def objects(
        self,
        prefix: str = "",
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Iterator[tuple[str, int]]:
        """Go through the objects, sorted by the bytes of their names.

        They are asked for in pages: what is put or deleted meanwhile may be
        among them or not.

        Parameters
        ----------
        prefix : str
            Only names that begin with it.
        query : PoolQuery
            Of which container.
        timeout_s : float
            Seconds to wait for a page at most.

        Yields
        ------
        tuple of str and int
            Name, and bytes of its blocks.
        """
        after = ""
        while True:
            page = self.objects_async(
                prefix, after=after, query=query
            ).result_or_cancel(timeout_s)
            yield from page
            if not page:
                return
            after = page[-1][0]

    def objects_async(
        self,
        prefix: str = "",
        *,
        after: str = "",
        limit: int = 1024,
        query: PoolQuery = LOCAL,
        timeout_s: float | None = None,
    ) -> Future[list[tuple[str, int]]]:
        """Submit a request for the first `limit` (at most 1024) above `after`."""
        call = core.bdev_list_objects(
            self.runtime.connection,
            self.id,
            query,
            _encoded(prefix),
            _encoded(after),
            limit,
            deadline_ms(timeout_s),
        )
        return Future(
            call,
            f"{self} objects",
            lambda rows: [(_decoded(name), size) for name, size in rows],
        )


# Names are bytes to the device: any that other programs chose must come back.
def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _decoded(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")

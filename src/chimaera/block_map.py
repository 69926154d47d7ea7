# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Part of BlockDevice; chimaera.plot draws it.
"""Which parts of a device are in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chimaera._extension import core
from chimaera.errors import BadRequestError
from chimaera.pool import LOCAL, Pool, PoolQuery
from chimaera.task import DEFAULT_TIMEOUT_S, Future, deadline_ms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BlockMap", "MappedBlocks"]


@dataclass(frozen=True, eq=False)
class BlockMap:
    """How much of each part of a device is in use.

    Attributes
    ----------
    total_bytes : int
        Of the device.
    part_bytes : int
        Of a part; the last one may be shorter.
    used, sealed : (n,) ndarray of int64
        Bytes of each part that belong to blocks of clients, and to blocks of named
        objects and arrays, which nobody writes. The rest is free.
    """

    total_bytes: int
    part_bytes: int
    used: NDArray[np.int64]
    sealed: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Bytes of each part."""
        import numpy as np

        sizes = np.full(len(self.used), self.part_bytes, np.int64)
        if len(sizes):
            sizes[-1] = self.total_bytes - self.part_bytes * (len(sizes) - 1)
        return sizes


class MappedBlocks(Pool):
    """What a block device says of its space."""

    def block_map(
        self,
        num_parts: int = 1024,
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> BlockMap:
        """Ask which parts of the device are in use; looks at every block.

        Parameters
        ----------
        num_parts : int
            In how many parts to cut the device, 1 to 65536; fewer if they would be
            smaller than what blocks are aligned to.
        query : PoolQuery
            Of which container.
        timeout_s : float
            Seconds to wait at most.

        Returns
        -------
        BlockMap
        """
        return self.block_map_async(num_parts, query=query).result_or_cancel(timeout_s)

    def block_map_async(
        self,
        num_parts: int = 1024,
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float | None = None,
    ) -> Future[BlockMap]:
        """Submit `block_map`."""
        if num_parts < 1:
            raise BadRequestError(f"a map of {num_parts} parts")
        call = core.bdev_map(
            self.runtime.connection,
            self.id,
            query,
            int(num_parts),
            deadline_ms(timeout_s),
        )
        return Future(call, f"{self} map", _map_of)


def _map_of(row: tuple[int, int, list[Any]]) -> BlockMap:
    import numpy as np

    total, part, cells = row
    table = np.array(cells, np.int64).reshape(-1, 2)
    return BlockMap(total, part, table[:, 0], table[:, 1])

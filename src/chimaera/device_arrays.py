# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Part of BlockDevice, kept apart since arrays are made of what the rest offers.
"""Named arrays of a block device."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from chimaera.background import Job
from chimaera.pool import Pool
from chimaera.task import DEFAULT_TIMEOUT_S, Future

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from chimaera.array import DeviceArray
    from chimaera.bdev import BlockDevice

__all__ = ["DeviceArrays"]


class DeviceArrays(Pool):
    """What a block device does with arrays."""

    def array(
        self,
        name: str,
        shape: int | Sequence[int] | None = None,
        dtype: DTypeLike | None = None,
        chunks: int | Sequence[int] | None = None,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> DeviceArray:
        """Make a named array of zeros, or open the one that is there.

        Parameters
        ----------
        name : str
            Unique among the arrays of the device.
        shape : int or sequence of int, optional
            Without it, the array has to be there.
        dtype : dtype_like, optional
            Any but one with Python objects; float64 by default.
        chunks : int or sequence of int, optional
            Shape of a chunk, which lies in one block and is read and written as a
            whole; about 4 MiB of whole rows by default. Only an array of one chunk
            can be seen as a whole without a copy.
        timeout_s : float
            Seconds to wait at most.

        Returns
        -------
        DeviceArray
            As long as the device: on a file, after restarts too.

        Raises
        ------
        NotFoundError
            No shape is given, and it is not there.
        AlreadyExistsError
            It is there with another shape, type or chunks.
        """
        from chimaera.array import open_array

        device = cast("BlockDevice", self)
        return open_array(device, name, shape, dtype, chunks, timeout_s=timeout_s)

    def arrays(self, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> list[str]:
        """Return the names of all arrays, sorted."""
        from chimaera.array import array_names

        return array_names(cast("BlockDevice", self), timeout_s)

    def array_async(
        self,
        name: str,
        shape: int | Sequence[int] | None = None,
        dtype: DTypeLike | None = None,
        chunks: int | Sequence[int] | None = None,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Future[DeviceArray]:
        """Begin `array`."""
        make = functools.partial(
            self.array, name, shape, dtype, chunks, timeout_s=timeout_s
        )
        return Job(make, f"{self} array {name!r}")

    def arrays_async(
        self, *, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> Future[list[str]]:
        """Begin `arrays`."""
        return Job(
            functools.partial(self.arrays, timeout_s=timeout_s), f"{self} arrays"
        )

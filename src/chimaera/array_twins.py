# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Part of DeviceArray, kept apart since none of it is about arrays.
"""The calls of arrays as futures."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chimaera.background import Job
from chimaera.task import DEFAULT_TIMEOUT_S, Future

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ArrayTwins"]


class ArrayTwins:
    """What a `DeviceArray` does without being waited for.

    A read or a write is several tasks, in a thread of this package; what it waits for
    at most is said as for the call itself. Cancelled, it ends before its next task, and
    what it had written is given back: the array is as it was.
    """

    if TYPE_CHECKING:
        read: Callable[..., Any]
        write: Callable[..., None]
        delete: Callable[..., None]
        stored_chunks: Callable[..., int]

    def read_async(
        self,
        key: Any = ...,
        *,
        copy: bool | None = True,
        out: NDArray[Any] | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Future[Any]:
        """Begin `read`. The contents of `out` are undefined until it is done."""
        return self._job(
            functools.partial(self.read, key, copy=copy, out=out, timeout_s=timeout_s),
            "read",
        )

    def write_async(
        self, key: Any, values: Any, *, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> Future[None]:
        """Begin `write`. `values` must not change until it is done."""
        return self._job(
            functools.partial(self.write, key, values, timeout_s=timeout_s), "write"
        )

    def delete_async(self, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> Future[None]:
        """Begin `delete`."""
        return self._job(functools.partial(self.delete, timeout_s=timeout_s), "delete")

    def stored_chunks_async(
        self, *, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> Future[int]:
        """Begin `stored_chunks`."""
        return self._job(
            functools.partial(self.stored_chunks, timeout_s=timeout_s), "stored_chunks"
        )

    def _job(self, function: Any, verb: str) -> Job[Any]:
        return Job(function, f"{self} {verb}")

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What goes to a device is checked here once, whoever sends it.
"""Arrays as the bytes that are read and written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chimaera.errors import BadRequestError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from chimaera.runtime import Runtime

    Bytes = NDArray[np.uint8]

__all__ = [
    "checked_offset",
    "checked_rows",
    "checked_target",
    "flat_bytes",
    "wants_copy",
]


def flat_bytes(runtime: Runtime, data: Any) -> Bytes:
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
            copy = runtime.empty(array.shape, array.dtype)
            copy[...] = array
            runtime.connection.bytes_staged += array.nbytes
            array = copy
        flat = array.reshape(-1).view(np.uint8)
    if flat.size == 0:
        raise BadRequestError("0 bytes to read or write")
    return flat


def wants_copy(out: NDArray[Any] | None, *, copy: bool | None) -> bool:
    """Return whether a copy is asked for by `out`; refuse it for ``copy=False``."""
    if out is not None and copy is False:
        raise BadRequestError("copy=False, but bytes can only be copied into out")
    return out is not None


def checked_target(out: NDArray[Any]) -> NDArray[Any]:
    """Return `out` if bytes can be read into it."""
    if not out.flags.c_contiguous or not out.flags.writeable:
        raise BadRequestError("out must be C-contiguous and writable")
    return out


def checked_rows(blocks: NDArray[np.uint64], array: NDArray[Any]) -> int:
    """Return how many there are: as many rows as blocks."""
    count = len(blocks)
    if array.ndim == 0 or len(array) != count:
        raise BadRequestError(f"{count} blocks, and an array of shape {array.shape}")
    return count


def checked_offset(offset: int) -> int:
    """Return `offset` if it is none before the block."""
    if offset < 0:
        raise BadRequestError(f"offset {offset} is negative")
    return int(offset)

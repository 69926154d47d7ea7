# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# A count, not a time: it is exact.
"""Whether an array is copied on the client's side of a write."""

from __future__ import annotations

from chimaera.bench.figure import Figure
from chimaera.opening import local

__all__ = ["measure"]

_BYTES, _QUICK_BYTES = 64 << 20, 1 << 20


def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - see command.py
    """Measure python_zero_copy: bytes staged by the write of one array."""
    size = _QUICK_BYTES if quick else _BYTES
    with local({"runtime": {"num_threads": 1}}) as runtime:
        device = runtime.bdev(size_bytes=size, name="ram://bench")
        block = device.allocate(size)
        array = runtime.empty(size, "u1")
        array[...] = 7
        before = runtime.bytes_staged
        device.write(block, array)
        staged = runtime.bytes_staged - before
        del array
    return [Figure("python_zero_copy", float(staged), "bytes", target=0.0)]

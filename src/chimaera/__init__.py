# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Import-light on purpose: the build runs `chimaera.codegen` from the source
# tree before the extension exists and before the package is installed, and the
# command line must answer --help at once.
"""Chimaera: tasks over shared memory, next to the data.

>>> import chimaera
>>> with chimaera.local() as rt:
...     device = rt.bdev(size_bytes=1 << 20)
...     block = device.allocate(8)
...     device.write(block, b"chimaera")
...     device.read(block).tobytes()
8
b'chimaera'

:func:`local` runs a runtime inside this process, :func:`connect` attaches to one
that :func:`start` (or ``chimaera start``) has left running. Every operation is a
call, and with ``_async`` a :class:`Future` that can also be awaited. :func:`wait`,
:func:`as_completed` and :func:`gather` take several, an :class:`Executor` brings them
to others' code, and methods that end in ``_many`` run thousands of tasks in one call.
Errors are exceptions of :mod:`chimaera.errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chimaera import errors as errors
    from chimaera import plot as plot
    from chimaera import testing as testing
    from chimaera.array import DeviceArray
    from chimaera.bdev import BlockDevice
    from chimaera.block import BdevStats, Block
    from chimaera.daemon import start, stop
    from chimaera.dump import Dump
    from chimaera.echo import Echo
    from chimaera.errors import ChimaeraError
    from chimaera.executor import Executor
    from chimaera.module import Module
    from chimaera.opening import connect, local
    from chimaera.pool import Pool, PoolId, PoolInfo, PoolQuery
    from chimaera.progress_bar import progress, transfer_progress
    from chimaera.runtime import Runtime
    from chimaera.stats import Stats
    from chimaera.status import RuntimeStatus
    from chimaera.task import Future
    from chimaera.waiting import as_completed, gather, wait

__all__ = [
    "BdevStats",
    "Block",
    "BlockDevice",
    "ChimaeraError",
    "DeviceArray",
    "Dump",
    "Echo",
    "Executor",
    "Future",
    "Module",
    "Pool",
    "PoolId",
    "PoolInfo",
    "PoolQuery",
    "Runtime",
    "RuntimeStatus",
    "Stats",
    "__version__",
    "as_completed",
    "connect",
    "errors",
    "gather",
    "local",
    "plot",
    "progress",
    "start",
    "stop",
    "testing",
    "transfer_progress",
    "wait",
]

# Where each public name is defined; "" for modules.
_HOMES = {
    "BdevStats": "block",
    "Block": "block",
    "BlockDevice": "bdev",
    "ChimaeraError": "errors",
    "DeviceArray": "array",
    "Dump": "dump",
    "Echo": "echo",
    "Executor": "executor",
    "Future": "task",
    "Module": "module",
    "Pool": "pool",
    "PoolId": "pool",
    "PoolInfo": "pool",
    "PoolQuery": "pool",
    "Runtime": "runtime",
    "RuntimeStatus": "status",
    "Stats": "stats",
    "as_completed": "waiting",
    "connect": "opening",
    "gather": "waiting",
    "local": "opening",
    "progress": "progress_bar",
    "start": "daemon",
    "stop": "daemon",
    "transfer_progress": "progress_bar",
    "wait": "waiting",
    "errors": "",
    "plot": "",
    "testing": "",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is asked for."""
    import importlib

    if name == "__version__":
        from importlib.metadata import version

        return version("chimaera")
    if name not in _HOMES:
        raise AttributeError(f"module 'chimaera' has no attribute {name!r}")
    home = _HOMES[name]
    module = importlib.import_module(f"chimaera.{home or name}")
    found = getattr(module, name) if home else module
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Public names, also those not yet imported."""
    return sorted({*globals(), *__all__})

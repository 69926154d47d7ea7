# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Whole arrays are too large for slices of time: a round is one operation each.
"""What named arrays and views cost."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import numpy as np

from chimaera.bench.calls import daemon
from chimaera.bench.figure import Figure, NotMeasuredError, compared
from chimaera.bench.rounds import Effort, median_ns, pinned, take_turns
from chimaera.echo import Echo
from chimaera.opening import connect

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chimaera.array import DeviceArray
    from chimaera.runtime import Runtime

    Bytes = NDArray[np.uint8]

__all__ = ["measure_arrays", "measure_views"]

_CHUNK = 1 << 20
_VIEW_BYTES = (4096, 256 << 20)


def measure_arrays(quick: bool) -> list[Figure]:  # noqa: FBT001 - see command.py
    """Measure array_ram, array_file and array_vs_zarr."""
    try:
        import zarr  # noqa: F401
    except ImportError as error:
        raise NotMeasuredError("zarr is not installed (chimaera[zarr])") from error
    with contextlib.ExitStack() as stack:
        runtime_dir = stack.enter_context(daemon())
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp"))
        runtime = stack.enter_context(connect(runtime_dir=runtime_dir))
        bench = _Bench(runtime, Path(folder), rounds=3 if quick else 20)
        return [
            bench.ram(8 * _CHUNK if quick else 1024 * _CHUNK),
            bench.file(8 * _CHUNK if quick else 128 * _CHUNK),
            bench.zarr(4 * _CHUNK if quick else 64 * _CHUNK),
        ]


def measure_views(quick: bool) -> list[Figure]:  # noqa: FBT001
    """Measure view_read."""
    cpus = sorted(os.sched_getaffinity(0))
    sizes = (4096, 1 << 20) if quick else _VIEW_BYTES
    with contextlib.ExitStack() as stack:
        runtime_dir = stack.enter_context(daemon())
        runtime = stack.enter_context(connect(runtime_dir=runtime_dir))
        echo = runtime.create_pool(Echo.module, "bench_views_echo")
        if not isinstance(echo, Echo):
            raise NotMeasuredError(f"{echo} is no echo pool")
        device = runtime.bdev(name="ram://views", size_bytes=sum(sizes) + _CHUNK)
        small, large = (device.allocate(size) for size in sizes)
        for block in (small, large):
            device.read(block, copy=False)  # maps the device
        stack.enter_context(pinned(cpus[0]))
        small_ns, large_ns, null_ns = take_turns(
            [
                lambda ns: median_ns(lambda: device.read(small, copy=False), ns),
                lambda ns: median_ns(lambda: device.read(large, copy=False), ns),
                lambda ns: median_ns(echo.null, ns),
            ],
            Effort.of(quick=quick),
        )
    worst = [max(pair) for pair in zip(small_ns, large_ns, strict=True)]
    return [
        compared(
            "view_read",
            worst,
            "ns",
            "null task in Python",
            null_ns,
            target=3,
            bound="<=",
        )
    ]


class _Bench:
    """Writes and reads whole arrays of bytes, in chunks of 1 MiB."""

    def __init__(self, runtime: Runtime, folder: Path, rounds: int) -> None:
        self.runtime = runtime
        self.folder = folder
        self.rounds = rounds

    def ram(self, size: int) -> Figure:
        """Against one copy in memory."""
        with self._buffers(size) as (source, target):
            device = self.runtime.bdev(name="ram://arrays", size_bytes=3 * size)
            array = device.array("bench", source.shape, "u1", (1, _CHUNK))
            plain, copy = np.ones_like(source), np.ones_like(source)
            figure = self._worst(
                Figure("array_ram", None, "GB/s", "numpy.copyto", target=0.85),
                self._whole(array, source, target),
                (lambda: np.copyto(copy, plain), lambda: np.copyto(copy, plain)),
                size,
            )
            device.destroy()
            return figure

    def file(self, size: int) -> Figure:
        """Against writing a file from its beginning to its end, and syncing it."""
        with self._buffers(size) as (source, target), self._plain_file(size) as fd:
            data = np.ones_like(source)

            def write() -> None:
                for number, row in enumerate(data):
                    os.pwrite(fd, row, number * _CHUNK)
                os.fdatasync(fd)

            def read() -> None:
                for number, row in enumerate(data):
                    os.preadv(fd, [row], number * _CHUNK)

            return self._worst(
                Figure("array_file", None, "GB/s", "plain file, synced", target=0.9),
                self._whole(self._file_array("file", source), source, target),
                (write, read),
                size,
            )

    def zarr(self, size: int) -> Figure:
        """Against zarr's store of one file per chunk, synced as well."""
        import zarr

        with self._buffers(size) as (source, target):
            where = self.folder / "zarr"
            other = zarr.create_array(
                zarr.storage.LocalStore(where),
                shape=source.shape,
                chunks=(1, _CHUNK),
                dtype="u1",
                compressors=None,
                overwrite=True,
            )
            data = np.ones_like(source)

            def write() -> None:
                other[:] = data
                for path in where.rglob("*"):
                    _sync(path)

            return self._worst(
                Figure("array_vs_zarr", None, "GB/s", "LocalStore, synced", target=3),
                self._whole(self._file_array("zarr", source), source, target),
                (write, lambda: other[:]),
                size,
            )

    def _file_array(self, name: str, like: Bytes) -> DeviceArray:
        path = self.folder / f"{name}.device"
        device = self.runtime.bdev(path=path, size_bytes=3 * like.nbytes)
        return device.array("bench", like.shape, "u1", (1, _CHUNK))

    @staticmethod
    def _whole(
        array: DeviceArray, source: Bytes, target: Bytes
    ) -> tuple[Callable[[], Any], Callable[[], Any]]:
        def write() -> None:
            array[:] = source

        return write, lambda: array.read(out=target)

    @contextlib.contextmanager
    def _buffers(self, size: int) -> Iterator[tuple[Bytes, Bytes]]:
        """Yield a source and a target that have been touched, of rows of a chunk."""
        shape = size // _CHUNK, _CHUNK
        source, target = (self.runtime.empty(shape, "u1") for _ in range(2))
        source[...] = 1
        target[...] = 2
        yield source, target

    @contextlib.contextmanager
    def _plain_file(self, size: int) -> Iterator[int]:
        fd = os.open(self.folder / "plain", os.O_RDWR | os.O_CREAT)
        try:
            os.posix_fallocate(fd, 0, size)
            yield fd
        finally:
            os.close(fd)

    def _worst(
        self,
        wanted: Figure,
        own: tuple[Callable[[], Any], Callable[[], Any]],
        others: tuple[Callable[[], Any], Callable[[], Any]],
        size: int,
    ) -> Figure:
        """Compare writing with writing and reading with reading; the worse one."""
        figures = []
        for verb, mine, other in zip(("write", "read"), own, others, strict=True):
            rates: tuple[list[float], list[float]] = ([], [])
            mine(), other()
            for _ in range(self.rounds):
                for operation, row in zip((mine, other), rates, strict=True):
                    begin = perf_counter_ns()
                    operation()
                    row.append(size / (perf_counter_ns() - begin))
            figures.append(
                compared(
                    wanted.name,
                    rates[0],
                    wanted.unit,
                    f"{wanted.reference}, {verb}",
                    rates[1],
                    target=wanted.target or 0,
                    bound=">=",
                )
            )
        return min(figures, key=lambda figure: figure.ratio or 0)


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

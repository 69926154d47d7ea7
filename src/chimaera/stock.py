# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Part of Runtime, kept apart since it grows with every module.
"""Pools of the modules that come with Chimaera, and other modules."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from chimaera.errors import BadRequestError
from chimaera.pool import Pool, PoolId
from chimaera.task import DEFAULT_TIMEOUT_S

if TYPE_CHECKING:
    from chimaera.bdev import BlockDevice
    from chimaera.echo import Echo
    from chimaera.module import Module
    from chimaera.runtime import Runtime
    from chimaera.stats import Stats
    from chimaera_modules import KnownModules  # a stub, of the build of modules
else:
    KnownModules = object

__all__ = ["StockModules"]

P = TypeVar("P", bound=Pool)


class StockModules(ABC, KnownModules):
    """What makes or finds a pool of each of them, and finds other modules."""

    @abstractmethod
    def create_pool(
        self,
        module: str,
        name: str,
        *,
        pool_id: PoolId | None = None,
        num_containers: int = 1,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        **settings: Any,
    ) -> Pool:
        """Make a pool of any module, or find it by name."""

    def bdev(
        self,
        *,
        size_bytes: int | str = 0,
        name: str = "ram://default",
        path: str | os.PathLike[str] | None = None,
        num_containers: int = 1,
        pool_id: PoolId | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        **settings: int | bool | str,
    ) -> BlockDevice:
        """Make a block device in the runtime, or find it by name.

        Parameters
        ----------
        size_bytes : int or str
            Of each container, also as ``"2GB"``, read as in a compose file: of 1024 MB.
            0 takes a file that exists as it is.
        name : str
            Unique in the runtime; of a device in memory.
        path : path-like, optional
            Keep the device in this file, made if it is not there; one runtime
            has it at a time. Named objects and arrays stay over a restart; blocks
            that belong to none end with this process.
        num_containers : int
            Devices in this pool; each further one has a file ``path.1``, ….
        pool_id : PoolId, optional
            A free one by default.
        timeout_s : float
            Seconds to wait at most; memory takes about 0.4 s per GiB.
        **settings
            ``alignment`` of blocks (4096); of files also ``io_depth`` (32),
            ``direct`` (False), ``checksums`` (True), ``scrub_mib_per_s`` (8): how
            fast what belongs to objects is read and compared with its checksums in
            the background, MiB per second; 0: never; and ``stall_ms`` (5000): after
            how long a request that the disk does not answer is told to the log,
            milliseconds; 0: never.

        Returns
        -------
        BlockDevice
            Lives as long as the runtime, or until `destroy`.

        Raises
        ------
        NoMemoryError, NoSpaceError
            The machine has not got so much.
        AlreadyExistsError
            Somebody else uses the file.
        """
        from chimaera.bdev import BlockDevice

        if isinstance(size_bytes, str):
            # The module reads it, as it reads that of compose files.
            settings["capacity"] = size_bytes
        elif size_bytes > 0:
            settings["capacity"] = int(size_bytes)
        elif size_bytes < 0 or path is None:
            raise BadRequestError(f"a device of {size_bytes} bytes")
        if path is not None:
            name = str(Path(path).expanduser().absolute())
        return _as(
            BlockDevice,
            self.create_pool(
                BlockDevice.module,
                name,
                pool_id=pool_id,
                num_containers=num_containers,
                timeout_s=timeout_s,
                bdev_type="ram" if path is None else "file",
                **settings,
            ),
        )

    def echo(
        self,
        name: str = "echo",
        *,
        num_containers: int = 1,
        allow_crash: bool = False,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Echo:
        """Make or find a pool of module echo."""
        from chimaera.echo import Echo

        return _as(
            Echo,
            self.create_pool(
                Echo.module,
                name,
                num_containers=num_containers,
                timeout_s=timeout_s,
                allow_crash=allow_crash,
            ),
        )

    def stats(
        self, name: str = "stats", *, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> Stats:
        """Make or find a pool of module stats."""
        from chimaera.stats import Stats

        return _as(Stats, self.create_pool(Stats.module, name, timeout_s=timeout_s))

    if not TYPE_CHECKING:  # KnownModules says it, with what the build knows

        def module(self, name: str) -> Module:
            """Return a module with its methods.

            Parameters
            ----------
            name : str
                ``"namespace.module"``; it is looked for where the runtime would, and in
                the entry points ``chimaera.modules`` of Python packages.

            Returns
            -------
            Module

            Raises
            ------
            NotFoundError
                There is none; the message says where was looked.
            VersionMismatchError, IoError
                Its client library cannot be used.
            """
            from chimaera.module import Module

            return Module(cast("Runtime", self), name)


def _as(kind: type[P], pool: Pool) -> P:
    return kind(pool.runtime, pool.id, pool.name)

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Everything a program does with a runtime begins at this class.
"""A runtime, as the process that is attached to it sees it."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from chimaera._extension import core
from chimaera.block_view import check_no_views
from chimaera.dump import Dump, dump_of
from chimaera.errors import (
    AlreadyExistsError,
    BadRequestError,
    ChimaeraError,
    NotFoundError,
)
from chimaera.pool import Pool, PoolId, PoolInfo, client_class
from chimaera.status import RuntimeStatus, status_of
from chimaera.stock import StockModules
from chimaera.task import DEFAULT_TIMEOUT_S, Future, check_timeout, deadline_ms
from chimaera.trace import Traces

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

__all__ = ["Runtime"]

# Ids that `create_pool` chooses begin here; smaller ones are the users'.
_FIRST_FREE_MAJOR = 1 << 20
_ID_ATTEMPTS = 16


class Runtime(Traces, StockModules):
    """A runtime that this process is attached to; made by `local` and `connect`.

    A context manager: leaving it closes the connection, and stops the runtime if
    it is this process's own. Arrays stay valid memory after that. An exception that
    leaves it closes whatever is still looked at.

    Attributes
    ----------
    connection : _core.Connection
        The C++ half; for the package's own use.
    """

    def __init__(self, connection: core.Connection) -> None:
        self.connection = connection

    # ---- life ----

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(force=error is not None)

    def close(self, *, force: bool = False) -> None:
        """Close the connection; pending futures get CancelledError. Idempotent.

        Waits, without the GIL, for the runtime if it is this process's own.

        Parameters
        ----------
        force : bool
            Also while arrays look into blocks of devices. They stay valid memory.

        Raises
        ------
        BufferError
            Some do, and nothing was closed. The message says how many.
        """
        if not force:
            check_no_views(self.connection, None)
        self.connection.close()

    @property
    def closed(self) -> bool:
        """Whether the connection was closed."""
        return self.connection.closed

    @property
    def is_local(self) -> bool:
        """Whether the runtime runs in this process."""
        return self.connection.is_local

    @property
    def runtime_dir(self) -> Path:
        """Directory in which runtime and clients meet."""
        return Path(self.connection.runtime_dir)

    @property
    def pid(self) -> int:
        """Process id of the runtime."""
        return self.connection.runtime_pid

    @property
    def num_workers(self) -> int:
        """Worker threads of the runtime."""
        return self.connection.num_workers

    def check(self) -> None:
        """Raise if the connection is not usable; costs no system call.

        Raises
        ------
        NoRuntimeError
            It was closed.
        ForkedError
            It belongs to the parent process.
        RuntimeDiedError
        """
        self.connection.check()

    @property
    def task_timeout_s(self) -> float | None:
        """Deadline of every task that is submitted from now on, seconds; or None.

        In whole milliseconds; for tasks that state none (see `Pool.call_async`). At
        first what ``CHI_TIMEOUT_MS`` or the runtime's configuration says.
        """
        return self.connection.task_timeout_ms / 1e3 or None

    @task_timeout_s.setter
    def task_timeout_s(self, value: float | None) -> None:
        self.connection.task_timeout_ms = deadline_ms(value)

    # ---- arrays ----

    def empty(
        self, shape: int | Sequence[int], dtype: DTypeLike = "f8"
    ) -> NDArray[Any]:
        """Make an array in the client data segment, which the runtime sees too.

        Parameters
        ----------
        shape : int or sequence of int
        dtype : dtype_like
            Any but one with Python objects.

        Returns
        -------
        ndarray
            C-contiguous, uninitialised. Freed with its last view; stays valid
            memory after the connection is gone.

        Raises
        ------
        NoMemoryError
            More than the runtime grants a client.
        BadRequestError
            The dtype holds Python objects.
        """
        import numpy as np

        kind = np.dtype(dtype)
        if kind.hasobject:
            raise BadRequestError(f"dtype {kind} holds Python objects")
        sizes = (shape,) if isinstance(shape, int) else tuple(map(int, shape))
        count = 1
        for size in sizes:
            if size < 0:
                raise BadRequestError(f"shape {sizes} is negative")
            count *= size
        if count * kind.itemsize == 0:
            self.check()
            return np.empty(sizes, kind)
        buffer = core.Buffer(self.connection, count * kind.itemsize)
        return np.ndarray(sizes, kind, buffer=memoryview(buffer))

    def zeros(
        self, shape: int | Sequence[int], dtype: DTypeLike = "f8"
    ) -> NDArray[Any]:
        """Make an array as `empty` does, filled with zeros."""
        array = self.empty(shape, dtype)
        array[...] = 0
        return array

    def array(self, data: ArrayLike) -> NDArray[Any]:
        """Copy `data` into an array as `empty` makes it.

        Returns
        -------
        ndarray
            Of the shape and type of `data`, C-contiguous.
        """
        import numpy as np

        source = np.asarray(data)
        copy = self.empty(source.shape, source.dtype)
        copy[...] = source
        return copy

    @property
    def buffer_bytes(self) -> int:
        """Bytes of the client data segment in use by this process."""
        return self.connection.buffer_bytes

    @property
    def task_bytes(self) -> int:
        """Bytes of the main segment in use, as slabs and rings."""
        return self.connection.task_bytes

    @property
    def bytes_staged(self) -> int:
        """Bytes copied by this process so far between arrays and shared memory.

        Views of blocks, and arrays of `empty` that are read or written as they
        lie there, add nothing.
        """
        return self.connection.bytes_staged

    # ---- pools ----

    def pools(self, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> list[PoolInfo]:
        """List all pools by id.

        Returns
        -------
        list of PoolInfo
        """
        return self.pools_async().result_or_cancel(timeout_s)

    def pools_async(self, *, timeout_s: float | None = None) -> Future[list[PoolInfo]]:
        """Submit `pools`; with a deadline, as `Pool.call_async`."""
        return Future(
            core.list_pools(self.connection, deadline_ms(timeout_s)),
            "list of pools",
            lambda rows: [PoolInfo(PoolId(*row[0]), *row[1:]) for row in rows],
        )

    def pool(self, name: str | PoolId, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> Pool:
        """Return the pool of this name or id.

        Returns
        -------
        Pool
            `BlockDevice`, `Echo` or `Stats` for pools of those modules.

        Raises
        ------
        NotFoundError
            There is none.
        """
        for info in self.pools(timeout_s=timeout_s):
            if name in {info.name, info.id}:
                return client_class(info.module)(self, info.id, info.name)
        raise NotFoundError(f"no pool {str(name)!r} in the runtime of pid {self.pid}")

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
        """Make a pool, or find the one of this name and module.

        Parameters
        ----------
        module : str
            The library, as ``chimaera_echo``.
        name : str
            Unique in the runtime.
        pool_id : PoolId, optional
            Unique in the runtime; a free one by default.
        num_containers : int
            Containers of the pool, >= 1.
        timeout_s : float
            Seconds to wait at most.
        **settings
            The module's own, as in a compose file.

        Returns
        -------
        Pool

        Raises
        ------
        AlreadyExistsError
            The name is another module's pool, or the id another pool's.
        NotFoundError
            No such module.
        BadRequestError
            The module refuses a setting.
        """
        make = functools.partial(
            self.create_pool_async, module, name, num_containers=num_containers
        )
        if pool_id is not None:
            return make(pool_id=pool_id, **settings).result_or_cancel(timeout_s)
        for _ in range(_ID_ATTEMPTS):
            pools = self.pools(timeout_s=timeout_s)
            used = [info.id.major for info in pools]
            free = PoolId(max(_FIRST_FREE_MAJOR, *(major + 1 for major in used)))
            try:
                return make(pool_id=free, **settings).result_or_cancel(timeout_s)
            except AlreadyExistsError:
                if any(info.name == name for info in pools):
                    raise
                # Somebody else took the id since the list was made.
        raise AlreadyExistsError(f"no free pool id found for {name!r}")

    def create_pool_async(
        self,
        module: str,
        name: str,
        *,
        pool_id: PoolId,
        num_containers: int = 1,
        timeout_s: float | None = None,
        **settings: Any,
    ) -> Future[Pool]:
        """Submit `create_pool`; the id has to be given.

        Parameters
        ----------
        module, name, pool_id, num_containers, **settings
            As for `create_pool`.
        timeout_s : float, optional
            Deadline, as for `Pool.call_async`. What was made up to then is undone.

        Returns
        -------
        Future of Pool
        """
        pool_id = PoolId(*pool_id)
        entry = {
            "mod_name": module,
            "pool_name": name,
            "pool_id": str(pool_id),
            "pool_query": "dynamic",
            "num_containers": num_containers,
            **settings,
        }
        # Every JSON text is a YAML text.
        call = core.create_pool(
            self.connection,
            module,
            name,
            pool_id,
            num_containers,
            json.dumps(entry),
            deadline_ms(timeout_s),
        )
        return Future(
            call,
            f"creating pool {name!r}",
            lambda made: client_class(module)(self, PoolId(*made[0]), name),
        )

    def unload_module(
        self, module: str, *, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> bool:
        """Take a module that no pool runs out of the runtime's memory.

        The next pool of it loads its file again, which may be a new build.

        Parameters
        ----------
        module : str
            The library, as ``chimaera_echo``.
        timeout_s : float
            Seconds to wait at most.

        Returns
        -------
        bool
            Whether its code is gone. If not, the system's loader keeps it, and the
            next pool runs the same code; docs/design/modules.md says why.

        Raises
        ------
        NotFoundError
            It is not loaded.
        BadRequestError
            A pool of it exists; the message says which.
        DeadlineExceededError
            Tasks that its methods have left alone are not over.
        """
        return self.unload_module_async(module).result_or_cancel(timeout_s)

    def unload_module_async(
        self, module: str, *, timeout_s: float | None = None
    ) -> Future[bool]:
        """Submit `unload_module`; with a deadline, as `Pool.call_async`."""
        call = core.unload_module(self.connection, module, deadline_ms(timeout_s))
        return Future(call, f"unloading module {module!r}")

    def status(self, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> RuntimeStatus:
        """Ask the runtime for its counters; also a health check."""
        return self.status_async().result_or_cancel(timeout_s)

    def status_async(self, *, timeout_s: float | None = None) -> Future[RuntimeStatus]:
        """Submit `status`; with a deadline, as `Pool.call_async`."""
        call = core.get_stats(self.connection, deadline_ms(timeout_s))
        return Future(call, "runtime status", status_of)

    def metrics(self, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> dict[str, Any]:
        """Ask for all figures of the runtime, as docs/observing.md explains them."""
        from chimaera.metrics import metrics_of

        return metrics_of(self, timeout_s)

    def dump(
        self, *, max_tasks: int = 10_000, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> Dump:
        """Ask what every live task waits for; for whoever wonders why nothing goes on.

        Parameters
        ----------
        max_tasks : int
            List no more than that.
        timeout_s : float
            Seconds to wait at most.

        Returns
        -------
        Dump
            Tasks, locks, deadlocks and stuck workers; made to be printed.
        """
        return self.dump_async(max_tasks=max_tasks).result_or_cancel(timeout_s)

    def dump_async(
        self, *, max_tasks: int = 10_000, timeout_s: float | None = None
    ) -> Future[Dump]:
        """Submit `dump`; with a deadline, as `Pool.call_async`."""
        call = core.dump(self.connection, max_tasks, deadline_ms(timeout_s))
        return Future(call, "runtime dump", dump_of)

    def flush(
        self, *, wait_s: float = 10.0, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> None:
        """Return when all that was submitted before, by any client, is done.

        Parameters
        ----------
        wait_s : float
            How long the runtime waits for that, seconds.
        timeout_s : float
            Seconds to wait for its answer.

        Raises
        ------
        DeadlineExceededError
            Something still runs; the message says what.
        """
        self.flush_async(wait_s=wait_s).result_or_cancel(timeout_s)

    def flush_async(
        self, *, wait_s: float = 10.0, timeout_s: float | None = None
    ) -> Future[None]:
        """Submit `flush`; with a deadline, as `Pool.call_async`."""
        wait_s = check_timeout(wait_s)
        return Future(
            core.flush(self.connection, wait_s, deadline_ms(timeout_s)), "flush"
        )

    def stop(self, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        """Stop the runtime for everybody: what is in flight is answered first.

        Returns when it has agreed; `chimaera.stop` also waits for its end.
        """
        call = core.stop_runtime(self.connection)
        Future[None](call, "stop").result_or_cancel(timeout_s)

    def __repr__(self) -> str:
        if self.closed:
            return "<Runtime, closed>"
        if self.connection.forked:
            return "<Runtime of the parent process>"
        try:
            self.check()
        except ChimaeraError as error:
            return f"<Runtime, unusable: {error}>"
        where = "in this process" if self.is_local else f"of pid {self.pid}"
        count = self.num_workers
        workers = f"{count} worker{'s' * (count != 1)}"
        return f"<Runtime {where}, {workers}, {self.runtime_dir}>"

    def _repr_html_(self) -> str:
        from chimaera import html

        return html.of_runtime(self)

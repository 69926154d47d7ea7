# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Pools, their names and the routing to their containers. Clients of modules
# derive from Pool; `_CLIENTS` at the end says which module has which.
"""Pools of containers, and how tasks find one."""

from __future__ import annotations

import functools
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from chimaera._extension import core
from chimaera.errors import BadRequestError
from chimaera.many import Errors, codes_of, run_many
from chimaera.task import DEFAULT_TIMEOUT_S, Future, deadline_ms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from chimaera.runtime import Runtime

__all__ = ["Pool", "PoolId", "PoolInfo", "PoolQuery"]

_U32_MAX = 2**32 - 1


class PoolId(NamedTuple):
    """The number of a pool, written ``major.minor``; 1.0 is the admin pool.

    Parameters
    ----------
    major, minor : int
        0 to 2**32 - 1. 0.0 names nothing.
    """

    major: int
    minor: int = 0

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    @classmethod
    def parse(cls, text: str) -> PoolId:
        """Read ``"512.0"`` or ``"512"``.

        Raises
        ------
        BadRequestError
            It is something else.
        """
        parts = text.split(".")
        ok = len(parts) in {1, 2} and all(p.isascii() and p.isdigit() for p in parts)
        if not ok or any(int(part) > _U32_MAX for part in parts):
            raise BadRequestError(f"{text!r} is no pool id: write 512.0")
        return cls(*map(int, parts))


class PoolQuery(NamedTuple):
    """Which containers of a pool a task is for; made by the class methods.

    Parameters
    ----------
    mode, first, second : int
        As chi::PoolQuery has them.
    """

    mode: int
    first: int = 0
    second: int = 0

    @classmethod
    def local(cls) -> PoolQuery:
        """Return the query for a container on this node."""
        return cls(1)

    @classmethod
    def direct_id(cls, container_id: int) -> PoolQuery:
        """Return the query for the container with this id."""
        return cls(2, _checked(container_id, "container_id"))

    @classmethod
    def direct_hash(cls, key: int) -> PoolQuery:
        """Return the query for container `key` modulo their number."""
        return cls(3, _checked(key, "key"))

    @classmethod
    def range(cls, offset: int, count: int) -> PoolQuery:
        """Return the query for containers [offset, offset + count)."""
        return cls(4, _checked(offset, "offset"), _checked(count, "count"))

    @classmethod
    def broadcast(cls) -> PoolQuery:
        """Return the query for every container."""
        return cls(5)

    @classmethod
    def physical(cls, node_id: int) -> PoolQuery:
        """Return the query for every container on that node."""
        return cls(6, _checked(node_id, "node_id"))

    @classmethod
    def dynamic(cls) -> PoolQuery:
        """Return the query that lets the method decide."""
        return cls(7)


def _checked(value: int, name: str) -> int:
    if not 0 <= value <= _U32_MAX:
        raise BadRequestError(f"{name} is {value}: 0 to {_U32_MAX} is possible")
    return int(value)


LOCAL = PoolQuery.local()


@dataclass(frozen=True, slots=True)
class PoolInfo:
    """One row of `Runtime.pools`.

    Attributes
    ----------
    id : PoolId
    name : str
    module : str
        The library that it runs, as ``chimaera_bdev``.
    num_containers : int
    state : str
        ``live``, ``creating`` or ``destroying``.
    held_runs : int
        Methods of it that are parked now.
    heap_bytes : int or None
        What its methods have allocated with ``new`` and nobody has freed, in
        bytes; of the admin pool, all that no other pool has. None: the runtime
        does not count, as one inside this process or under a sanitizer.
    cancelled, expired : int
        Its tasks that were ended since they were cancelled or past their deadline.
    """

    id: PoolId
    name: str
    module: str
    num_containers: int
    state: str
    held_runs: int
    heap_bytes: int | None
    cancelled: int
    expired: int


class Pool:
    """A pool of a runtime; made by `Runtime.pool` and `Runtime.create_pool`.

    Attributes
    ----------
    runtime : Runtime
    id : PoolId
    name : str
    """

    module = ""

    def __init__(self, runtime: Runtime, pool_id: PoolId, name: str) -> None:
        self.runtime = runtime
        self.id = pool_id
        self.name = name

    def call(
        self,
        method: int,
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        """Run a method that takes and gives nothing.

        Parameters
        ----------
        method : int
            Its number, as the module's chimaera_mod.yaml says.
        query : PoolQuery
            Which container.
        timeout_s : float
            Seconds to wait at most.

        Raises
        ------
        NotFoundError
            No such pool, container or node.
        UnimplementedError
            No such method.
        """
        # Usually done by the time it returns: no future is made then.
        rest = core.run(self.runtime.connection, self.id, method, query, timeout_s)
        if rest is not None:
            self._future_of(rest, method, query).result_or_cancel(timeout_s)

    def call_async(
        self, method: int, *, query: PoolQuery = LOCAL, timeout_s: float | None = None
    ) -> Future[None]:
        """Submit what `call` waits for.

        Parameters
        ----------
        method, query
            As for `call`.
        timeout_s : float, optional
            Deadline of the task, seconds, in whole milliseconds: the runtime ends it
            in a `DeadlineExceededError` then, whoever waits for it, or nobody. By
            default `Runtime.task_timeout_s`. All methods that submit a task of a pool
            take it so.

        Returns
        -------
        Future of None
        """
        return self._future_of(None, method, query, deadline_ms(timeout_s))

    def call_many(
        self,
        method: int,
        count: int,
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        errors: Errors = "raise",
    ) -> NDArray[np.uint32]:
        """Run a method that takes and gives nothing, `count` times.

        One crossing for all: the tasks are submitted in batches, at most 256 in
        flight, without the GIL. In which order they run is not said. Answers
        Ctrl-C; the tasks in flight are cancelled then, also when time is over.

        Parameters
        ----------
        method : int
            Its number, as the module's chimaera_mod.yaml says.
        count : int
            How many tasks, >= 0.
        query : PoolQuery
            Which container.
        timeout_s : float
            Seconds for all of them.
        errors : {"raise", "return"}
            Raise the error of the first task that failed, after all are done; or
            raise nothing of that sort and leave it to the codes.

        Returns
        -------
        (count,) ndarray of uint32
            Status codes, 0 for success. 10009 (`DeadlineExceededError`) and 10099
            (`NotRunError`) when time was over, for tasks in flight and not begun.

        Raises
        ------
        ChimaeraError
            What the first failed task ended with; the message has its index.
        """
        codes = codes_of(count)
        run_many(
            functools.partial(
                core.call_many, self.runtime.connection, self.id, method, query
            ),
            codes,
            timeout_s,
            errors,
        )
        return codes

    def _future_of(
        self,
        call: core.Call | Literal[False] | None,
        method: int,
        query: PoolQuery,
        timeout_ms: int = 0,
    ) -> Future[None]:
        """Return the future of a call; submit it if nobody has."""
        if not call:
            call = core.call(
                self.runtime.connection, self.id, method, query, timeout_ms
            )
        return Future(call, f"method {method} of pool {self.id}")

    def destroy(self, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> int | None:
        """Destroy the pool: its containers, and all that they hold.

        Returns
        -------
        int or None
            Bytes that it had allocated and nobody has freed: a leak of the
            module, or something that it has given to others. None: the runtime
            does not count (see `PoolInfo.heap_bytes`).

        Raises
        ------
        NotFoundError
            It is gone already.
        DeadlineExceededError
            Methods of it are still parked.
        """
        return self.destroy_async().result_or_cancel(timeout_s)

    def destroy_async(self, *, timeout_s: float | None = None) -> Future[int | None]:
        """Submit what `destroy` waits for.

        Parameters
        ----------
        timeout_s : float, optional
            Deadline, as for `call_async`. A pool whose destruction ended by it, or
            was cancelled, takes no more tasks, and may be destroyed again.

        Returns
        -------
        Future of int or None
        """
        call = core.destroy_pool(
            self.runtime.connection, self.id, deadline_ms(timeout_s)
        )
        return Future(call, f"destroying pool {self.id}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}, pool {self.id}>"

    def _repr_html_(self) -> str:
        from chimaera import html

        return html.of_pool(self)


# Module, to the Python module and class of its client.
_CLIENTS = {
    "chimaera_bdev": ("chimaera.bdev", "BlockDevice"),
    "chimaera_echo": ("chimaera.echo", "Echo"),
    "chimaera_stats": ("chimaera.stats", "Stats"),
}


def client_class(module: str) -> type[Pool]:
    """Return the class that talks to pools of `module`: Pool if none is known."""
    if module not in _CLIENTS:
        return Pool
    home, name = _CLIENTS[module]
    found: type[Pool] = getattr(importlib.import_module(home), name)
    return found

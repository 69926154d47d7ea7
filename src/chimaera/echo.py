# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Module echo: what tests and benchmarks call.
"""Client of module echo."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Literal, overload

from chimaera._extension import core
from chimaera.many import Errors, codes_of, run_many, with_codes
from chimaera.pool import LOCAL, Pool, PoolQuery
from chimaera.task import DEFAULT_TIMEOUT_S, Future, deadline_ms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Echo"]

# As chimaera_mod.yaml of module echo numbers it.
_NULL_METHOD = 10
_CRASHES = ("abort", "segv", "stack_overflow")


def _text(answer: tuple[bytes, int]) -> str:
    return answer[0].decode()


class Echo(Pool):
    """A pool of module echo: does nothing, repeats, sleeps, works, fails.

    Every method takes ``query``, which container, and the waiting ones
    ``timeout_s``, seconds to wait at most; each has a twin ``…_async`` that
    returns a `Future`.
    """

    module = "chimaera_echo"

    def null(
        self, *, query: PoolQuery = LOCAL, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> None:
        """Do nothing, and say so: one round trip."""
        # Usually done by the time it returns: no future is made then.
        rest = core.run(
            self.runtime.connection, self.id, _NULL_METHOD, query, timeout_s
        )
        if rest is not None:
            self._future_of(rest, _NULL_METHOD, query).result_or_cancel(timeout_s)

    def null_async(
        self, *, query: PoolQuery = LOCAL, timeout_s: float | None = None
    ) -> Future[None]:
        """Submit `null`."""
        call = core.echo_null(
            self.runtime.connection, self.id, query, deadline_ms(timeout_s)
        )
        return Future(call, "echo null")

    def echo(
        self,
        text: str,
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> str:
        """Return `text`, which has been in the runtime and back."""
        return self.echo_async(text, query=query).result_or_cancel(timeout_s)

    def echo_async(
        self, text: str, *, query: PoolQuery = LOCAL, timeout_s: float | None = None
    ) -> Future[str]:
        """Submit `echo`."""
        call = core.echo_echo(
            self.runtime.connection, self.id, query, text, deadline_ms(timeout_s)
        )
        return Future(call, "echo", _text)

    def null_many(
        self,
        count: int,
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        errors: Errors = "raise",
    ) -> NDArray[np.uint32]:
        """Do nothing `count` times in one crossing; as `Pool.call_many`."""
        return self.call_many(
            _NULL_METHOD, count, query=query, timeout_s=timeout_s, errors=errors
        )

    @overload
    def echo_many(
        self,
        numbers: ArrayLike,
        *,
        query: PoolQuery = ...,
        timeout_s: float = ...,
        errors: Literal["raise"] = ...,
    ) -> NDArray[np.uint64]: ...
    @overload
    def echo_many(
        self,
        numbers: ArrayLike,
        *,
        query: PoolQuery = ...,
        timeout_s: float = ...,
        errors: Literal["return"],
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]: ...
    def echo_many(
        self,
        numbers: ArrayLike,
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        errors: Errors = "raise",
    ) -> Any:
        """Return `numbers`, each of which has been in a task of its own.

        Parameters
        ----------
        numbers : array_like of non-negative int
            Of any shape.
        query, timeout_s, errors
            As for `Pool.call_many`.

        Returns
        -------
        ndarray of uint64
            Of the same shape. With ``errors="return"`` a pair: the numbers, 0
            where a task failed, and the status codes.
        """
        import numpy as np

        sent = np.asarray(numbers, np.uint64, order="C")
        answers = np.zeros_like(sent)
        codes = codes_of(sent.size)
        run_many(
            functools.partial(
                core.echo_many, self.runtime.connection, self.id, query, sent, answers
            ),
            codes,
            timeout_s,
            errors,
        )
        return with_codes(answers, codes.reshape(sent.shape), errors)

    def container(
        self, *, query: PoolQuery = LOCAL, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> int:
        """Return the id of the container that answers `query`."""
        call = core.echo_echo(self.runtime.connection, self.id, query, "")
        future: Future[tuple[bytes, int]] = Future(call, "echo")
        return future.result_or_cancel(timeout_s)[1]

    def sleep(
        self,
        seconds: float,
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        """Park a fiber of the runtime for so long; it occupies no worker."""
        self.sleep_async(seconds, query=query).result_or_cancel(timeout_s)

    def sleep_async(
        self,
        seconds: float,
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float | None = None,
    ) -> Future[None]:
        """Submit `sleep`."""
        call = core.echo_sleep(
            self.runtime.connection,
            self.id,
            query,
            int(seconds * 1e9),
            deadline_ms(timeout_s),
        )
        return Future(call, f"echo sleep of {seconds:g} s")

    def busy(
        self,
        seconds: float,
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        """Keep a worker busy for so long, at most 10 s."""
        self.busy_async(seconds, query=query).result_or_cancel(timeout_s)

    def busy_async(
        self,
        seconds: float,
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float | None = None,
    ) -> Future[None]:
        """Submit `busy`."""
        call = core.echo_busy(
            self.runtime.connection,
            self.id,
            query,
            int(seconds * 1e9),
            deadline_ms(timeout_s),
        )
        return Future(call, f"echo busy for {seconds:g} s")

    def throw(
        self,
        text: str,
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        """Throw in the runtime: raises ModuleExceptionError with `text`."""
        call = core.echo_throw(self.runtime.connection, self.id, query, text)
        Future[None](call, "echo throw").result_or_cancel(timeout_s)

    def spawn(
        self,
        count: int,
        *,
        query: PoolQuery = LOCAL,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> int:
        """Run `count` subtasks in the runtime; return how many succeeded."""
        call = core.echo_spawn(self.runtime.connection, self.id, query, count)
        return Future[int](call, f"echo spawn of {count}").result_or_cancel(timeout_s)

    def crash_async(
        self, kind: str = "abort", *, timeout_s: float | None = None
    ) -> Future[None]:
        """Crash the runtime, if the pool was created with ``allow_crash=True``.

        Parameters
        ----------
        kind : str
            ``abort``, ``segv`` or ``stack_overflow``.
        timeout_s : float, optional
            Deadline, as for `call_async`.
        """
        call = core.echo_crash(
            self.runtime.connection,
            self.id,
            LOCAL,
            _CRASHES.index(kind),
            deadline_ms(timeout_s),
        )
        return Future(call, f"echo crash by {kind}")

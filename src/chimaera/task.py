# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# A future owns no thread: waiting sleeps in the extension, and callbacks and event
# loops are told by the one thread of watcher.py.
"""Pending operations."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

from chimaera import watcher
from chimaera.errors import BadRequestError, CancelledError, DeadlineExceededError

if TYPE_CHECKING:
    import asyncio

    from chimaera import _core

__all__ = ["DEFAULT_TIMEOUT_S", "Future", "check_timeout", "deadline_ms"]

DEFAULT_TIMEOUT_S = 30.0

# An unsigned 32-bit number.
_DEADLINE_MS_MAX = 2**32 - 1

# Turns of the event loop in which an awaited future is looked at before the watcher
# is asked: most tasks take microseconds, the way through two threads fifty or more.
_EAGER_LOOKS = 8

T = TypeVar("T")


class JobSet(Protocol):
    """What waits for several futures."""

    def add(self, call: _core.Call, token: Any, /) -> None:
        """Wait for a task as well."""

    def add_job(self, job: Future[Any], /) -> None:
        """Wait for a future that is no task."""


class Future(Generic[T]):
    """An operation that was submitted: wait for it, poll it, or await it.

    Made by the methods that end in ``_async``. Dropping it does not stop the
    operation; memory that the operation uses is kept until it is done. May be
    used by several threads. Its methods are those of `concurrent.futures.Future`
    as far as they have the same names; for several at once there are
    `chimaera.wait`, `chimaera.as_completed` and `chimaera.gather`.

    Notes
    -----
    Waiting releases the GIL and answers Ctrl-C within 200 ms. Awaiting does not
    poll: a look or eight at once, then the process's one watcher thread sleeps
    until the operation is done, and tells the event loop.

    Examples
    --------
    >>> with chimaera.local() as rt:
    ...     futures = [rt.echo().echo_async(f"{i}") for i in range(3)]
    ...     [future.result() for future in futures]
    ['0', '1', '2']
    """

    def __init__(
        self, call: _core.Call, what: str, finish: Callable[[Any], T] | None = None
    ) -> None:
        self._call = call
        self._what = what
        self._finish = finish
        self._outcome: tuple[T, None] | tuple[None, BaseException] | None = None

    def done(self) -> bool:
        """Whether there is a result or an error. Never waits."""
        return self._outcome is not None or self._call.done()

    def running(self) -> bool:
        """Whether there is none yet."""
        return not self.done()

    def cancelled(self) -> bool:
        """Whether it ended in a `CancelledError`."""
        return self.done() and isinstance(self.exception(0), CancelledError)

    def cancel(self) -> bool:
        """Ask the runtime to end the operation.

        A method that waits is woken and unwinds, and its subtasks with it; one
        that computes ends by itself. Releases the GIL.

        Returns
        -------
        bool
            False if there is an outcome already. Otherwise it comes as ever:
            mostly a `CancelledError`, or a result that was faster.
        """
        return not self.done() and self._call.cancel()

    def result(self, timeout_s: float = DEFAULT_TIMEOUT_S) -> T:
        """Wait for the result.

        Parameters
        ----------
        timeout_s : float
            Seconds to wait at most, >= 0.

        Returns
        -------
        T
            The same object at every call.

        Raises
        ------
        DeadlineExceededError
            Not done in time; it goes on, and may be asked again.
        ChimaeraError
            What came of the operation.
        """
        value, error = self._wait(timeout_s)
        if error is not None:
            raise error
        return cast("T", value)

    def exception(self, timeout_s: float = DEFAULT_TIMEOUT_S) -> BaseException | None:
        """Wait for the outcome; return its exception, or None if it is a result.

        Parameters
        ----------
        timeout_s : float
            Seconds to wait at most, >= 0.

        Returns
        -------
        BaseException or None

        Raises
        ------
        DeadlineExceededError
            Not done in time.
        """
        return self._wait(timeout_s)[1]

    def result_or_cancel(self, timeout_s: float = DEFAULT_TIMEOUT_S) -> T:
        """As `result`, but an operation that is late, or interrupted, is cancelled.

        What the waiting methods do, whose future nobody could ask again.
        """
        try:
            return self.result(timeout_s)
        except BaseException:
            self.cancel()
            raise

    def add_done_callback(self, function: Callable[[Future[T]], object]) -> None:
        """Call ``function(self)`` once there is an outcome, whatever it is.

        At once, in this thread, if there is one already; otherwise in the
        process's watcher thread, in the order in which callbacks were added. It
        should be short, since all others wait for it. What it raises is logged
        and otherwise ignored. At the end of the process the connection is closed
        and the callbacks of what was pending are run.
        """
        if self.done():
            watcher.run_callback(function, self)
        else:
            self.watch(function, self)

    async def result_async(self, timeout_s: float = DEFAULT_TIMEOUT_S) -> T:
        """Await the result; as `result`, without blocking the event loop.

        If the awaiting task of asyncio is cancelled, so is the operation.

        Parameters
        ----------
        timeout_s : float
            Seconds to wait at most, >= 0.

        Returns
        -------
        T

        Raises
        ------
        DeadlineExceededError
            Not done in time.
        ChimaeraError
            What came of the operation.
        """
        import asyncio

        check_timeout(timeout_s)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        try:
            for _ in range(_EAGER_LOOKS):
                if self.done():
                    return self.result(0)
                await asyncio.sleep(0)
            told = asyncio.Event()
            self.watch(_tell, (loop, told))
            async with asyncio.timeout_at(begin + timeout_s):
                await told.wait()
        except asyncio.CancelledError:
            self.cancel()
            raise
        except TimeoutError:
            if not self.done():
                raise self._late(timeout_s) from None
        return self.result(0)

    def join_set(self, calls: JobSet) -> None:
        """Be one of `calls`, which then gives this future back when it is done."""
        calls.add(self._call, self)

    def watch(self, function: Callable[[Any], object], argument: Any) -> None:
        """Have ``function(argument)`` called when it is done; for the package."""
        watcher.watch(self._call, function, argument)

    def __await__(self) -> Generator[Any, None, T]:
        return self.result_async().__await__()

    def __repr__(self) -> str:
        if not self.done():
            state = "pending"
        else:
            error = self.exception(0)
            state = "done" if error is None else f"failed: {error!r}"
        return f"<Future of {self._what}, {state}>"

    def _repr_html_(self) -> str:
        from chimaera import html

        return html.of_future(self, self._what)

    def _wait(self, timeout_s: float) -> tuple[T, None] | tuple[None, BaseException]:
        if self._outcome is None:
            if not self._call.wait(check_timeout(timeout_s)):
                raise self._late(timeout_s)
            found = self._fetch()
            # Of two threads that come here, both take what the first has found.
            if self._outcome is None:
                self._outcome = found
        return self._outcome

    def _fetch(self) -> tuple[T, None] | tuple[None, BaseException]:
        error = self._call.error()
        if error is not None:
            return None, error
        try:
            value = self._call.value()
            return self._finish(value) if self._finish else value, None
        except Exception as raised:  # noqa: BLE001 - it is the outcome
            return None, raised

    def _late(self, timeout_s: float) -> DeadlineExceededError:
        return DeadlineExceededError(f"{self._what}: not done after {timeout_s:g} s")


def _tell(target: tuple[asyncio.AbstractEventLoop, asyncio.Event]) -> None:
    """Set an event of a loop that may have ended meanwhile."""
    loop, told = target
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(told.set)


def deadline_ms(timeout_s: float | None) -> int:
    """Return a task's deadline as the extension wants it: 0 if there is none."""
    if timeout_s is None:
        return 0
    milliseconds = math.ceil(check_timeout(timeout_s) * 1e3)
    if not 0 < milliseconds <= _DEADLINE_MS_MAX:
        raise BadRequestError(f"timeout_s is {timeout_s}: a task needs some time")
    return milliseconds


def check_timeout(timeout_s: float) -> float:
    """Return `timeout_s`, or raise BadRequestError: every wait has a bound."""
    if not (math.isfinite(timeout_s) and timeout_s >= 0):
        raise BadRequestError(
            f"timeout_s is {timeout_s}: a number of seconds >= 0 is wanted"
        )
    return float(timeout_s)

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# A future polls nothing and owns no thread: waiting sleeps in the extension, and
# awaiting asks now and then from the event loop.
"""Pending operations."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from chimaera.errors import BadRequestError, DeadlineExceededError

if TYPE_CHECKING:
    from chimaera import _core

__all__ = ["DEFAULT_TIMEOUT_S", "Future"]

DEFAULT_TIMEOUT_S = 30.0

# How often an awaited future is looked at, seconds: at once a few times, since
# most tasks take microseconds, then ever less often.
_EAGER_LOOKS = 8
_FIRST_PAUSE_S = 50e-6
_LONGEST_PAUSE_S = 2e-3
_PAUSE_GROWTH = 1.5

T = TypeVar("T")


class Future(Generic[T]):
    """An operation that was submitted: wait for it, poll it, or await it.

    Made by the methods that end in ``_async``. Dropping it does not stop the
    operation; memory that the operation uses is kept until it is done. May be
    used by several threads.

    Notes
    -----
    Waiting releases the GIL and answers Ctrl-C within 200 ms. Awaiting uses no
    thread: the event loop looks after 50 us, then ever more rarely, at least
    every 2 ms.

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
        self._value: T
        self._error: BaseException | None = None
        self._settled = False

    def done(self) -> bool:
        """Whether there is a result or an error. Never waits."""
        return self._settled or self._call.done()

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
        error = self.exception(timeout_s)
        if error is not None:
            raise error
        return self._value

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
        if not self._settled:
            if not self._call.wait(check_timeout(timeout_s)):
                raise self._late(timeout_s)
            self._settle()
        return self._error

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
        clock = asyncio.get_running_loop().time
        deadline = clock() + timeout_s
        looks, pause = 0, _FIRST_PAUSE_S
        try:
            while not self.done():
                if clock() >= deadline:
                    raise self._late(timeout_s)
                if looks < _EAGER_LOOKS:
                    looks += 1
                    await asyncio.sleep(0)
                else:
                    await asyncio.sleep(pause)
                    pause = min(pause * _PAUSE_GROWTH, _LONGEST_PAUSE_S)
        except asyncio.CancelledError:
            self.cancel()
            raise
        return self.result(0)

    def __await__(self) -> Generator[Any, None, T]:
        return self.result_async().__await__()

    def __repr__(self) -> str:
        if not self.done():
            state = "pending"
        else:
            error = self.exception(0)
            state = "done" if error is None else f"failed: {error!r}"
        return f"<Future of {self._what}, {state}>"

    def _settle(self) -> None:
        """Fetch the outcome. REQUIRES: the call is done."""
        error = self._call.error()
        if error is None:
            try:
                value = self._call.value()
                self._value = self._finish(value) if self._finish else value
            except Exception as raised:  # noqa: BLE001 - it is the outcome
                error = raised
        self._error = error
        self._settled = True

    def _late(self, timeout_s: float) -> DeadlineExceededError:
        return DeadlineExceededError(f"{self._what}: not done after {timeout_s:g} s")


def check_timeout(timeout_s: float) -> float:
    """Return `timeout_s`, or raise BadRequestError: every wait has a bound."""
    if not (math.isfinite(timeout_s) and timeout_s >= 0):
        raise BadRequestError(
            f"timeout_s is {timeout_s}: a number of seconds >= 0 is wanted"
        )
    return float(timeout_s)

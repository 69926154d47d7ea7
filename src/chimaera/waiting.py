# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Each function has a set of its own (see call_set.h), in the thread that waits.
"""Waiting for several futures, as `concurrent.futures` does."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar, overload

from chimaera.errors import BadRequestError, DeadlineExceededError
from chimaera.task import DEFAULT_TIMEOUT_S, Future, check_timeout

if TYPE_CHECKING:
    from chimaera import _core

__all__ = ["DoneAndNotDone", "as_completed", "gather", "wait"]

ReturnWhen = Literal["ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION"]

T = TypeVar("T")


class DoneAndNotDone(NamedTuple):
    """What `wait` returns.

    Attributes
    ----------
    done, not_done : set of Future
    """

    done: set[Future[Any]]
    not_done: set[Future[Any]]


def as_completed(
    futures: Iterable[Future[T]], timeout: float = DEFAULT_TIMEOUT_S
) -> Iterator[Future[T]]:
    """Yield each future when it is done; those that are done, first.

    Parameters
    ----------
    futures : iterable of Future
        One that is named twice is yielded once.
    timeout : float
        Seconds from this call to the last future, >= 0.

    Yields
    ------
    Future

    Raises
    ------
    DeadlineExceededError
        Some are not done in time; they go on. A `TimeoutError` as well.

    Examples
    --------
    >>> with chimaera.local() as rt:
    ...     slow, fast = (rt.echo().sleep_async(s) for s in (0.2, 0.01))
    ...     [each is fast for each in chimaera.as_completed([slow, fast])]
    [True, False]
    """
    # The time runs from the call on, not from the first element.
    wanted = dict.fromkeys(futures)
    return _as_completed(wanted, time.monotonic() + check_timeout(timeout), timeout)


def _as_completed(
    futures: Iterable[Future[T]], deadline: float, timeout: float
) -> Iterator[Future[T]]:
    waiting = _Waiting(futures)
    count = len(waiting)
    while waiting:
        done = waiting.wait(max(0.0, deadline - time.monotonic()))
        if not done:
            raise DeadlineExceededError(
                f"{len(waiting)} of {count} futures not done after {timeout:g} s"
            )
        yield from done


def wait(
    futures: Iterable[Future[Any]],
    timeout: float = DEFAULT_TIMEOUT_S,
    return_when: ReturnWhen = "ALL_COMPLETED",
) -> DoneAndNotDone:
    """Wait for futures; releases the GIL and answers Ctrl-C.

    Parameters
    ----------
    futures : iterable of Future
    timeout : float
        Seconds, >= 0. When it is over this returns; it raises nothing.
    return_when : str
        ``ALL_COMPLETED``, ``FIRST_COMPLETED`` or ``FIRST_EXCEPTION``, as in
        `concurrent.futures`.

    Returns
    -------
    DoneAndNotDone
        Two sets, `done` and `not_done`.
    """
    if return_when not in {"ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION"}:
        raise BadRequestError(f"return_when is {return_when!r}")
    deadline = time.monotonic() + check_timeout(timeout)
    not_done = set(futures)
    done: set[Future[Any]] = set()
    waiting = _Waiting(not_done)
    while waiting:
        more = waiting.wait(max(0.0, deadline - time.monotonic()))
        done.update(more)
        not_done.difference_update(more)
        if not more or return_when == "FIRST_COMPLETED":
            break
        if return_when == "FIRST_EXCEPTION" and any(
            each.exception(0) is not None for each in more
        ):
            break
    return DoneAndNotDone(done, not_done)


@overload
def gather(
    *futures: Future[T],
    return_exceptions: Literal[False] = False,
    timeout: float = DEFAULT_TIMEOUT_S,
) -> list[T]: ...
@overload
def gather(
    *futures: Future[T], return_exceptions: bool, timeout: float = DEFAULT_TIMEOUT_S
) -> list[T | BaseException]: ...
def gather(
    *futures: Future[Any],
    return_exceptions: bool = False,
    timeout: float = DEFAULT_TIMEOUT_S,
) -> list[Any]:
    """Wait for all futures and return their results, in their order.

    In a coroutine use `asyncio.gather`, which takes these futures too.

    Parameters
    ----------
    *futures : Future
    return_exceptions : bool
        Put exceptions among the results. Otherwise the first one is raised as
        soon as it happens, and the other operations go on.
    timeout : float
        Seconds, >= 0.

    Returns
    -------
    list

    Raises
    ------
    DeadlineExceededError
        Not all are done in time; they go on.

    Examples
    --------
    >>> with chimaera.local() as rt:
    ...     chimaera.gather(*(rt.echo().echo_async(f"{i}") for i in range(3)))
    ['0', '1', '2']
    """
    for future in as_completed(futures, timeout):
        if not return_exceptions:
            future.result(0)
    if return_exceptions:
        return [future.exception(0) or future.result(0) for future in futures]
    return [future.result(0) for future in futures]


class _Waiting:
    """Tasks, which the extension waits for, and jobs, whose ends wake it."""

    def __init__(self, futures: Iterable[Future[Any]]) -> None:
        from chimaera._extension import core

        self._calls = core.CallSet()
        self._jobs = 0
        self._ended: deque[Future[Any]] = deque()
        for future in futures:
            future.join_set(self)

    def add(self, call: _core.Call, token: Any, /) -> None:
        """Wait for a task as well."""
        self._calls.add(call, token)

    def add_job(self, job: Future[Any], /) -> None:
        """Wait for a future that is no task."""
        self._jobs += 1
        job.watch(self._end, job)

    def _end(self, job: Future[Any]) -> None:
        self._ended.append(job)
        self._calls.wake()

    def __len__(self) -> int:
        return len(self._calls) + self._jobs

    def wait(self, timeout_s: float) -> list[Future[Any]]:
        """Take out what is done; none, if nothing is in time."""
        until = time.monotonic() + timeout_s
        while True:
            # Without waiting if a job is done: it has rung.
            done: list[Future[Any]] = self._calls.wait(
                max(0.0, until - time.monotonic()), poll=True
            )
            while self._ended:
                done.append(self._ended.popleft())
                self._jobs -= 1
            if done or time.monotonic() >= until:
                return done

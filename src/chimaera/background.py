# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What takes several tasks, one after another, is done by a thread: it waits without the
# GIL. Loans end in threads of their own, since those of the others may all wait for it.
"""Futures of operations that are more than one task."""

from __future__ import annotations

import concurrent.futures
import os
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from chimaera import watcher
from chimaera.errors import CancelledError
from chimaera.task import Future, JobSet

__all__ = ["Job"]

# Jobs at a time; others wait their turn.
_THREADS = 32

T = TypeVar("T")


class Job(Future[T]):
    """A function of this package that runs in a thread.

    One that has begun cannot be cancelled: it ends by itself, at the latest when its
    time is over.
    """

    def __init__(
        self, function: Callable[[], T], what: str, *, own_thread: bool = False
    ) -> None:
        self._what = what
        self._outcome = None
        self._inner: concurrent.futures.Future[T]
        if own_thread:
            self._inner = concurrent.futures.Future()
            target, arguments = _run, (self._inner, function)
            threading.Thread(target=target, args=arguments, name="chimaera-job").start()
        else:
            self._inner = _pool().submit(function)

    def done(self) -> bool:
        """Whether there is a result or an error. Never waits."""
        return self._inner.done()

    def cancel(self) -> bool:
        """Cancel it if it has not begun; False if there is an outcome already."""
        return self._inner.cancel() or not self._inner.done()

    def join_set(self, calls: JobSet) -> None:
        """Be one of `calls`."""
        calls.add_job(self)

    def watch(self, function: Callable[[Any], object], argument: Any) -> None:
        """Have ``function(argument)`` called when it is done."""
        self._inner.add_done_callback(
            lambda _done: watcher.run_callback(function, argument)
        )

    def _wait(self, timeout_s: float) -> tuple[T, None] | tuple[None, BaseException]:
        try:
            error = self._inner.exception(timeout_s)
        except concurrent.futures.CancelledError:
            return None, CancelledError(f"{self._what}: cancelled before it began")
        except TimeoutError:
            raise self._late(timeout_s) from None
        return (self._inner.result(), None) if error is None else (None, error)


def _run(future: concurrent.futures.Future[T], function: Callable[[], T]) -> None:
    future.set_running_or_notify_cancel()
    try:
        future.set_result(function())
    except BaseException as error:  # noqa: BLE001 - it is the outcome
        future.set_exception(error)


_making = threading.Lock()
_threads: concurrent.futures.ThreadPoolExecutor | None = None


def _pool() -> concurrent.futures.ThreadPoolExecutor:
    global _threads  # noqa: PLW0603 - there is one in a process
    with _making:
        if _threads is None:
            _threads = concurrent.futures.ThreadPoolExecutor(_THREADS, "chimaera-job")
            os.register_at_fork(after_in_child=_forget)
        return _threads


def _forget() -> None:
    """In the child of a fork: threads and locks are the parent's."""
    global _threads, _making
    _threads, _making = None, threading.Lock()

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What takes several tasks, one after another, is done by a thread: it waits without the
# GIL. Loans end in threads of their own, since those of the others may all wait for it.
#
# The threads are daemons, but never outlive the interpreter: at exit, after all
# ordinary threads have ended (they may wait for a job), the jobs are cancelled, the
# connection is closed under those that do not hear of it, and the threads are joined.
"""Futures of operations that are more than one task."""

from __future__ import annotations

import atexit
import concurrent.futures
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from chimaera import watcher
from chimaera._extension import core
from chimaera.errors import CancelledError
from chimaera.task import Future, JobSet

__all__ = ["Job", "check_stop", "forbid_stop", "let_go"]

# Jobs at a time; others wait their turn.
_THREADS = 32
# How long a thread stays without work, seconds.
_LINGER_S = 2.0
# How long the end of the process waits for jobs that were cancelled, and then for
# those whose connection was closed, seconds.
_CANCEL_S = 0.5
_EXIT_S = 10.0
# How long and how often it is looked whether threads hold what they have handed over.
_LET_GO_S = 10.0
_LOOK_S = 1e-3

T = TypeVar("T")

#: Between two tasks of a job: raises CancelledError if it is to stop here.
check_stop = core.check_stop
#: Before the task that makes it happen: from here on the job cannot be cancelled.
forbid_stop = core.forbid_stop


class Job(Future[T]):
    """A function of this package that runs in a thread.

    It has one outcome: a result, an error, or a `CancelledError` if `cancel` returned
    True.
    """

    def __init__(
        self, function: Callable[[], T], what: str, *, own_thread: bool = False
    ) -> None:
        self._what = what
        self._outcome = None
        self._inner: concurrent.futures.Future[T] = concurrent.futures.Future()
        self._function: Callable[[], T] | None = function
        self._stop = core.Stop()
        if own_thread:
            # What it clears up is cleared up, also if it is cancelled.
            self._inner.set_running_or_notify_cancel()
        _crew().add(self, own_thread=own_thread)

    def done(self) -> bool:
        """Whether there is a result or an error. Never waits."""
        return self._inner.done()

    def cancel(self) -> bool:
        """End it before its next task, and give back what it has made so far.

        Returns
        -------
        bool
            True: the outcome is a `CancelledError`, and nothing has happened. False:
            there is an outcome already, or its last task, which makes it happen, has
            begun.
        """
        return self._inner.cancel() or (not self._inner.done() and self._stop.ask())

    def join_set(self, calls: JobSet) -> None:
        """Be one of `calls`."""
        calls.add_job(self)

    def watch(self, function: Callable[[Any], object], argument: Any) -> None:
        """Have ``function(argument)`` called when it is done."""
        # Emptied by the call, or the argument, which may be this job, and its result
        # would stay until a collection.
        call = [(function, argument)]
        self._inner.add_done_callback(lambda _done: watcher.run_callback(*call.pop()))

    def run(self) -> None:
        """Do it, unless it was cancelled; in a thread of `_Crew`."""
        function, self._function = self._function, None
        if function is None or not (
            self._inner.running() or self._inner.set_running_or_notify_cancel()
        ):
            return
        value: Any = None
        error: BaseException | None = None
        self._stop.enter()
        try:
            value = function()
        except BaseException as raised:  # noqa: BLE001 - it is the outcome
            error = raised
        if self._stop.leave():
            error = CancelledError(f"{self._what}: cancelled")
        if error is None:
            self._inner.set_result(value)
        else:
            self._inner.set_exception(error)

    def _wait(self, timeout_s: float) -> tuple[T, None] | tuple[None, BaseException]:
        try:
            error = self._inner.exception(timeout_s)
        except concurrent.futures.CancelledError:
            return None, CancelledError(f"{self._what}: cancelled before it began")
        except TimeoutError:
            raise self._late(timeout_s) from None
        return (self._inner.result(), None) if error is None else (None, error)


def let_go() -> None:
    """Wait until the threads have let go of the results that they have handed over."""
    with _making:
        crew = _jobs
    if crew is not None:
        crew.let_go()


class _Crew:
    """The threads, and the jobs that wait for one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        # Guarded by _changed.
        self._queue: deque[Job[Any]] = deque()
        # Each with its thread.
        self._running: dict[Job[Any], int] = {}
        # Threads that let go of a job, without the lock: finalizers may run.
        self._leaving: set[int] = set()
        self._threads: set[threading.Thread] = set()
        self._servers = 0
        self._idle = 0
        self._ending = False

    def add(self, job: Job[Any], *, own_thread: bool) -> None:
        with self._changed:
            if own_thread:
                # A list, which the thread empties: what a thread is given it keeps.
                self._running[job] = self._start(self._run, [job])
                return
            if len(self._queue) >= self._idle and self._servers < _THREADS:
                self._start(self._serve)
                self._servers += 1
            self._queue.append(job)
            self._changed.notify()

    def end(self) -> None:
        """Cancel all jobs, and wait until they have ended."""
        with self._changed:
            self._ending = True
            jobs = [*self._queue, *self._running]
            self._changed.notify_all()
        for job in jobs:
            job.cancel()
        self._join(_CANCEL_S)
        core.close_current()
        self._join(_EXIT_S)

    def let_go(self) -> None:
        until = time.monotonic() + _LET_GO_S
        while self._holds_done() and time.monotonic() < until:
            time.sleep(_LOOK_S)

    def _holds_done(self) -> bool:
        """Whether another thread holds a job that has an outcome."""
        me = threading.get_ident()
        with self._changed:
            holding = {thread for job, thread in self._running.items() if job.done()}
            return bool((holding | self._leaving) - {me})

    def _join(self, timeout_s: float) -> None:
        until = time.monotonic() + timeout_s
        for thread in tuple(self._threads):
            thread.join(max(0.0, until - time.monotonic()))

    def _start(self, target: Callable[..., None], *arguments: Any) -> int:
        thread = threading.Thread(
            target=target, args=arguments, name="chimaera-job", daemon=True
        )
        thread.start()
        self._threads.add(thread)
        return thread.ident or 0

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                self._changed.wait_for(self._has_work, _LINGER_S)
                self._idle -= 1
                if not self._queue:
                    self._servers -= 1
                    self._threads.discard(threading.current_thread())
                    return
                job = self._queue.popleft()
                self._running[job] = threading.get_ident()
            job.run()
            self._leave(job)
            # Not to be kept alive while this sleeps.
            del job
            self._leaving.discard(threading.get_ident())

    def _has_work(self) -> bool:
        return bool(self._queue) or self._ending

    def _run(self, jobs: list[Job[Any]]) -> None:
        job = jobs.pop()
        job.run()
        self._leave(job)
        del job
        with self._changed:
            self._leaving.discard(threading.get_ident())
            self._threads.discard(threading.current_thread())

    def _leave(self, job: Job[Any]) -> None:
        with self._changed:
            self._leaving.add(self._running.pop(job))


_making = threading.Lock()
_jobs: _Crew | None = None


def _crew() -> _Crew:
    global _jobs  # noqa: PLW0603 - there is one in a process
    with _making:
        if _jobs is None:
            _jobs = _Crew()
            atexit.register(_jobs.end)
            os.register_at_fork(after_in_child=_forget)
        return _jobs


def _forget() -> None:
    """In the child of a fork: threads and locks are the parent's."""
    global _jobs, _making
    if _jobs is not None:
        atexit.unregister(_jobs.end)
    _jobs, _making = None, threading.Lock()

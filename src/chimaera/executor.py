# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# A runtime runs methods of modules, and no Python. So this executor has two ways: a
# bound method of a pool goes to the runtime by its `_async` twin and takes no thread,
# everything else runs in threads of this process. Which of them it was can be asked.
"""An executor of `concurrent.futures` on a runtime."""

from __future__ import annotations

import concurrent.futures
import functools
import os
import threading
from collections.abc import Callable
from types import MethodType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from chimaera.errors import BadRequestError
from chimaera.pool import Pool
from chimaera.task import Future

if TYPE_CHECKING:
    from joblib.parallel import ParallelBackendBase

    from chimaera.runtime import Runtime

__all__ = ["Executor"]

P = ParamSpec("P")
T = TypeVar("T")


class _TaskFuture(concurrent.futures.Future[T]):
    """A task of the runtime, for those who want a future of `concurrent.futures`."""

    def __init__(self, task: Future[T]) -> None:
        super().__init__()
        self._task = task
        task.add_done_callback(self._settle)

    def cancel(self) -> bool:
        """Cancel this future at once, and ask the runtime to end the task."""
        cancelled = super().cancel()
        if cancelled:
            self._task.cancel()
        return cancelled

    def _settle(self, task: Future[T]) -> None:
        # Nobody who saw it cancelled may find a result later.
        if not self.set_running_or_notify_cancel():
            return
        error = task.exception(0)
        if error is None:
            self.set_result(task.result(0))
        else:
            self.set_exception(error)


class Executor(concurrent.futures.Executor):
    """Runs methods of pools in the runtime, and other callables in threads.

    ``submit(device.read, block)`` submits what ``device.read_async(block)`` does:
    a task, which occupies no thread of this process however long it waits. It goes
    so for every bound method of a `Pool` that has a twin ``…_async``, also inside
    `functools.partial`, and for the twin itself. Any other callable is ordinary
    Python, which a runtime cannot run: it goes to a pool of threads of this
    process, as in a `concurrent.futures.ThreadPoolExecutor`.

    The futures are those of `concurrent.futures`; `asyncio` takes the executor in
    ``loop.run_in_executor``, joblib by `joblib_backend`.

    Parameters
    ----------
    runtime : Runtime
        Stays open at least until `shutdown`. Closing it ends the tasks that are
        pending in a `CancelledError` of `chimaera.errors`.
    max_workers : int, optional
        Threads, made when they are needed; by default as many as
        `concurrent.futures.ThreadPoolExecutor` takes.

    Notes
    -----
    A task's future that is cancelled is so at once, as `concurrent.futures` wants
    it; the runtime is asked to end the task, which may have happened by then. When
    an asyncio task that awaits ``run_in_executor`` is cancelled, so is the task.

    A keyword ``timeout_s`` is the deadline of the task, as for the twin.

    Examples
    --------
    >>> with chimaera.local() as rt, chimaera.Executor(rt) as executor:
    ...     answers = executor.map(rt.echo().echo, ["in the", "runtime"])
    ...     length = executor.submit(len, "in a thread")
    ...     list(answers), length.result()
    (['in the', 'runtime'], 11)
    """

    def __init__(self, runtime: Runtime, max_workers: int | None = None) -> None:
        default = min(32, (os.cpu_count() or 1) + 4)
        self.runtime = runtime
        self.max_workers = default if max_workers is None else max_workers
        if self.max_workers <= 0:
            raise BadRequestError(f"max_workers is {max_workers}")
        self._threads = concurrent.futures.ThreadPoolExecutor(
            self.max_workers, thread_name_prefix="chimaera-executor"
        )
        # Guards the two below; a task's callback discards it from any thread.
        self._changed = threading.Lock()
        self._tasks: set[concurrent.futures.Future[Any]] = set()
        self._shut_down = False

    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> concurrent.futures.Future[T]:
        """Run ``fn(*args, **kwargs)``.

        Returns
        -------
        concurrent.futures.Future
            What the call raises, wrong arguments too, is raised by its `result`.

        Raises
        ------
        RuntimeError
            After `shutdown`.
        """
        with self._changed:
            if self._shut_down:
                raise RuntimeError("cannot schedule new futures after shutdown")
            start = task_of(fn, kwargs)
            if start is None:
                return self._threads.submit(fn, *args, **kwargs)
            future: concurrent.futures.Future[T]
            try:
                future = _TaskFuture(start(*args, **kwargs))
            except Exception as error:  # noqa: BLE001 - it is the outcome
                future = concurrent.futures.Future()
                future.set_exception(error)
                return future
            self._tasks.add(future)
        future.add_done_callback(self._forget)
        return future

    def shutdown(
        self,
        wait: bool = True,  # noqa: FBT001, FBT002 - as the base class has it
        *,
        cancel_futures: bool = False,
    ) -> None:
        """Take no more calls.

        Parameters
        ----------
        wait : bool
            Return only when all are done.
        cancel_futures : bool
            Cancel the tasks, and the calls that have not begun.
        """
        with self._changed:
            self._shut_down = True
            pending = list(self._tasks)
        if cancel_futures:
            for future in pending:
                future.cancel()
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        if wait:
            concurrent.futures.wait(pending)

    def joblib_backend(self) -> ParallelBackendBase:
        """Return a backend for `joblib.parallel_config`.

        Its jobs are as many as `max_workers`, unless ``n_jobs`` says another
        number. Needs joblib.

        Examples
        --------
        >>> import joblib
        >>> with chimaera.local() as rt, chimaera.Executor(rt) as executor:
        ...     with joblib.parallel_config(executor.joblib_backend()):
        ...         echo = joblib.delayed(rt.echo().echo)
        ...         joblib.Parallel()(echo(f"{i}") for i in range(3))
        ['0', '1', '2']
        """
        from chimaera.joblib_backend import ChimaeraBackend

        return ChimaeraBackend(executor=self)

    def _forget(self, future: concurrent.futures.Future[Any]) -> None:
        with self._changed:
            self._tasks.discard(future)


def task_of(
    fn: Callable[..., Any], kwargs: dict[str, Any]
) -> Callable[..., Future[Any]] | None:
    """Return what submits the task that `fn` waits for; None for other callables."""
    if isinstance(fn, functools.partial):
        start = task_of(fn.func, {**fn.keywords, **kwargs})
        return start and functools.partial(start, *fn.args, **fn.keywords)
    if not isinstance(fn, MethodType) or not isinstance(fn.__self__, Pool):
        return None
    if fn.__name__.endswith("_async"):
        return fn
    # A subclass that gives the method another meaning need not know of the twin.
    twin = f"{fn.__name__}_async"
    for kind in type(fn.__self__).__mro__:
        if fn.__name__ in vars(kind):
            return getattr(fn.__self__, twin) if twin in vars(kind) else None
    return None

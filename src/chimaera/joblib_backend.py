# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Imported by `Executor.joblib_backend` only, since joblib is no dependency. Nothing is
# registered with joblib: its users hand an object over.
"""joblib on an `Executor`."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from joblib.parallel import ParallelBackendBase

from chimaera.executor import task_of

if TYPE_CHECKING:
    from chimaera.executor import Executor

__all__ = ["ChimaeraBackend"]

_Future = concurrent.futures.Future[Any]


class ChimaeraBackend(ParallelBackendBase):  # type: ignore[misc]  # joblib has no types
    """Batches of pool methods go to the runtime as tasks, others to threads.

    Parameters
    ----------
    executor : Executor
        Shut down by its owner, not by joblib.
    **settings
        Those of joblib's base class.
    """

    default_n_jobs = -1
    supports_retrieve_callback = True
    uses_threads = True
    supports_sharedmem = True

    def __init__(self, executor: Executor, **settings: Any) -> None:
        super().__init__(**settings)
        self._executor = executor
        self._pending: set[_Future] = set()

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """Return how many batches are under way at once."""
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 in Parallel has no meaning")
        if n_jobs is None:
            return 1
        # As joblib counts: -1 is all, -2 all but one.
        most = self._executor.max_workers
        return n_jobs if n_jobs > 0 else max(1, most + 1 + n_jobs)

    def submit(
        self, func: Any, callback: Callable[[_Future], None] | None = None
    ) -> _Future:
        """Submit a batch: a callable with its calls in `items`."""
        items = func.items
        submit = self._executor.submit
        if all(task_of(each, kwargs) for each, _, kwargs in items):
            batch: _Future = _Batch(
                [submit(each, *args, **kw) for each, args, kw in items]
            )
        else:
            batch = submit(func)
        self._pending.add(batch)
        batch.add_done_callback(self._pending.discard)
        if callback is not None:
            batch.add_done_callback(callback)
        return batch

    def retrieve_result_callback(self, out: _Future) -> Any:
        """Return the results of a batch, or raise what it raised."""
        return out.result(0)

    def abort_everything(
        self,
        ensure_ready: bool = True,  # noqa: ARG002, FBT001, FBT002 - as joblib has it
    ) -> None:
        """Cancel what a failed `joblib.Parallel` has left."""
        for batch in list(self._pending):
            batch.cancel()


class _Batch(_Future):
    """The list of results of several futures."""

    def __init__(self, futures: Sequence[_Future]) -> None:
        super().__init__()
        self._futures = futures
        # Whoever takes the 0 was the last; taking is atomic.
        self._left = list(range(len(futures)))
        for future in futures:
            future.add_done_callback(self._count)

    def cancel(self) -> bool:
        """Cancel this one and all of them."""
        cancelled = super().cancel()
        for future in self._futures:
            future.cancel()
        return cancelled

    def _count(self, _done: _Future) -> None:
        if self._left.pop() != 0 or not self.set_running_or_notify_cancel():
            return
        try:
            self.set_result([future.result(0) for future in self._futures])
        except BaseException as error:  # noqa: BLE001 - it is the outcome
            self.set_exception(error)

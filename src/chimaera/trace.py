# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The runtime records, this process asks for the records and writes the file.
"""What became of tasks, and when: traces for Perfetto."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from chimaera._extension import core
from chimaera.errors import BadRequestError, ChimaeraError
from chimaera.task import DEFAULT_TIMEOUT_S, Future

if TYPE_CHECKING:
    from chimaera.runtime import Runtime

__all__ = ["Trace", "Traces"]

# Of one without an end; the runtime allows no longer ones.
_LONGEST_S = 3600.0


class Trace:
    """What became of the tasks of all clients; made by `Runtime.trace`.

    A context manager: it begins when it is entered, and ends when it is left.
    """

    def __init__(self, runtime: Runtime, one_in: int, max_records: int) -> None:
        self._runtime = runtime
        self._one_in = one_in
        self._max_records = max_records
        self._id = 0
        self._start_ns = 0
        self._start_s = 0.0
        self._document: dict[str, Any] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._document is None:
            self.stop()

    def __repr__(self) -> str:
        if self._document is None:
            return "<Trace, not over>"
        facts = self._document["otherData"]
        return (
            f"<Trace of {facts['tasks']} tasks in {facts['seconds']:.3f} s, "
            f"one in {facts['one_in']}>"
        )

    def start(self, limit_s: float = _LONGEST_S) -> None:
        """Begin; after `limit_s` seconds nothing new is traced.

        Raises
        ------
        AlreadyExistsError
            Somebody traces this runtime already.
        """
        if self._id:
            raise BadRequestError("a trace is made once")
        self._start_s = time.time()
        call = core.start_trace(
            self._runtime.connection,
            self._one_in,
            self._max_records,
            int(limit_s * 1e9),
        )
        self._id, self._start_ns = self._ask(call)

    def stop(self) -> None:
        """End it, and get what was recorded."""
        from chimaera.trace_events import events
        from chimaera.trace_records import BUSY_ELSEWHERE, read_runs

        stop_ns = self._ask(self._call_stop(forget=False))
        try:
            read = list(self._buffers())
        finally:
            self._forget()
        runs = read_runs((worker, records) for worker, records, _ in read)
        dropped = {str(worker): lost for worker, _, lost in read if lost}
        shown = [run for run in runs if run.code != BUSY_ELSEWHERE]
        self._document = {
            "displayTimeUnit": "ns",
            "otherData": {
                "producer": "chimaera",
                "runtime_pid": self._runtime.pid,
                "start_time_s": self._start_s,
                "seconds": (stop_ns - self._start_ns) / 1e9,
                "one_in": self._one_in,
                "tasks": len(shown),
                "unfinished": sum(run.end_ns == 0 for run in shown),
                "dropped": sum(dropped.values()),
                "dropped_by_worker": dropped,
            },
            "traceEvents": events(
                runs,
                pid=self._runtime.pid,
                start_ns=self._start_ns,
                stop_ns=stop_ns,
            ),
        }

    @property
    def document(self) -> dict[str, Any]:
        """The trace, as `Runtime.trace` describes it.

        Raises
        ------
        BadRequestError
            It is not over.
        """
        if self._document is None:
            raise BadRequestError("the trace is not over")
        return self._document

    def save(self, path: str | Path) -> Path:
        """Write the file that https://ui.perfetto.dev opens."""
        path = Path(path)
        path.write_text(json.dumps(self.document), "utf-8")
        return path

    def _ask(self, call: core.Call) -> Any:
        return Future[Any](call, "trace").result_or_cancel(DEFAULT_TIMEOUT_S)

    def _call_stop(self, *, forget: bool) -> core.Call:
        return core.stop_trace(self._runtime.connection, self._id, forget)

    def _forget(self) -> None:
        try:
            self._ask(self._call_stop(forget=True))
        except ChimaeraError:
            return  # the runtime has done so itself, or is gone

    def _buffers(self) -> Iterator[tuple[int, bytes, int]]:
        """Worker, records, and how many it had no room for."""
        index, count = 0, 1
        while index < count:
            parts: list[bytes] = []
            while True:
                first = sum(map(len, parts)) // core.TRACE_RECORD_BYTES
                call = core.read_trace(self._runtime.connection, self._id, index, first)
                count, worker, dropped, records = self._ask(call)
                if not records:
                    break
                parts.append(records)
            if parts:
                yield worker, b"".join(parts), dropped
            index += 1


class Traces:
    """The part of `Runtime` that makes traces."""

    def trace(
        self,
        seconds: float | None = None,
        *,
        one_in: int = 64,
        max_records: int = 100_000,
    ) -> Trace:
        """Record what becomes of tasks, of all clients, for Perfetto.

        Parameters
        ----------
        seconds : float, optional
            Trace for so long, and return then. Without it the trace is to be used
            with ``with``, or by its `start` and `stop`.
        one_in : int
            Clients have one of so many of their tasks traced; 1: all. What a traced
            task submits is traced too.
        max_records : int
            Of each worker: a task takes one, and each wait and I/O of it. What has
            no room any more is counted.

        Returns
        -------
        Trace
            ``trace.save("t.json")`` writes the file for https://ui.perfetto.dev;
            ``trace.document`` is the same as a dict:

            ``otherData``
                ``seconds``; ``start_time_s``, on the wall clock; ``runtime_pid``;
                ``one_in``; ``tasks``, that have begun; ``unfinished``, of these;
                ``dropped``, records without room, and ``dropped_by_worker``.
            ``traceEvents``
                A list of dicts with ``ph``, ``cat``, ``name``, ``pid``, ``tid`` and
                ``ts``, in microseconds since the trace began. By ``(ph, cat)``:

                ``("X", "submit")``
                    On the track of the client's thread, or in the run that made
                    the subtask; ``dur``; ``args``: ``task``, ``client``, and
                    ``site``, "file:line function", if it came from Python.
                ``("b", "queue")``, ``("e", "queue")``
                    Sent and not begun; joined by ``id``.
                ``("X", "run")``
                    From begin to end on a track of its worker; ``name`` is
                    "pool.Method"; ``args``: ``task``, ``client``, ``pool`` (id),
                    ``worker``, ``queue_us``, ``code`` (0: success), ``site``; or
                    ``unfinished`` instead of ``code``.
                ``("X", "wait")``
                    The run was parked; ``args``: ``for`` (as
                    `LiveTask.waits_for`), and ``task`` or ``object``.
                ``("X", "io")``
                    It read or wrote files; ``args``: ``bytes``, ``transfers``.
                ``("X", "slice")``
                    A run that was parked has its worker, on that one's own track.
                ``("s", "submit")``, ``("f", "submit")``
                    The arrow from a submission to its run.
                ``("M", None)``
                    Names of tracks. A worker's own track is "worker 0"; runs that
                    were parked are beside it, on "worker 0, parked 1" and so on.

        Raises
        ------
        AlreadyExistsError
            Somebody traces this runtime already.
        """
        runtime: Any = self
        trace = Trace(runtime, one_in, max_records)
        if seconds is None:
            return trace
        with trace:
            time.sleep(seconds)
        return trace

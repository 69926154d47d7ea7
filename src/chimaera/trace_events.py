# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Chrome's trace event format, as Perfetto and chrome://tracing read it. Spans
# of one track never overlap but by lying in each other: what is parked while
# others run goes to a row of its own beside its worker's.
"""A trace as a document that Perfetto opens."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from chimaera.trace_records import BUSY_ELSEWHERE, Part, Run

__all__ = ["Event", "events"]

Event = dict[str, Any]

# Rows of workers have numbers that no thread has: those end at 2^22.
_FIRST_ROW = 1 << 23


def events(
    runs: Sequence[Run], *, pid: int, start_ns: int, stop_ns: int
) -> list[Event]:
    """Make the events of a trace.

    Parameters
    ----------
    runs : sequence of Run
    pid : int
        The runtime's.
    start_ns, stop_ns : int
        Of the trace. Times are given in microseconds since then.

    Returns
    -------
    list of dict
        As `chimaera.Runtime.trace` describes them.
    """
    return list(_Page(runs, pid, start_ns, stop_ns).events())


class _Page:
    def __init__(
        self, runs: Sequence[Run], pid: int, start_ns: int, stop_ns: int
    ) -> None:
        self.pid = pid
        self.start_ns = start_ns
        last = max((run.end_ns for run in runs), default=0)
        self.stop_ns = max(stop_ns, last)
        self.runs = sorted(
            (run for run in runs if run.code != BUSY_ELSEWHERE),
            key=lambda run: run.begin_ns,
        )
        began = {(run.client, run.task) for run in self.runs}
        # Handed over to another worker, which has not begun it.
        self.waiting = [
            run
            for run in runs
            if run.code == BUSY_ELSEWHERE and (run.client, run.task) not in began
        ]
        self.rows = self._rows()
        self.by_place = {(run.worker, run.number): run for run in self.runs}

    def _rows(self) -> dict[int, tuple[int, int]]:
        """Give each run, by its id(), the number of its worker and a row of that."""
        rows: dict[int, tuple[int, int]] = {}
        free: dict[int, list[int]] = {}
        busy: dict[int, list[tuple[int, int]]] = {}
        count: dict[int, int] = {}
        for run in self.runs:
            worker = run.worker
            if not _parked(run):
                rows[id(run)] = (worker, 0)
                continue
            spare = free.setdefault(worker, [])
            used = busy.setdefault(worker, [])
            while used and used[0][0] <= run.begin_ns:
                heapq.heappush(spare, heapq.heappop(used)[1])
            if not spare:
                count[worker] = count.get(worker, 0) + 1
                spare.append(count[worker])
            row = heapq.heappop(spare)
            heapq.heappush(used, (self._end(run), row))
            rows[id(run)] = (worker, row)
        return rows

    def _end(self, span: Run | Part) -> int:
        return span.end_ns or max(self.stop_ns, span.begin_ns)

    def _us(self, time_ns: int) -> float:
        return (time_ns - self.start_ns) / 1e3

    def _track(self, run: Run) -> Event:
        return {"pid": self.pid, "tid": self.tids[self.rows[id(run)]]}

    def _span(
        self, category: str, name: str, begin_ns: int, end_ns: int, where: Event
    ) -> Event:
        return {
            "ph": "X",
            "cat": category,
            "name": name,
            "ts": self._us(begin_ns),
            "dur": (end_ns - begin_ns) / 1e3,
            **where,
        }

    def events(self) -> Iterator[Event]:
        rows = set(self.rows.values())
        used = sorted(rows | {(worker, 0) for worker, _ in rows})
        self.tids = {row: _FIRST_ROW + i for i, row in enumerate(used)}
        yield from self._names()
        submitted = enumerate(self._with_submit_end(), start=1)
        for number, (run, submit_end_ns) in submitted:
            yield from self._submitted(run, submit_end_ns, number)
        for run in self.runs:
            yield from self._run(run)

    # ---- names of tracks ----

    def _names(self) -> Iterator[Event]:
        yield _name("process_name", f"chimaera runtime ({self.pid})", self.pid, 0)
        for (worker, row), tid in self.tids.items():
            name = f"worker {worker}" + (f", parked {row}" if row else "")
            yield _name("thread_name", name, self.pid, tid)
            yield {
                "ph": "M",
                "name": "thread_sort_index",
                "pid": self.pid,
                "tid": tid,
                "args": {"sort_index": tid - _FIRST_ROW},
            }
        threads = sorted(
            {
                (run.client, run.pid, run.thread)
                for run in (*self.runs, *self.waiting)
                if run.pid
            }
        )
        for client, pid in sorted({each[:2] for each in threads}):
            if pid != self.pid:
                yield _name("process_name", f"client {client} ({pid})", pid, 0)
        for client, pid, thread in threads:
            yield _name("thread_name", f"client {client}, {thread}", pid, thread)

    # ---- how tasks came ----

    def _with_submit_end(self) -> Iterator[tuple[Run, int]]:
        """Yield runs, and when their submission ended at the latest.

        Of a batch that found the ring full, several are being sent at once.
        """
        threads: dict[tuple[int, int], list[Run]] = {}
        for run in (*self.runs, *self.waiting):
            if run.pid:
                threads.setdefault((run.pid, run.thread), []).append(run)
            elif run.parent in self.by_place:
                yield run, run.sent_ns
        for mine in threads.values():
            mine.sort(key=lambda run: run.submit_ns)
            for run, following in pairwise(mine):
                yield run, min(run.sent_ns, following.submit_ns)
            yield mine[-1], mine[-1].sent_ns

    def _submitted(self, run: Run, end_ns: int, number: int) -> Iterator[Event]:
        if run.pid:
            where: Event = {"pid": run.pid, "tid": run.thread}
        else:
            where = self._track(self.by_place[run.parent])
        begun = run.code != BUSY_ELSEWHERE
        args = {"task": run.task, "client": run.client}
        if run.site:
            args["site"] = run.site
        span = self._span(
            "submit", f"submit {_title(run)}", run.submit_ns, end_ns, where
        )
        yield {**span, "args": args}
        queue = {"cat": "queue", "name": "queue", "id": number, **where}
        yield {
            **queue,
            "ph": "b",
            "ts": self._us(run.sent_ns),
            "args": {"task": run.task, "name": _title(run)},
        }
        if not begun:
            return
        yield {**queue, "ph": "e", "ts": self._us(run.begin_ns)}
        flow = {"cat": "submit", "name": "submit", "id": number}
        yield {**flow, "ph": "s", "ts": self._us(run.submit_ns), **where}
        yield {
            **flow,
            "ph": "f",
            "bp": "e",
            "ts": self._us(run.begin_ns),
            **self._track(run),
        }

    # ---- how they ran ----

    def _run(self, run: Run) -> Iterator[Event]:
        where = self._track(run)
        end_ns = self._end(run)
        args: Event = {
            "task": run.task,
            "client": run.client,
            "pool": run.pool_id,
            "worker": run.worker,
            "queue_us": (run.begin_ns - run.sent_ns) / 1e3,
            "code": run.code,
        }
        if run.site:
            args["site"] = run.site
        if run.end_ns == 0:
            args["unfinished"] = True
            del args["code"]
        yield {
            **self._span("run", _title(run), run.begin_ns, end_ns, where),
            "args": args,
        }
        for part in run.parts:
            yield self._part(part, end_ns, where)
        if _parked(run):
            yield from self._slices(run, end_ns)

    def _part(self, part: Part, run_end_ns: int, where: Event) -> Event:
        end_ns = part.end_ns or run_end_ns
        if part.kind == "io":
            args: Event = {"bytes": part.object, "transfers": part.count}
            name = f"{part.what} {part.object} B"
        else:
            args = {"for": part.what}
            name = f"wait {part.what}"
            if part.task:
                args["task"] = part.task
            elif part.object:
                args["object"] = f"{part.object:#x}"
        if part.end_ns == 0:
            args["unfinished"] = True
        span = self._span(part.kind, name, part.begin_ns, end_ns, where)
        return {**span, "args": args}

    def _slices(self, run: Run, end_ns: int) -> Iterator[Event]:
        """When a run that was parked had its worker."""
        where = {"pid": self.pid, "tid": self.tids[run.worker, 0]}
        at = run.begin_ns
        waits = [part for part in run.parts if part.kind == "wait"]
        for part in waits:
            span = self._span("slice", _title(run), at, part.begin_ns, where)
            yield {**span, "args": {"task": run.task}}
            at = part.end_ns or end_ns
        if run.end_ns:
            span = self._span("slice", _title(run), at, end_ns, where)
            yield {**span, "args": {"task": run.task}}


def _parked(run: Run) -> bool:
    return any(part.kind == "wait" for part in run.parts)


def _title(run: Run) -> str:
    return f"{run.pool or run.pool_id}.{run.method}"


def _name(kind: str, name: str, pid: int, tid: int) -> Event:
    return {"ph": "M", "name": kind, "pid": pid, "tid": tid, "args": {"name": name}}

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Text only: documents of Runtime.metrics() go in, lines that fit a terminal come out.
"""What `chimaera top` shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from chimaera.figure_text import count_text, size_text, time_text

__all__ = ["SORTS", "Line", "View"]

Document = dict[str, Any]

_WORKERS_SHOWN_MAX = 8
_HEAD_LINES = 3  # two of the runtime, one empty


class Line(NamedTuple):
    """One line.

    Parameters
    ----------
    text : str
    style : str
        ``head``, ``alert`` or empty.
    """

    text: str
    style: str = ""


class _Method(NamedTuple):
    pool: str
    method: str
    rate: float
    tasks: int
    failed: int
    p50_s: float | None
    p99_s: float | None
    max_s: float | None


#: By the key that chooses it: its name, and the order of methods.
SORTS: dict[str, tuple[str, Callable[[_Method], Any]]] = {
    "r": ("rate", lambda row: (-row.rate, -row.tasks)),
    "t": ("tasks", lambda row: -row.tasks),
    "l": ("p99", lambda row: -(row.p99_s or 0)),
    "f": ("failed", lambda row: (-row.failed, -row.tasks)),
    "n": ("name", lambda row: (row.pool, row.method)),
}


class View:
    """Turns a document, and the one before it, into lines.

    Parameters
    ----------
    sort : str
        A key of `SORTS`.
    """

    def __init__(self, sort: str = "r") -> None:
        self.sort = sort
        self._document: Document | None = None
        self._before: Document | None = None

    def add(self, document: Document) -> None:
        """Take the next document; rates are those since the one before."""
        self._before, self._document = self._document, document

    def lines(self, width: int, height: int, foot: str = "") -> list[Line]:
        """Return what fits: no line is wider, and there are no more."""
        now = self._document
        if now is None:
            return [Line("waiting for the runtime"[:width])]
        shown = list(self._head(now))
        room = height - len(shown) - (1 if foot else 0)
        workers = self._workers(now)[: _WORKERS_SHOWN_MAX + 1]
        clients = self._clients(now)
        # Methods get what workers and clients leave, and at least half.
        room_clients = min(len(clients), max(room // 4, 2))
        room_workers = min(len(workers), max(room // 3, 2))
        room_methods = room - room_workers - room_clients - 2
        shown += workers[:room_workers]
        shown += [Line(""), *self._methods(now)[: max(room_methods, 0)]]
        shown += [Line(""), *clients[:room_clients]]
        shown = [Line(line.text[:width], line.style) for line in shown]
        del shown[max(height - 1, 0) if foot else height :]
        if foot:
            shown += [Line("")] * (height - 1 - len(shown))
            shown.append(Line(foot[:width], "head"))
        return shown

    def _seconds(self) -> float:
        """Tell how far the two documents are apart; 0 where there is only one."""
        if self._before is None or self._document is None:
            return 0.0
        if self._before["pid"] != self._document["pid"]:
            return 0.0
        return float(self._document["time_s"] - self._before["time_s"])

    def _rate(self, now: int, before: int | None) -> float:
        seconds = self._seconds()
        if seconds <= 0 or before is None or now < before:
            return 0.0
        return (now - before) / seconds

    def _counts(self, table: str, key: str) -> dict[Any, int]:
        """Return the tasks of the rows of a table in the document before."""
        rows = [] if self._before is None else self._before[table]
        return {row[key]: row["tasks"] for row in rows}

    def _head(self, now: Document) -> Iterator[Line]:
        before = None if self._before is None else self._before["tasks"]
        rate = count_text(self._rate(now["tasks"], before))
        name = f" {now['name']}" if now["name"] else ""
        stuck = f", {len(now['stuck'])} STUCK" if now["stuck"] else ""
        yield Line(
            f"chimaera{name}, pid {now['pid']}, up {_clock(now['uptime_s'])}, "
            f"{now['health']}{stuck}: {rate} tasks/s",
            "alert" if now["stuck"] else "head",
        )
        loaned = sum(client["loaned_bytes"] for client in now["clients"])
        yield Line(
            f"{count_text(now['tasks'])} tasks, {now['failed']} failed, "
            f"{now['cancelled']} cancelled, {now['expired']} expired; "
            f"memory {size_text(now['resident_bytes'])}, {size_text(loaned)} loaned"
        )
        yield Line("")

    def _workers(self, now: Document) -> list[Line]:
        before = self._counts("workers", "index")
        rows = [
            (
                str(worker["index"]),
                worker["kind"],
                f"{worker['load']:.0%}",
                count_text(self._rate(worker["tasks"], before.get(worker["index"]))),
                str(worker["parked"]),
                str(worker["rings"]),
                str(worker["long_waiting"]),
                _running(worker),
            )
            for worker in now["workers"]
        ]
        heads = ("WORKER", "KIND", "LOAD", "TASKS/S", "PARKED", "RINGS", "LONG", "RUNS")
        return _table(heads, rows, left=(1, 7))

    def _methods(self, now: Document) -> list[Line]:
        before: dict[tuple[str, int], int] = {}
        for pool in self._before["pools"] if self._before else ():
            for method in pool["methods"]:
                before[pool["id"], method["id"]] = method["tasks"]
        methods = []
        for pool in now["pools"]:
            for method in pool["methods"]:
                if method["tasks"] == 0:
                    continue
                last = before.get((pool["id"], method["id"]))
                if last is None and self._before is not None:
                    last = 0
                run = method.get("run_s") or {}  # none without statistics
                methods.append(
                    _Method(
                        f"{pool['id']} {pool['name']}",
                        method["name"],
                        self._rate(method["tasks"], last),
                        method["tasks"],
                        method["failed"],
                        *(run.get(key) for key in ("p50_s", "p99_s", "max_s")),
                    )
                )
        name, order = SORTS[self.sort]
        rows = [
            (
                row.method,
                count_text(row.rate),
                count_text(row.tasks),
                count_text(row.failed),
                *(time_text(each) for each in (row.p50_s, row.p99_s, row.max_s)),
                row.pool,
            )
            for row in sorted(methods, key=order)
        ]
        heads = ["METHOD", "TASKS/S", "TASKS", "FAILED", "P50", "P99", "MAX", "POOL"]
        at = {"rate": 1, "tasks": 2, "p99": 5, "failed": 3, "name": 7}[name]
        heads[at] += "*"
        return _table(heads, rows, left=(0, 7))

    def _clients(self, now: Document) -> list[Line]:
        before = self._counts("clients", "id")
        rows = [
            (
                str(client["id"]),
                str(client["pid"]),
                count_text(self._rate(client["tasks"], before.get(client["id"]))),
                count_text(client["tasks"]),
                str(client["in_flight"]),
                size_text(client["memory_bytes"]),
                size_text(client["loaned_bytes"]),
            )
            for client in sorted(now["clients"], key=lambda each: -each["tasks"])
        ]
        heads = ("CLIENT", "PID", "TASKS/S", "TASKS", "IN FLIGHT", "MEMORY", "LOANED")
        return _table(heads, rows)


# ---- cells --------------------------------------------------------------------


def _clock(seconds: float) -> str:
    minutes, whole = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{f'{days}d ' if days else ''}{hours:02}:{minutes:02}:{whole:02}"


def _running(worker: Document) -> str:
    run = worker["running"]
    if run is not None:
        return f"{run['method']} of {run['pool']} for {time_text(run['since_s'])}"
    return "asleep" if worker["asleep"] else "-"


def _table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = ()
) -> list[Line]:
    """Align columns, to the right but for those in `left`."""
    cells = [heads, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for number, row in enumerate(cells):
        text = "  ".join(
            f"{cell:{'<' if at in left else '>'}{widths[at]}}"
            for at, cell in enumerate(row)
        )
        lines.append(Line(text.rstrip(), "head" if number == 0 else ""))
    return lines

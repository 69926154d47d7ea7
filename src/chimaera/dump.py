# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Plain values, made of the JSON that the runtime answers with.
"""What the live tasks of a runtime wait for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Dump", "LiveLock", "LiveTask", "StuckWorker"]


@dataclass(frozen=True, slots=True)
class LiveTask:
    """A method that has begun and is not over.

    Attributes
    ----------
    pool, pool_name, module, method : str
    client : int
        Session of the client it runs for; 0 is the runtime itself.
    task : str
        Its group, which its subtasks share, a point, and its own number.
    worker : int
    state : str
        ``"waiting"``, or ``"ready"`` to go on.
    waits_for : str
        ``"task"``, ``"mutex"``, ``"read_lock"``, ``"write_lock"``, ``"sleep"``,
        ``"io"``, ``"yield"``, ``"tasks"`` or ``"other"``.
    object : str or None
        Address of what it waits for.
    waited_ms : float
        Exact to a few milliseconds.
    """

    pool: str
    pool_name: str
    module: str
    method: str
    client: int
    task: str
    worker: int
    state: str
    waits_for: str
    object: str | None
    waited_ms: float

    def __str__(self) -> str:
        what = self.waits_for if self.object is None else f"{self.waits_for} at"
        where = f"{self.object} " if self.object is not None else ""
        return (
            f"{self.method} of {self.pool} ({self.pool_name}), task {self.task} of "
            f"client {self.client}, worker {self.worker}: {self.state}, {what} "
            f"{where}for {self.waited_ms:.0f} ms"
        )


@dataclass(frozen=True, slots=True)
class LiveLock:
    """A lock for which somebody waits.

    Attributes
    ----------
    object : str
        Its address, as in `LiveTask.object`.
    kind : str
        ``"mutex"`` or ``"rwlock"``.
    owners, waiting : tuple of (int or None, int or None)
        Client and group of tasks; (None, None) is a thread of the runtime.
    """

    object: str
    kind: str
    owners: tuple[tuple[int | None, int | None], ...]
    waiting: tuple[tuple[int | None, int | None], ...]

    def __str__(self) -> str:
        owners = ", ".join(map(_group_name, self.owners)) or "nobody just now"
        return (
            f"{self.kind} at {self.object}: held by {owners}; {len(self.waiting)} wait"
        )


@dataclass(frozen=True, slots=True)
class StuckWorker:
    """A worker that a method keeps from everything else.

    Attributes
    ----------
    worker : int
    for_ms : float
    run : str
        Pool, module, method, task and client.
    stack : str
        One line a frame, innermost first.
    """

    worker: int
    for_ms: float
    run: str
    stack: str

    def __str__(self) -> str:
        return f"worker {self.worker} for {self.for_ms:.0f} ms{self.run}\n{self.stack}"


@dataclass(frozen=True, slots=True)
class Dump:
    """What the live tasks of a runtime wait for; ``print`` it.

    Attributes
    ----------
    tasks : tuple of LiveTask
    omitted : int
        Tasks that are not listed since there are too many.
    locks : tuple of LiveLock
    cycles : tuple of str
        Groups of tasks that wait for each other in a ring: they never end but by
        their deadlines.
    stuck : tuple of StuckWorker
    silent_workers : tuple of int
        Workers that did not answer: a method holds them.
    """

    tasks: tuple[LiveTask, ...]
    omitted: int
    locks: tuple[LiveLock, ...]
    cycles: tuple[str, ...]
    stuck: tuple[StuckWorker, ...]
    silent_workers: tuple[int, ...]

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{len(self.tasks) + self.omitted} tasks have begun and are not over"
        yield from (f"  {task}" for task in self.tasks)
        if self.omitted:
            yield f"  ... and {self.omitted} more"
        yield from map(str, self.locks)
        yield from (f"deadlock: {cycle}" for cycle in self.cycles)
        yield from (f"stuck: {each}" for each in self.stuck)
        for worker in self.silent_workers:
            yield f"worker {worker} does not answer"


def dump_of(text: str) -> Dump:
    """Make the dump of what _core.dump answers."""
    row: dict[str, Any] = json.loads(text)
    return Dump(
        tasks=tuple(LiveTask(**task) for task in row["tasks"]),
        omitted=row["omitted"],
        locks=tuple(
            LiveLock(
                lock["object"],
                lock["kind"],
                tuple(map(_group, lock["owners"])),
                tuple(map(_group, lock["waiting"])),
            )
            for lock in row["locks"]
        ),
        cycles=tuple(row["cycles"]),
        stuck=tuple(StuckWorker(**stuck) for stuck in row["stuck"]),
        silent_workers=tuple(row["silent_workers"]),
    )


def _group(row: dict[str, Any]) -> tuple[int | None, int | None]:
    return row["client"], row.get("task")


def _group_name(group: tuple[int | None, int | None]) -> str:
    client, task = group
    if client is None:
        return "a thread of the runtime"
    return f"client {client} task {task}"

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The other side of src/cpp/include/chimaera/sched/tracer.h: what the runtime
# gives away is the memory of its records.
"""What a trace recorded, as plain values."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from chimaera._extension import core

__all__ = ["BUSY_ELSEWHERE", "Part", "Run", "read_runs"]

_RECORD = struct.Struct("<IIQQQQQQIIIIIIQQQIIIIQ")
_TEXT_OFFSET = 8
_RUN, _WAIT, _IO, _TEXT, _ORIGIN = 1, 2, 3, 4, 5

# TraceRecord::kHandedOver
BUSY_ELSEWHERE = 0xFFFFFFFF

_WAITS = (
    "other",
    "task",
    "tasks",
    "mutex",
    "read_lock",
    "write_lock",
    "sleep",
    "io",
    "yield",
)
_OPERATIONS = ("read", "write", "sync", "begin sync")


@dataclass(slots=True)
class Part:
    """A wait or an I/O of a run.

    Attributes
    ----------
    kind : {"wait", "io"}
    what : str
        What is waited for, as `LiveTask.waits_for`; or read, write, sync.
    begin_ns, end_ns : int
        On CLOCK_MONOTONIC; 0: not over.
    object : int
        Address of what is waited for; bytes.
    task : str
        The awaited task, or nothing.
    count : int
        Transfers of an I/O.
    """

    kind: str
    what: str
    begin_ns: int
    end_ns: int
    object: int
    task: str
    count: int


@dataclass(slots=True)
class Run:
    """A task: how it came, and how its method ran.

    Attributes
    ----------
    worker, number : int
        Where it ran, and its place there.
    begin_ns, end_ns, submit_ns, sent_ns : int
        On CLOCK_MONOTONIC; an end of 0: not over.
    client : int
        Session; 0 is the runtime.
    task : str
        Group, point, number.
    pool_id, pool, method : str
    pid, thread : int
        Of the client; 0 for subtasks.
    parent : (int, int)
        Worker and number of the run that made it; (0, 0) for clients' tasks.
    site : str
        Where it was submitted, or nothing.
    code : int
        Of its outcome.
    parts : list of Part
        In order of their begin.
    """

    worker: int
    number: int
    begin_ns: int
    end_ns: int
    submit_ns: int
    sent_ns: int
    client: int
    task: str
    pool_id: str
    pool: str
    method: str
    pid: int
    thread: int
    parent: tuple[int, int]
    site: str
    code: int
    parts: list[Part] = field(default_factory=list)


class _Origin(NamedTuple):
    thread: int = 0
    site: str = ""


# What clients have told some worker, by client and their number of it.
_Origins = dict[tuple[int, int], _Origin]


def read_runs(buffers: Iterable[tuple[int, bytes]]) -> list[Run]:
    """Read the records of all workers.

    Parameters
    ----------
    buffers : iterable of (int, bytes)
        Of each worker: its number, and all its records.

    Returns
    -------
    list of Run
    """
    if _RECORD.size != core.TRACE_RECORD_BYTES:
        raise ImportError("chimaera: package and extension differ; install anew")
    origins: _Origins = {}
    read = [
        (worker, records, _texts_of(records, origins)) for worker, records in buffers
    ]
    return [run for each in read for run in _runs_of(*each, origins)]


def _texts_of(records: bytes, origins: _Origins) -> dict[int, str]:
    """Collect the texts of a buffer by number, and the origins told in it."""
    texts = {0: ""}
    for number, row in enumerate(_RECORD.iter_unpack(records), start=1):
        kind, what = row[:2]
        if kind == _TEXT:
            at = (number - 1) * _RECORD.size + _TEXT_OFFSET
            texts[number] = records[at : at + what].decode(errors="replace")
        elif kind == _ORIGIN:
            origins[row[5], row[17]] = _Origin(row[13], texts.get(what, ""))
    return texts


def _runs_of(
    worker: int, records: bytes, texts: dict[int, str], origins: _Origins
) -> Iterator[Run]:
    runs: dict[int, Run] = {}
    for number, row in enumerate(_RECORD.iter_unpack(records), start=1):
        kind = row[0]
        if kind == _RUN:
            origin = origins.get((row[5], row[17]), _Origin())
            runs[number] = _run(worker, number, row, texts, origin)
        elif kind in {_WAIT, _IO} and row[11] in runs:
            runs[row[11]].parts.append(_part(row))
    yield from runs.values()


def _run(
    worker: int,
    number: int,
    row: tuple[int, ...],
    texts: dict[int, str],
    origin: _Origin,
) -> Run:
    parent = row[14]
    return Run(
        worker=worker,
        number=number,
        begin_ns=row[2],
        end_ns=row[21],
        submit_ns=row[3],
        sent_ns=row[4],
        client=row[5],
        task=f"{row[6]}.{row[7]}",
        pool_id=f"{row[8]}.{row[9]}",
        pool=texts.get(row[18], ""),
        method=texts.get(row[19], "") or f"method {row[10]}",
        pid=row[12],
        thread=origin.thread,
        parent=(parent >> 32, parent & 0xFFFFFFFF),
        site=origin.site,
        code=row[20],
    )


def _part(row: tuple[int, ...]) -> Part:
    is_wait = row[0] == _WAIT
    names = _WAITS if is_wait else _OPERATIONS
    task = f"{row[6]}.{row[7]}"
    return Part(
        kind="wait" if is_wait else "io",
        what=names[row[1]] if row[1] < len(names) else "other",
        begin_ns=row[2],
        end_ns=row[21],
        object=row[15],
        task="" if task == "0.0" else task,
        count=row[16],
    )

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# How the runtime writes a line is src/cpp/base/log.cc's to say.
"""Lines of a runtime's log, and following its file."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

__all__ = ["LEVELS", "LogLine", "follow", "older", "parse"]

#: By the letter that stands in a line, the least urgent first.
LEVELS = {"D": "debug", "I": "info", "W": "warning", "E": "error", "F": "fatal"}

_LINE = re.compile(r"(\S+Z) ([DIWEF]) (\d+)/(\d+) (.*?):(\d+)\] (.*)")
_LOOK_AGAIN_S = 0.2
_CHUNK_BYTES = 1 << 16


class LogLine(NamedTuple):
    """One line, taken apart.

    Parameters
    ----------
    time_s : float
        Of the system's clock, since 1970.
    level : str
        One of `LEVELS`.
    pid, tid : int
    file : str
        Of the source.
    line : int
    message : str
    """

    time_s: float
    level: str
    pid: int
    tid: int
    file: str
    line: int
    message: str


def parse(text: str) -> LogLine | None:
    """Take a line apart; None if it is none of the runtime's own.

    A module may print, and so may a sanitizer.
    """
    match = _LINE.fullmatch(text.rstrip("\n"))
    if match is None:
        return None
    when, letter, pid, tid, file, line, message = match.groups()
    try:
        time_s = datetime.fromisoformat(when).timestamp()
    except ValueError:
        return None
    return LogLine(time_s, LEVELS[letter], int(pid), int(tid), file, int(line), message)


def older(path: Path) -> list[Path]:
    """Return the files that were put aside, FILE.1 and so on, the oldest first."""
    found: list[Path] = []
    while (each := path.with_name(f"{path.name}.{len(found) + 1}")).exists():
        found.append(each)
    return found[::-1]


def follow(path: Path, at_end: Callable[[], bool]) -> Iterator[str]:
    """Yield the lines of a log, the oldest first, also those that are still to come.

    Parameters
    ----------
    path : Path
        It may be put aside meanwhile, or not be there yet.
    at_end : callable
        Asked when nothing is new: whether to go on.

    Yields
    ------
    str
        Without the end of line.
    """
    descriptor = None
    try:
        while True:
            if descriptor is None:
                descriptor = _open([*older(path), path])
            if descriptor is not None:
                yield from _lines(descriptor)
                newer = _next(path, descriptor)
                if newer is not None:
                    yield from _lines(descriptor)  # what came before it was put aside
                    os.close(descriptor)
                    descriptor = newer
                    continue
            if not at_end():
                return
            time.sleep(_LOOK_AGAIN_S)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _open(paths: list[Path]) -> int | None:
    """Open the first that is there."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    return None


def _lines(descriptor: int) -> Iterator[str]:
    """Yield whole lines up to the end; what is unfinished is read again later."""
    rest = b""
    while chunk := os.read(descriptor, _CHUNK_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)
    os.lseek(descriptor, -len(rest), os.SEEK_CUR)


def _next(path: Path, descriptor: int) -> int | None:
    """Open the file that came after this one; None if this is the newest."""
    here = os.fstat(descriptor)
    newer: int | None = None
    for each in [path, *older(path)[::-1]]:
        opened = _open([each])
        if opened is None:
            continue
        if os.path.samestat(os.fstat(opened), here):
            os.close(opened)
            return newer
        if newer is not None:
            os.close(newer)
        newer = opened
    # Put aside so often that it is gone: go on with the oldest that is left.
    return newer

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# A thread of the runtime must never wait for Python, nor take its lock: it writes
# its line into a pipe, or drops it where that is full, and a thread of ours reads.
"""The log of a runtime inside this process, for Python's `logging`."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable

from chimaera._extension import core
from chimaera.log_lines import LogLine, parse

__all__ = ["dropped", "flush", "level_wanted", "use"]

_LOGGER = logging.getLogger("chimaera")
_CHUNK_BYTES = 1 << 16
_FLUSH_TIMEOUT_S = 2.0
# The least urgent first. fatal: the process is about to end.
_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "fatal": logging.CRITICAL,
}


class _Bridge:
    """The pipe of this process, and the thread that empties it."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.pipe = core.LogPipe()
        self._flushed = threading.Event()
        self._told = 0
        thread = threading.Thread(target=self._drain, name="chimaera-log", daemon=True)
        thread.start()

    def flush(self) -> None:
        """Return when what was written before has been handled, or soon after."""
        self._flushed.clear()
        # An empty line, which no log line is.
        try:
            os.write(self.pipe.write_fd, b"\n")
        except BlockingIOError:
            return  # full: its reader is busy enough
        self._flushed.wait(_FLUSH_TIMEOUT_S)

    def _drain(self) -> None:
        rest = b""
        while chunk := os.read(self.pipe.read_fd, _CHUNK_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line:
                    _guarded(_handle, line.decode(errors="replace"))
                else:
                    self._flushed.set()
            _guarded(self._tell_dropped)

    def _tell_dropped(self) -> None:
        count = self.pipe.dropped
        if count > self._told:
            more, self._told = count - self._told, count
            _LOGGER.warning("%d lines of the log were dropped", more)


def use() -> None:
    """Send the log of this process to the logger ``chimaera`` from now on.

    What nobody handles there goes to standard error as it is.
    """
    bridge = _of_this_process()
    bridge.pipe.use()


def flush() -> None:
    """Return when all lines up to now have reached the logger; for exit, too."""
    if _bridge is not None and _bridge.pid == os.getpid():
        _bridge.flush()


def dropped() -> int:
    """Return how many lines found the queue full."""
    return 0 if _bridge is None else _bridge.pipe.dropped


def level_wanted() -> str:
    """Return what the logger ``chimaera`` lets through, as a level of the log."""
    effective = _LOGGER.getEffectiveLevel()
    for name, level in _LEVELS.items():
        if effective <= level:
            return name
    return "fatal"


_bridge: _Bridge | None = None


def _of_this_process() -> _Bridge:
    global _bridge  # noqa: PLW0603 - a process has one
    if _bridge is None or _bridge.pid != os.getpid():
        _bridge = _Bridge()
        if core.log_level_is_fixed() and _LOGGER.level == logging.NOTSET:
            # The environment goes before what the program has configured.
            _LOGGER.setLevel(_LEVELS[core.log_level()])
    return _bridge


def _guarded(handle: Callable[..., None], *arguments: str) -> None:
    """Call into handlers and filters of the program, whatever they raise.

    What it was is told as `logging.Handler.handleError` does. The thread lives on.
    """
    try:
        handle(*arguments)
    except BaseException:  # noqa: BLE001 - a SystemExit would end this thread only
        if logging.raiseExceptions and sys.stderr is not None:
            with contextlib.suppress(Exception):  # it may be closed
                traceback.print_exc()


def _handle(text: str) -> None:
    line = parse(text)
    if line is None or not _LOGGER.hasHandlers():
        if sys.stderr is not None:
            sys.stderr.write(text + "\n")
        return
    level = _LEVELS[line.level]
    if _LOGGER.isEnabledFor(level):
        _LOGGER.handle(_record(line, level))


def _record(line: LogLine, level: int) -> logging.LogRecord:
    record = logging.LogRecord(
        _LOGGER.name, level, line.file, line.line, line.message, None, None
    )
    # When and where it was written, not when it was read.
    record.relativeCreated += (line.time_s - record.created) * 1e3
    record.created = line.time_s
    record.msecs = line.time_s % 1 * 1e3
    record.thread = line.tid
    record.threadName = f"chimaera-{line.tid}"
    record.process = line.pid
    return record

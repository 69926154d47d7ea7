# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# In a terminal Rich draws; in a notebook one piece of HTML is replaced: Rich would
# want widgets. Elsewhere, as in a log file, nothing is drawn and nothing imported.
"""Bars that show how far an operation is."""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sized
from html import escape
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from chimaera.errors import BadRequestError
from chimaera.figure_text import size_text
from chimaera.task import DEFAULT_TIMEOUT_S, Future
from chimaera.waiting import as_completed

if TYPE_CHECKING:
    from chimaera.bdev import BlockDevice

__all__ = ["progress", "transfer_progress"]

# Between two drawings, and between two questions to a device.
_PAUSE_S = 0.1

T = TypeVar("T")


class _Bar(Protocol):
    """What draws."""

    def draw(self, done: int) -> None:
        """Show so much; the last call shows what stays."""

    def end(self) -> None:
        """Leave it as it is."""


def progress(
    items: Iterable[T],
    *,
    label: str = "",
    total: int | None = None,
    timeout: float = DEFAULT_TIMEOUT_S,
) -> Iterator[T]:
    """Go through futures, or anything else, and show in a bar how far that is.

    In a terminal and in a notebook; silent elsewhere.

    Parameters
    ----------
    items : iterable
        The futures of a list, or of another collection, come when they are done, as
        from `as_completed`. Any other items, also those of `as_completed` itself, come
        as they are.
    label : str
        Stands before the bar.
    total : int, optional
        How many there will be, if `items` cannot say it.
    timeout : float
        Of a collection of futures: seconds from now to the last of them.

    Yields
    ------
    item

    Raises
    ------
    DeadlineExceededError
        Some futures are not done in time; they go on.

    Examples
    --------
    >>> with chimaera.local() as rt:
    ...     futures = [rt.echo().echo_async(f"{i}") for i in range(3)]
    ...     sorted(future.result() for future in chimaera.progress(futures))
    ['0', '1', '2']
    """
    if not isinstance(items, Sized):
        return _shown(iter(items), label, total)
    rest = iter(items)
    first = list(islice(rest, 1))
    if first and isinstance(first[0], Future):
        futures = dict.fromkeys(cast("Iterable[Future[Any]]", chain(first, rest)))
        total = len(futures)
        return _shown(cast("Iterator[T]", as_completed(futures, timeout)), label, total)
    return _shown(chain(first, rest), label, len(items) if total is None else total)


def _shown(items: Iterator[T], label: str, total: int | None) -> Iterator[T]:
    bar = _bar(label, total, "items")
    drawn_at, done = 0.0, 0
    try:
        for item in items:
            yield item
            done += 1
            now = time.monotonic()
            if now - drawn_at >= _PAUSE_S:
                bar.draw(done)
                drawn_at = now
    finally:
        bar.draw(done)
        bar.end()


@contextlib.contextmanager
def transfer_progress(
    device: BlockDevice, size_bytes: int, *, label: str = ""
) -> Iterator[None]:
    """Show in a bar what a device reads and writes while a block of code runs.

    For one long statement, as the writing of an array. The device is asked ten times
    a second for what it has moved, for whomever; only where the bar is seen.

    Parameters
    ----------
    device : BlockDevice
    size_bytes : int
        What will be moved, > 0.
    label : str
        Stands before the bar.

    Examples
    --------
    >>> with chimaera.local() as rt:
    ...     device = rt.bdev(size_bytes=1 << 20)
    ...     ones = device.array("ones", 1000, "f8")
    ...     with chimaera.transfer_progress(device, ones.nbytes):
    ...         ones[:] = 1
    """
    if size_bytes <= 0:
        raise BadRequestError(f"a transfer of {size_bytes} bytes")
    bar = _bar(label, size_bytes, "bytes")
    if isinstance(bar, _NoBar):
        yield
        return
    with _followed(device, size_bytes, bar):
        yield


@contextlib.contextmanager
def _followed(device: BlockDevice, size_bytes: int, bar: _Bar) -> Iterator[None]:
    """Draw what a device moves; nothing that fails here fails the block of code."""
    before: int | None = None
    ended = threading.Event()

    def draw() -> None:
        nonlocal before
        # A device that does not answer now may do so next time; a terminal may be gone.
        with contextlib.suppress(Exception):
            moved = _moved(device)
            before = moved if before is None else before
            bar.draw(min(moved - before, size_bytes))

    def follow() -> None:
        while not ended.wait(_PAUSE_S):
            draw()

    thread = threading.Thread(target=follow, name="chimaera-progress", daemon=True)
    try:
        draw()
        thread.start()
        yield
    finally:
        ended.set()
        if thread.ident is not None:
            thread.join()
        draw()
        with contextlib.suppress(Exception):
            bar.end()


def _moved(device: BlockDevice) -> int:
    stats = device.stats(timeout_s=1.0)
    return stats.bytes_read + stats.bytes_written


# ---- what draws ----


def _bar(label: str, total: int | None, unit: str) -> _Bar:
    if _in_notebook():
        return _NotebookBar(label, total, unit)
    if sys.stderr is not None and sys.stderr.isatty():
        return _TerminalBar(label, total, unit)
    return _NoBar()


def _in_notebook() -> bool:
    """Whether output goes to a notebook: then IPython has been imported."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and getattr(shell, "kernel", None) is not None


class _NoBar:
    def draw(self, done: int) -> None:
        pass

    def end(self) -> None:
        pass


class _TerminalBar:
    def __init__(self, label: str, total: int | None, unit: str) -> None:
        from rich import progress as rich_progress
        from rich.console import Console

        count: rich_progress.ProgressColumn = (
            rich_progress.DownloadColumn(binary_units=True)
            if unit == "bytes"
            else rich_progress.MofNCompleteColumn()
        )
        self._bar = rich_progress.Progress(
            rich_progress.TextColumn("{task.description}", markup=False),
            rich_progress.BarColumn(),
            rich_progress.TaskProgressColumn(),
            count,
            rich_progress.TimeElapsedColumn(),
            console=Console(stderr=True),
            auto_refresh=False,
        )
        self._task = self._bar.add_task(label, total=total)
        self._bar.start()

    def draw(self, done: int) -> None:
        self._bar.update(self._task, completed=done, refresh=True)

    def end(self) -> None:
        self._bar.stop()


class _NotebookBar:
    def __init__(self, label: str, total: int | None, unit: str) -> None:
        display: Any = importlib.import_module("IPython.display")
        self._begin = time.monotonic()
        self._label, self._total, self._unit = label, total, unit
        self._make = display.HTML
        self._handle = display.display(self._make(self._html(0)), display_id=True)

    def draw(self, done: int) -> None:
        self._handle.update(self._make(self._html(done)))

    def end(self) -> None:
        pass

    def _html(self, done: int) -> str:
        seconds = time.monotonic() - self._begin
        of = "" if self._total is None else f" of {self._amount(self._total)}"
        limits = "" if self._total is None else f' value="{done}" max="{self._total}"'
        return (
            f"<div>{escape(self._label)} <progress{limits}></progress> "
            f"{self._amount(done)}{of}, {seconds:.1f} s</div>"
        )

    def _amount(self, count: int) -> str:
        if self._unit == "bytes":
            return size_text(count)
        return f"{count:,}"

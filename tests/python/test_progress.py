# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Bars are drawn by real processes, into a terminal or into none; those of notebooks are
# looked at in test_kernels.py.
"""Bars show how far an operation is."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

import chimaera
from chimaera import progress_bar, testing
from chimaera.errors import BadRequestError, DeadlineExceededError
from python import programs

FUTURES = """
import chimaera

with chimaera.local() as rt:
    futures = [rt.echo().echo_async(f"{i}") for i in range(20)]
    for future in chimaera.progress(futures, label="[red]calls"):
        future.result()
"""

TRANSFER = """
import chimaera

with chimaera.local() as rt:
    device = rt.bdev(size_bytes=8 << 20)
    array = device.array("a", (4 << 20,), "u1", chunks=1 << 18)
    with chimaera.transfer_progress(device, array.nbytes, label="writing"):
        array[:] = 1
"""


def in_terminal(code: str) -> str:
    """Run a script whose output is a terminal; return what it drew, without colours."""
    ours, its = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        stdin=its,
        stdout=its,
        stderr=its,
        env={**programs.clean_environment(), "TERM": "xterm", "COLUMNS": "100"},
    ) as process:
        os.close(its)
        drawn = b""
        try:
            while more := os.read(ours, 65536):
                drawn += more
        except OSError:  # the last who had the terminal has closed it
            pass
        os.close(ours)
        assert process.wait(programs.TIMEOUT_S) == 0, drawn.decode()
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.decode())


def test_futures_in_a_terminal() -> None:
    drawn = in_terminal(FUTURES)
    assert "[red]calls" in drawn
    assert "20/20" in drawn
    assert "100%" in drawn


def test_bytes_in_a_terminal() -> None:
    drawn = in_terminal(TRANSFER)
    assert "writing" in drawn
    assert "4.2/4.2 MB" in drawn or "4.0/4.0 MiB" in drawn


@pytest.mark.parametrize("code", [FUTURES, TRANSFER])
def test_nothing_where_nobody_looks(code: str) -> None:
    done = programs.python(code + "\nimport sys\nassert 'rich' not in sys.modules\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_futures_come_when_they_are_done(rt: chimaera.Runtime) -> None:
    echo = rt.echo()
    slow, fast = echo.sleep_async(30), echo.echo_async("fast")
    bar = chimaera.progress([slow, fast, fast])
    assert next(bar) is fast
    slow.cancel()
    assert list(bar) == [slow]


def test_futures_that_are_late(rt: chimaera.Runtime) -> None:
    late = rt.echo().sleep_async(60)
    with pytest.raises(DeadlineExceededError, match="1 of 1"):
        list(chimaera.progress([late], timeout=0.01))


def test_what_as_completed_yields_comes_at_once(rt: chimaera.Runtime) -> None:
    echo = rt.echo()
    slow, fast = echo.sleep_async(60), echo.echo_async("fast")
    bar = chimaera.progress(chimaera.as_completed([slow, fast]), total=2)
    assert next(bar) is fast
    slow.cancel()
    assert list(bar) == [slow]


class _Bar:
    """Stands for a terminal; one that is gone raises."""

    def __init__(self, error: Exception | None = None) -> None:
        self.drawn: list[int] = []
        self.ended = False
        self._error = error

    def draw(self, done: int) -> None:
        self.drawn.append(done)
        if self._error:
            raise self._error

    def end(self) -> None:
        self.ended = True


def test_a_device_that_is_silent_at_first_stops_no_transfer(
    rt: chimaera.Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    bar, asked = _Bar(), []

    def stats(_: chimaera.BlockDevice, **__: object) -> SimpleNamespace:
        asked.append(1)
        if len(asked) == 1:
            raise DeadlineExceededError("stats")
        return SimpleNamespace(bytes_read=0, bytes_written=100 + len(asked))

    device = rt.bdev(size_bytes=1 << 20)
    monkeypatch.setattr(progress_bar, "_bar", lambda *_: bar)
    monkeypatch.setattr(chimaera.BlockDevice, "stats", stats)
    with chimaera.transfer_progress(device, 1000):
        assert testing.wait_until(lambda: len(bar.drawn) >= 3)
    assert bar.drawn[:3] == [0, 1, 2]
    assert bar.ended


@pytest.mark.parametrize(
    "error", [OSError("Input/output error"), ValueError("I/O on closed file")]
)
def test_a_terminal_that_is_gone_stops_no_transfer(
    rt: chimaera.Runtime, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    bar = _Bar(error)
    device = rt.bdev(size_bytes=1 << 20)
    monkeypatch.setattr(progress_bar, "_bar", lambda *_: bar)
    with chimaera.transfer_progress(device, 1000):
        pass
    assert bar.drawn
    assert bar.ended


def test_anything_else_comes_in_its_order() -> None:
    assert list(chimaera.progress(range(5))) == [0, 1, 2, 3, 4]
    assert list(chimaera.progress(iter("abc"), total=3)) == ["a", "b", "c"]
    assert list(chimaera.progress([])) == []


def test_an_endless_source_is_read_as_it_is_used() -> None:
    seen: list[int] = []

    def source() -> Iterator[int]:
        for number in range(10):
            seen.append(number)
            yield number

    bar = chimaera.progress(source())
    assert next(bar) == 0
    assert len(seen) <= 2


def test_a_transfer_of_nothing_is_a_mistake(rt: chimaera.Runtime) -> None:
    device = rt.bdev(size_bytes=1 << 20)
    with pytest.raises(BadRequestError), chimaera.transfer_progress(device, 0):
        pass

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Documents written by hand fit every terminal; a real runtime is looked at on
# terminals of two sizes.
"""The command ``chimaera top``."""

from __future__ import annotations

import contextlib
import copy
import fcntl
import json
import os
import pty
import random
import re
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path
from typing import Any

import pytest

import chimaera
from chimaera.figure_text import count_text, time_text
from chimaera.top_view import SORTS, View
from python import programs

EMPTY = {"count": 0, "sum_s": 0.0, "buckets": []}
EMPTY |= dict.fromkeys(("p50_s", "p90_s", "p99_s", "p999_s", "max_s"))


def histogram(median_s: float) -> dict[str, Any]:
    """Make a histogram whose quantiles lie a factor of ten apart."""
    factors = {"p50_s": 1, "p90_s": 5, "p99_s": 10, "p999_s": 50, "max_s": 100}
    return EMPTY | {"count": 9} | {k: median_s * f for k, f in factors.items()}


def document(
    tasks: int, time_s: float, pools: int = 2, workers: int = 3, clients: int = 2
) -> dict[str, Any]:
    """Make what a runtime may answer."""
    return {
        "version": 1,
        "pid": 4711,
        "name": "left",
        "runtime_dir": "/run/x",
        "time_s": time_s,
        "uptime_s": 90_061.0,
        "resident_bytes": 123 << 20,
        "health": "ok",
        "sampling": {"on": True, "one_in": 64},
        "tasks": tasks,
        "failed": 7,
        "cancelled": 0,
        "expired": 0,
        "workers": [
            {
                "index": index,
                "kind": "short",
                "asleep": index == 0,
                "tasks": tasks // workers,
                "parked": 2,
                "rings": 1,
                "load": 0.5,
                "long_waiting": 0,
                "running": None
                if index
                else {"pool_id": "1.0", "pool": "a", "method": "Go", "since_s": 0.5},
                "run_s": histogram(1e-6),
            }
            for index in range(workers)
        ],
        "pools": [
            {
                "id": f"{300 + number}.0",
                "name": f"pool {number}",
                "module": "chimaera_echo",
                "state": "live",
                "tasks": tasks,
                "methods": [
                    {
                        "id": method,
                        "name": f"Method{method}",
                        "tasks": tasks * (method + 1),
                        "failed": 3 - method,
                        "run_s": histogram(1e-6 / (1 + method)) if method else EMPTY,
                    }
                    for method in range(3)
                ],
            }
            for number in range(pools)
        ],
        "clients": [
            {
                "id": number,
                "pid": 100 + number,
                "tasks": tasks,
                "in_flight": 1,
                "memory_bytes": 5 << 20,
                "loaned_bytes": 0,
            }
            for number in range(clients)
        ],
        "devices": [],
        "memory": {"loaned_bytes": 1 << 20, "pinned_bytes": 0, "free_bytes": 0},
        "stuck": [],
        "errors": [],
    }


@pytest.mark.parametrize(
    ("width", "height"), [(80, 24), (200, 50), (40, 10), (20, 5), (1, 1)]
)
def test_it_fits_every_terminal(width: int, height: int) -> None:
    rng = random.Random(width)  # noqa: S311
    for _ in range(20):
        view = View()
        sizes = [rng.randint(0, 40) for _ in range(3)]
        view.add(document(10, 100.0, sizes[0], max(sizes[1], 1), sizes[2]))
        for foot in ("", "q quit"):
            lines = view.lines(width, height, foot)
            assert len(lines) <= height
            assert all(len(line.text) <= width for line in lines)
            if foot:
                assert len(lines) == height
                assert lines[-1].text == foot[:width]


def test_rates_are_differences_over_time() -> None:
    view = View()
    view.add(document(1_000_000, 100.0))
    assert ": 0 tasks/s" in view.lines(120, 40)[0].text
    view.add(document(3_500_000, 102.0))
    lines = [line.text for line in view.lines(120, 40)]
    assert "up 1d 01:01:01, ok: 1.25M tasks/s" in lines[0]
    assert "3.50M tasks, 7 failed" in lines[1]
    method = next(line for line in lines if line.startswith("Method2"))
    assert method.split()[1:4] == ["3.75M", "10.5M", "1"]
    assert "Go of a for 500ms" in "\n".join(lines)
    restarted = document(5, 103.0) | {"pid": 1}
    view.add(restarted)
    assert ": 0 tasks/s" in view.lines(120, 40)[0].text


def test_methods_are_sorted_as_asked() -> None:
    firsts = {}
    for key in SORTS:
        view = View(key)
        view.add(document(10, 1.0, pools=1))
        view.add(document(20, 2.0, pools=1))
        lines = [line.text for line in view.lines(120, 40)]
        firsts[key] = next(line.split()[0] for line in lines if "Method" in line)
        assert sum(line.count("*") for line in lines) == 1
    assert firsts == {
        "r": "Method2",
        "t": "Method2",
        "l": "Method1",
        "f": "Method0",
        "n": "Method0",
    }


def test_a_stuck_worker_is_an_alert() -> None:
    view = View()
    calm = document(1, 1.0)
    stuck = copy.deepcopy(calm)
    stuck["stuck"] = [{"worker": 0, "since_s": 1.0, "run": "x", "stack": ""}]
    view.add(stuck)
    lines = view.lines(120, 40)
    assert lines[0].style == "alert"
    assert "ok, 1 STUCK" in lines[0].text


def test_numbers_stay_short() -> None:
    for exponent in range(-9, 12):
        for digit in (1, 3.14159, 9.99999):
            assert len(count_text(digit * 10**exponent)) <= 5
            if exponent < 4:
                assert len(time_text(digit * 10**exponent)) <= 7
    assert time_text(None) == "-"
    assert [count_text(n) for n in (999, 1000, 12_345, 1e6)] == [
        "999",
        "1.00k",
        "12.3k",
        "1.00M",
    ]


class Terminal:
    """A program on a terminal of some size."""

    def __init__(self, columns: int, lines: int, *words: str) -> None:
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            environment = {**programs.clean_environment(), "TERM": "xterm-256color"}
            command = [sys.executable, "-m", "chimaera", *words]
            # As a shell in front of a terminal starts it.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            # The first picture must not come before the size is set.
            os.read(0, 1)
            os.execve(sys.executable, command, environment)  # noqa: S606
        self.seen = ""
        self.resize(columns, lines)
        self.type("\n")

    def resize(self, columns: int, lines: int) -> None:
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, size)

    def type(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def until(self, pattern: str) -> str:
        """Read until it is there; return what came since the last time."""
        deadline = time.monotonic() + 60
        while not (match := re.search(pattern, self.seen, re.DOTALL)):
            self.read(deadline, pattern)
        came, self.seen = self.seen[: match.end()], self.seen[match.end() :]
        return came

    def read(self, deadline: float, awaited: str) -> None:
        """Take what there is, or wait for more."""
        left = max(deadline - time.monotonic(), 0)
        if not select.select([self.terminal], [], [], left)[0]:
            os.kill(self.pid, signal.SIGKILL)
            pytest.fail(f"{awaited!r} does not come; there is {self.seen!r}")
        self.seen += os.read(self.terminal, 65536).decode(errors="replace")

    def end(self) -> int:
        """Read to the end; return the exit code."""
        deadline = time.monotonic() + 60
        with contextlib.suppress(OSError):  # how Linux tells the end of a terminal
            while True:
                self.read(deadline, "its end")
        _, status = os.waitpid(self.pid, 0)
        os.close(self.terminal)
        return os.waitstatus_to_exitcode(status)


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (200, 50)])
def test_on_a_real_terminal(daemon: Path, columns: int, lines: int) -> None:
    with chimaera.connect(runtime_dir=daemon) as rt:
        echo = rt.echo("talk")
        for _ in range(1000):
            echo.null()
        words = ("top", "--runtime-dir", str(daemon), "--interval", "0.1")
        terminal = Terminal(columns, lines, *words)
        terminal.until(r"\x1b\[\?1049h")  # the other screen
        terminal.until("WORKER")
        picture = terminal.until(r"space hold.*space hold")
        picture = picture.replace("\x1b[H", "\n").replace("\r", "")  # the first line
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", picture)
        assert all(len(line) <= columns for line in plain.split("\n"))
        assert "talk" in plain
        terminal.type("n")
        terminal.until(r"POOL\*")
        terminal.type("-")
        terminal.until("every 0.2 s")
        terminal.type(" ")
        terminal.until("held")
        terminal.type("q")
        assert terminal.end() == 0
        assert "\x1b[?1049l" in terminal.seen  # the first screen again
        assert "\x1b[?25h" in terminal.seen  # with its cursor


def test_ctrl_c_leaves_the_terminal_as_it_was(daemon: Path) -> None:
    terminal = Terminal(80, 24, "top", "--runtime-dir", str(daemon))
    terminal.until("space hold")
    terminal.type("\x03")
    assert terminal.end() == 130
    assert "\x1b[?1049l" in terminal.seen
    assert "Traceback" not in terminal.seen


def test_the_end_of_the_runtime_is_told(daemon: Path) -> None:
    words = ("top", "--runtime-dir", str(daemon), "--interval", "0.1")
    terminal = Terminal(80, 24, *words)
    terminal.until("space hold")
    assert programs.chimaera("stop", "--runtime-dir", daemon).returncode == 0
    assert terminal.end() == 1
    assert "\x1b[?1049l" in terminal.seen
    assert "chimaera: " in terminal.seen.split("\x1b[?1049l")[1]
    assert "Traceback" not in terminal.seen


def test_without_a_terminal_one_picture_is_printed(daemon: Path) -> None:
    where = ("--runtime-dir", daemon)
    done = programs.chimaera("top", *where)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("chimaera, pid")
    assert "GetMetrics" in programs.chimaera("top", "--once", *where).stdout
    told = json.loads(programs.chimaera("top", "--json", *where).stdout)
    assert told["version"] == 1
    assert programs.chimaera("top", "--interval", "0", *where).returncode == 2

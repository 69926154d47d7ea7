# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Keys and the screen; what is on it is top_view.py's.
"""The command ``chimaera top``."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from chimaera.cli_common import EXIT_OK, add_json, add_where, attach, new_parser
from chimaera.top_view import SORTS, Line, View

if TYPE_CHECKING:
    from chimaera.runtime import Runtime

__all__ = ["parser"]

_INTERVAL_MIN_S, _INTERVAL_MAX_S = 0.1, 60.0
_FIRST_S = 0.2  # until the second document, so that there are rates soon
_PLAIN_SIZE = (120, 60)  # where the output is no terminal
_STYLES = {"head": "bold", "alert": "bold red", "": ""}

_EPILOG = """keys:
  q            quit
  r t l f n    sort methods by rate, tasks, latency (p99), failures, name
  + -          refresh more, or less often
  space        hold the picture, or go on

Latencies are of one task in 64, counts are of all. Where the output is no terminal,
one picture is printed, without rates.
"""


def parser(name: str) -> argparse.ArgumentParser:
    """Make the parser of the command."""
    made = new_parser(name, _top, "What a runtime does, live.", _EPILOG)
    add_where(made)
    made.add_argument(
        "--interval",
        type=_interval,
        default=1.0,
        metavar="S",
        help="seconds from picture to picture (1)",
    )
    made.add_argument(
        "--sort",
        choices=[sort for sort, _ in SORTS.values()],
        default="rate",
        help="methods by (rate)",
    )
    made.add_argument(
        "--once", action="store_true", help="print one picture, with rates, and end"
    )
    add_json(made)
    return made


def _interval(text: str) -> float:
    seconds = float(text)
    if not _INTERVAL_MIN_S <= seconds <= _INTERVAL_MAX_S:
        raise argparse.ArgumentTypeError(
            f"{text}: {_INTERVAL_MIN_S} to {_INTERVAL_MAX_S} is possible"
        )
    return seconds


def _top(options: argparse.Namespace) -> int:
    key = next(key for key, (name, _) in SORTS.items() if name == options.sort)
    view = View(key)
    with attach(options) as runtime:
        document = runtime.metrics()
        if options.json:
            print(json.dumps(document, indent=2))
            return EXIT_OK
        view.add(document)
        if options.once:
            _pause(_FIRST_S)
            view.add(runtime.metrics())
        if options.once or not (sys.stdin.isatty() and sys.stdout.isatty()):
            for line in view.lines(*_PLAIN_SIZE):
                print(line.text)
            return EXIT_OK
        _Screen(runtime, view, options.interval).run()
    return EXIT_OK


def _pause(seconds: float) -> None:
    select.select([], [], [], seconds)


class _Screen:
    """The terminal, from the first picture to the last."""

    def __init__(self, runtime: Runtime, view: View, interval_s: float) -> None:
        self._runtime = runtime
        self._view = view
        self._interval_s = interval_s
        self._holds = False

    def run(self) -> None:
        """Draw until q is pressed."""
        from rich.console import Console
        from rich.live import Live

        console = Console()
        with (
            _keys() as keyboard,
            Live(console=console, screen=True, auto_refresh=False) as live,
        ):
            wait_s = _FIRST_S
            while True:
                size = console.size
                live.update(self._picture(size.width, size.height), refresh=True)
                key = _key(keyboard, wait_s)
                if key in {"q", "Q", "\x04"}:
                    return
                wait_s = self._interval_s
                self._take(key)
                if key is None and not self._holds:
                    self._view.add(self._runtime.metrics())

    def _picture(self, width: int, height: int) -> Any:
        from rich.text import Text

        foot = f"q quit  sort: r t l f n  +/- every {self._interval_s:g} s  space hold"
        foot += " (held)" if self._holds else ""
        picture = Text(no_wrap=True, overflow="crop", end="")
        lines: list[Line] = self._view.lines(width, height, foot)
        for number, line in enumerate(lines):
            picture.append("\n" if number else "")
            picture.append(line.text, _STYLES[line.style])
        return picture

    def _take(self, key: str | None) -> None:
        if key in SORTS:
            self._view.sort = key
        elif key == "+":
            self._interval_s = max(self._interval_s / 2, _INTERVAL_MIN_S)
        elif key == "-":
            self._interval_s = min(self._interval_s * 2, _INTERVAL_MAX_S)
        elif key == " ":
            self._holds = not self._holds


@contextlib.contextmanager
def _keys() -> Iterator[int]:
    """Have keys come one by one, unseen, until the end."""
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    tty.setcbreak(keyboard)
    try:
        yield keyboard
    finally:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)


def _key(keyboard: int, wait_s: float) -> str | None:
    """Return the key that is pressed until then, if any; the end of input is q."""
    ready, _, _ = select.select([keyboard], [], [], wait_s)
    if not ready:
        return None
    return os.read(keyboard, 1).decode(errors="replace") or "q"

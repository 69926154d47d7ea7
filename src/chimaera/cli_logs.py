# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Arguments and printing; files are log_lines.py's.
"""The command ``chimaera logs``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from chimaera.cli_common import (
    EXIT_FAILED,
    EXIT_NO_RUNTIME,
    EXIT_OK,
    add_json,
    add_where,
    attach,
    directory_of,
    failed,
    new_parser,
    no_runtime,
)
from chimaera.log_lines import LEVELS, follow, parse

__all__ = ["parser"]

_ANSWER_TIMEOUT_S = 10.0

_EPILOG = """Also of a runtime that has ended, as long as its directory is there.

exit codes:
  0    printed
  3    no runtime runs there, and none has left a log
"""


def parser(name: str) -> argparse.ArgumentParser:
    """Make the parser of the command."""
    made = new_parser(name, _logs, "The log of a runtime.", _EPILOG)
    add_where(made)
    made.add_argument(
        "-f", "--follow", action="store_true", help="go on until Ctrl-C, over rotation"
    )
    made.add_argument(
        "--level",
        choices=LEVELS.values(),
        default="debug",
        help="only what is that urgent",
    )
    made.add_argument(
        "-n", "--lines", type=int, metavar="N", help="the last N (all, of all files)"
    )
    add_json(made)
    return made


def _logs(options: argparse.Namespace) -> int:
    path = _log_of(options)
    if path is None:
        print("chimaera: this runtime logs to standard error", file=sys.stderr)
        return EXIT_FAILED
    if not path.exists():
        return failed(no_runtime(options), EXIT_NO_RUNTIME)
    earlier: list[str] = []
    printing = False

    def at_end() -> bool:
        nonlocal printing
        if not printing:
            first = 0 if options.lines is None else len(earlier) - options.lines
            for line in earlier[max(first, 0) :]:
                _print(line, as_json=options.json)
            printing = True
        return bool(options.follow)

    for line in _urgent(follow(path, at_end), options.level):
        if printing:
            _print(line, as_json=options.json)
        else:
            earlier.append(line)
    return EXIT_OK


def _log_of(options: argparse.Namespace) -> Path | None:
    """Return the file that a runtime logs to, or has; None: it runs without one."""
    from chimaera.config import describe_runtime
    from chimaera.daemon import LOG_NAME
    from chimaera.running import is_running

    directory = directory_of(options)
    if not is_running(directory):
        return directory / LOG_NAME
    with attach(options) as runtime:
        _, _, _, file = describe_runtime(runtime, _ANSWER_TIMEOUT_S)
    return Path(file) if file else None


def _urgent(lines: Iterator[str], level: str) -> Iterator[str]:
    """Leave out what is less urgent; what has no level goes with the line before."""
    wanted = list(LEVELS.values()).index(level)
    shows = level == "debug"
    for line in lines:
        parsed = parse(line)
        if parsed is not None:
            shows = list(LEVELS.values()).index(parsed.level) >= wanted
        if shows:
            yield line


def _print(line: str, *, as_json: bool) -> None:
    if not as_json:
        print(line, flush=True)
        return
    parsed = parse(line)
    facts = {"message": line} if parsed is None else parsed._asdict()
    print(json.dumps(facts), flush=True)

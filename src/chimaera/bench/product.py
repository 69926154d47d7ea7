# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Whole processes, each started again for every round: the start of Python is part
# of what its user waits for, and stands beside as python_start.
"""What a user waits for at the command line and at the import."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from chimaera.bench.figure import Figure, NotMeasuredError

__all__ = ["measure_commands"]

_SECONDS_MAX = 60
_START_MAX_S = 0.5
_STATUS_MAX_S = 0.150
_HELP_MAX_S = 0.120
_IMPORT_MAX_S = 0.120

_IMPORT = """
import time
import numpy
before = time.perf_counter()
import chimaera
chimaera.connect  # imports what the package puts off
print(time.perf_counter() - before)
"""


def measure_commands(quick: bool) -> list[Figure]:  # noqa: FBT001 - see command.py
    """Measure python_start, start_ready, status_time, help_time and import_time.

    start_ready is that of ``chimaera start``, which returns when the runtime is
    ready: each the median of its rounds, taken in turns.
    """
    rows: dict[str, list[float]] = {}

    def take(name: str, *command: str) -> None:
        rows.setdefault(name, []).append(_seconds(*command))

    for _ in range(3 if quick else 15):
        take("python_start", sys.executable, "-c", "pass")
        take("help_time", *_command("--help"))
        import_s = float(_run(sys.executable, "-c", _IMPORT))
        rows.setdefault("import_time", []).append(import_s)
        with tempfile.TemporaryDirectory(prefix="chimaera-bench-") as folder:
            where = ("--runtime-dir", folder)
            try:
                take("start_ready", *_command("start", *where))
                take("status_time", *_command("status", *where))
            finally:
                _run(*_command("stop", *where))
    median = {name: statistics.median(row) for name, row in rows.items()}
    return [
        Figure("python_start", median["python_start"], "s"),
        Figure("start_ready", median["start_ready"], "s", target=_START_MAX_S),
        Figure("status_time", median["status_time"], "s", target=_STATUS_MAX_S),
        Figure("help_time", median["help_time"], "s", target=_HELP_MAX_S),
        Figure("import_time", median["import_time"], "s", target=_IMPORT_MAX_S),
    ]


def _command(*arguments: str) -> tuple[str, ...]:
    return (str(Path(sys.executable).parent / "chimaera"), *arguments)


def _seconds(*command: str) -> float:
    before = time.perf_counter()
    _run(*command)
    return time.perf_counter() - before


def _run(*command: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS_MAX, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotMeasuredError(str(error)) from error
    if done.returncode != 0:
        raise NotMeasuredError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# callgrind counts exactly, on the noisiest machine; it says nothing of cache misses
# and of waiting for the other core, which the latency topic measures.
"""Instructions of a null task, from making it to freeing it, by hand and typed."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from chimaera.bench.figure import Figure, NotMeasuredError
from chimaera.bench.tool import installed_tool

__all__ = ["count", "measure", "measure_typed"]

_TASKS, _QUICK_TASKS = 20_000, 500
_TARGET = 467
_TYPED_TARGET = 1.02
_SECONDS_MAX = 300
# The function of chimaera_null_task_loop inside which is counted.
_INSIDE = "*MeasuredLoop*"


def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - see command.py
    """Measure null_task_instructions."""
    loop = installed_tool("chimaera_null_task_loop")
    with tempfile.TemporaryDirectory(prefix="chimaera-bench-") as folder:
        per_task, _ = count(
            loop, Path(folder) / "callgrind.out", _QUICK_TASKS if quick else _TASKS
        )
    return [
        Figure("null_task_instructions", per_task, "instr.", target=_TARGET, bound="<=")
    ]


def measure_typed(quick: bool) -> list[Figure]:  # noqa: FBT001 - see command.py
    """Measure typed_vs_handwritten: what a description in YAML costs a task."""
    loop = installed_tool("chimaera_null_task_loop")
    tasks = _QUICK_TASKS if quick else _TASKS
    with tempfile.TemporaryDirectory(prefix="chimaera-bench-") as folder:
        by_hand, _ = count(loop, Path(folder) / "by_hand", tasks)
        typed, _ = count(loop, Path(folder) / "typed", tasks, typed=True)
    return [
        Figure(
            "typed_vs_handwritten",
            typed,
            "instr.",
            reference="null task written by hand",
            reference_value=by_hand,
            ratio=typed / by_hand,
            target=_TYPED_TARGET,
            bound="<=",
        )
    ]


def count(
    loop: Path, output: Path, tasks: int = _TASKS, *, typed: bool = False
) -> tuple[float, Path]:
    """Count under callgrind.

    Parameters
    ----------
    loop : path
        Of the program chimaera_null_task_loop.
    output : path
        Where callgrind's profile goes; callgrind_annotate reads it.
    tasks : int
        How many null tasks to run.
    typed : bool
        Of the typed method instead of the one written by hand.

    Returns
    -------
    instructions per task : float
    output : path

    Raises
    ------
    NotMeasuredError
        valgrind is not installed, or the program failed.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise NotMeasuredError("valgrind is not installed")
    try:
        done = subprocess.run(
            [
                valgrind,
                "--tool=callgrind",
                f"--callgrind-out-file={output}",
                f"--toggle-collect={_INSIDE}",
                str(loop),
                str(tasks),
                *(["typed"] if typed else []),
            ],
            capture_output=True,
            text=True,
            timeout=_SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotMeasuredError(f"took longer than {_SECONDS_MAX} s") from error
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or collected is None:
        raise NotMeasuredError(f"callgrind failed: {done.stderr.strip()[-500:]}")
    return int(collected.group(1)) / tasks, output

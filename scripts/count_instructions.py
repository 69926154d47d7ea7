#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# python scripts/count_instructions.py [build/release] [--functions 20]
#
# To be run with the Python into which chimaera is installed.
"""Says how many instructions a null task takes, and which functions take them."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from chimaera.bench.figure import NotMeasuredError
from chimaera.bench.instructions import count

TASKS = 20_000
_ROW = re.compile(r"^ *([\d,]+) \([^)]*\) +(\S.*)$", re.MULTILINE)


def main() -> int:
    """Count, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", nargs="?", default="build/release", type=Path)
    parser.add_argument("--functions", type=int, default=20, help="rows (20)")
    options = parser.parse_args()
    loop = options.build / "bin" / "chimaera_null_task_loop"
    with tempfile.TemporaryDirectory() as folder:
        try:
            per_task, profile = count(loop, Path(folder) / "profile", TASKS)
        except NotMeasuredError as error:
            print(f"not measured: {error}", file=sys.stderr)
            return 1
        print(f"{per_task:8.1f} instructions per null task, of which")
        print(*functions(profile)[: options.functions], sep="\n")
    return 0


def functions(profile: Path) -> list[str]:
    """Return a line per function, the costliest first."""
    text = subprocess.run(
        ["callgrind_annotate", "--threshold=100", "--auto=no", profile],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    # A line is a count, a share in parentheses, then file:function and [library].
    # What was inlined from a header has a line of its own.
    costs: dict[str, int] = {}
    for number, what in _ROW.findall(text):
        name = re.sub(r" \[.*\]$", "", what.partition(":")[2])
        if name:
            costs[name] = costs.get(name, 0) + int(number.replace(",", ""))
    rows = sorted(costs.items(), key=lambda row: -row[1])
    return [
        f"{cost / TASKS:8.1f}  {name[:100]}" for name, cost in rows if cost >= TASKS
    ]


if __name__ == "__main__":
    sys.exit(main())

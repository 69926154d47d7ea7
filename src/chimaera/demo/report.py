# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# rich draws; the same facts go out as JSON for programs.
"""What the demo tells."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from chimaera.demo.pipeline import Step

__all__ = ["facts", "print_table", "ratio"]

_NEAR, _USUAL = "near the data", "read, then NumPy"


def ratio(steps: list[Step]) -> float:
    """Return how many times faster the work is done near the data."""
    seconds = {step.name: step.seconds for step in steps}
    return seconds[_USUAL] / seconds[_NEAR]


def facts(steps: list[Step]) -> dict[str, Any]:
    """Return the steps, and what follows from them, for JSON."""
    rows = [
        {
            **asdict(step),
            "gigabytes_per_s": step.bytes_moved / step.seconds / 1e9,
            "tasks_per_s": step.tasks / step.seconds,
        }
        for step in steps
    ]
    return {"steps": rows, "near_data_speedup": ratio(steps)}


def print_table(console: Console, title: str, steps: list[Step]) -> None:
    """Draw the table of one run.

    Parameters
    ----------
    console : Console
    title : str
    steps : list of Step
    """
    table = Table(title=title, title_justify="left")
    table.add_column("step")
    for name in ("MiB moved", "time", "GB/s", "tasks/s"):
        table.add_column(name, justify="right")
    for step in steps:
        speed = step.bytes_moved / step.seconds / 1e9
        table.add_row(
            step.name,
            f"{step.bytes_moved / 2**20:.1f}" if step.bytes_moved else "-",
            f"{step.seconds * 1e3:.1f} ms",
            f"{speed:.2f}" if step.bytes_moved else "-",
            f"{step.tasks / step.seconds:,.0f}",
        )
    console.print(table)
    console.print(
        f"Near the data is {ratio(steps):.1f} times as fast as reading first.\n"
    )

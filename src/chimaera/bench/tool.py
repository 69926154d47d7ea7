# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Figures of the C++ side.
"""Runs the program chimaera_bench."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from chimaera.bench.figure import Figure, NotMeasuredError
from chimaera.daemon import tool_path
from chimaera.errors import NotFoundError

__all__ = ["installed_tool", "measurer"]

_SECONDS_MAX = 120
_TAIL_CHARS = 500


def measurer(topic: str) -> Callable[[bool], list[Figure]]:
    """Return the function that measures a topic of the program."""

    def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - see command.py
        command = [str(installed_tool("chimaera_bench")), topic, "--json"]
        if quick:
            command.append("--quick")
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=_SECONDS_MAX,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise NotMeasuredError(f"took longer than {_SECONDS_MAX} s") from error
        if done.returncode != 0:
            why = done.stderr.strip()[-_TAIL_CHARS:]
            raise NotMeasuredError(
                f"chimaera_bench {topic} ended with {done.returncode}: {why}"
            )
        return [Figure.from_tool(row) for row in json.loads(done.stdout)["figures"]]

    return measure


def installed_tool(name: str) -> Path:
    """Return the path of a program of the package, or raise NotMeasuredError."""
    try:
        return tool_path(name)
    except NotFoundError as error:
        raise NotMeasuredError(str(error)) from error

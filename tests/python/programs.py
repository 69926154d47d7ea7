# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Everything that starts another process is here, so that each has a time limit.
"""Other processes of the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

__all__ = [
    "TIMEOUT_S",
    "chimaera",
    "clean_environment",
    "gone",
    "need",
    "python",
    "python_process",
]

TIMEOUT_S = 300.0


def gone(pid: int) -> bool:
    """Whether no process has this id, or only a zombie that nobody waited for."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


def need(*names: str) -> None:
    """Skip a test without these programs; fail it where `make pytest` installs them."""
    missing = [name for name in names if shutil.which(name) is None]
    if missing and os.environ.get("CHI_TEST_NO_SKIP"):
        pytest.fail(f"not installed: {', '.join(missing)}")
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")


def clean_environment() -> dict[str, str]:
    """Return the environment without what would lead to a user's own runtime."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CHI_") or name == "CHI_TEST_LIBRARY_DIR"
    }


def chimaera(*arguments: str | Path, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run the command ``chimaera``; `extra` are variables of its environment."""
    return subprocess.run(
        [sys.executable, "-m", "chimaera", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        env={**clean_environment(), **extra},
    )


def python(code: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a script in another interpreter, warnings being errors."""
    return subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-c",
            textwrap.dedent(code),
            *map(str, arguments),
        ],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        env=clean_environment(),
    )


# A shell's background job ignores SIGINT, and so would its children.
_HEAR_CTRL_C = "import signal\nsignal.signal(2, signal.default_int_handler)\n"


def python_process(code: str, *arguments: str | Path) -> subprocess.Popen[str]:
    """Start a script whose output can be read while it runs, and that hears Ctrl-C."""
    script = _HEAR_CTRL_C + textwrap.dedent(code)
    return subprocess.Popen(
        [sys.executable, "-u", "-c", script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    )

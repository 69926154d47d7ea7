# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Fixtures: an embedded runtime per test, and a daemon per module.
"""Runtimes for the tests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import chimaera
from chimaera import testing
from python import programs

# A bound against hangs: users want to be told sooner than a machine that does much
# else may need.
assert testing.wait_until.__kwdefaults__["timeout_s"] == 10.0
testing.wait_until.__kwdefaults__["timeout_s"] = 60.0


@pytest.fixture
def rt() -> Iterator[chimaera.Runtime]:
    """Run a runtime inside this process."""
    with testing.runtime() as runtime:
        yield runtime


@pytest.fixture
def runtime_dir() -> Iterator[Path]:
    """Make a directory for a daemon; a short path, since sockets want one."""
    with tempfile.TemporaryDirectory(prefix="chi-") as directory:
        yield Path(directory) / "run"
        programs.chimaera("stop", "--runtime-dir", Path(directory) / "run")


@pytest.fixture
def daemon(runtime_dir: Path) -> Path:
    """Run a daemon; return its directory."""
    started = programs.chimaera("start", "--runtime-dir", runtime_dir)
    assert started.returncode == 0, started.stderr
    return runtime_dir

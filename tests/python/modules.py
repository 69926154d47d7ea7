# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Module testing.sample (tests/chimods/sample) has every type in every direction.
"""A daemon that finds the modules of the tests, for tests of typed modules."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import chimaera
from python import programs

__all__ = ["SUMMARY", "connected", "library_dir"]

#: A struct as a mapping, with another one in it.
SUMMARY: dict[str, Any] = {"count": 1, "mean": 2.5, "mode": "exact", "at": (0.5, -1)}


def library_dir() -> str:
    """Return where the tests' modules lie; `make pytest` says it."""
    if "CHI_TEST_LIBRARY_DIR" not in os.environ:
        pytest.skip("CHI_TEST_LIBRARY_DIR is not set: make pytest sets it")
    return os.environ["CHI_TEST_LIBRARY_DIR"]


def connected() -> Iterator[chimaera.Runtime]:
    """Start a daemon, and connect to it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHI_REPO_PATH", library_dir())
        with tempfile.TemporaryDirectory(prefix="chi-") as directory:
            run = Path(directory) / "run"
            started = programs.chimaera(
                "start", "--runtime-dir", run, CHI_REPO_PATH=library_dir()
            )
            assert started.returncode == 0, started.stderr
            try:
                with chimaera.connect(runtime_dir=run) as rt:
                    yield rt
            finally:
                programs.chimaera("stop", "--runtime-dir", run)

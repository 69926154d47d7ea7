# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The build imports chimaera.codegen before the extension exists.
"""Importing the package is light and has no side effects."""

from __future__ import annotations

import shutil
from pathlib import Path

import chimaera
from python import programs


def test_import_loads_neither_numpy_nor_the_extension() -> None:
    done = programs.python(
        """
        import sys
        import chimaera
        import chimaera.codegen, chimaera.cli
        heavy = {"numpy", "chimaera._core", "rich", "asyncio", "matplotlib"}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
        """
    )
    assert done.returncode == 0, done.stderr


def test_importing_everything_starts_no_thread_and_opens_no_file() -> None:
    done = programs.python(
        """
        import os, threading
        import numpy
        fds = set(os.listdir("/proc/self/fd"))
        threads = len(os.listdir("/proc/self/task"))
        import chimaera
        for name in chimaera.__all__:
            getattr(chimaera, name)
        assert set(os.listdir("/proc/self/fd")) == fds
        assert len(os.listdir("/proc/self/task")) == threads
        """
    )
    assert done.returncode == 0, done.stderr


def test_every_public_name_exists() -> None:
    for name in chimaera.__all__:
        assert getattr(chimaera, name) is not None
    assert set(chimaera.__all__) <= set(dir(chimaera))


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(chimaera, "nonsense")


def test_a_missing_extension_is_explained(tmp_path: Path) -> None:
    package = Path(chimaera.__file__).parent
    copy = tmp_path / "chimaera"
    copy.mkdir()
    for path in package.glob("*.py"):
        shutil.copy(path, copy)
    done = programs.python(
        """
        import sys
        sys.path.insert(0, sys.argv[1])
        import chimaera
        chimaera.local()
        """,
        tmp_path,
    )
    assert done.returncode != 0
    assert "chimaera._core cannot be loaded" in done.stderr
    assert "the extension is not built" in done.stderr

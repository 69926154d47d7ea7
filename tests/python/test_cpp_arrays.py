# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# tests/cpp/chimods/array_peer.cc is the C++ side.
"""Arrays that Python and C++ share."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chimaera
from chimaera import BlockDevice
from python import modules, programs

FIELDS = np.dtype([("x", "<f8"), ("tags", "S3", (2,)), ("é", [("n", ">i2")])])


@pytest.fixture
def device(daemon: Path) -> Iterator[BlockDevice]:
    with chimaera.connect(runtime_dir=daemon) as rt:
        yield rt.bdev(size_bytes=16 << 20)


def peer(daemon: Path, *arguments: str) -> str:
    """Run the C++ program; return what it says."""
    program = Path(modules.library_dir()).parent / "bin" / "chi_array_peer"
    done = subprocess.run(
        [program, "ram://default", *arguments],
        env={**programs.clean_environment(), "CHI_RUNTIME_DIR": str(daemon)},
        capture_output=True,
        text=True,
        timeout=programs.TIMEOUT_S,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("layout", "written"),
    [
        pytest.param(((7, 5), "<f8", (3, 2)), np.s_[:], id="edges"),
        pytest.param(((9, 4), ">i4", (2, 4)), np.s_[3:6], id="sparse"),
        pytest.param(((40, 30), "<u2", (7, 11)), np.s_[::3, 1::5], id="steps"),
        pytest.param(((), "<c16", None), np.s_[...], id="no axes"),
        pytest.param(((0, 3), "|b1", None), np.s_[:], id="empty"),
        pytest.param(((5,), "<M8[ms]", (2,)), np.s_[1:], id="times"),
        pytest.param(((6,), FIELDS, (4,)), np.s_[2:], id="fields"),
        pytest.param(((3,), "<U4", (2,)), np.s_[:2], id="words"),
        pytest.param(((700, 1000), "<f4", (100, 1000)), np.s_[:650], id="large"),
    ],
)
def test_what_one_writes_the_other_reads(
    daemon: Path,
    device: BlockDevice,
    layout: tuple[Any, Any, Any],
    written: Any,
) -> None:
    array = device.array("ours", *layout)
    random = np.random.default_rng(3)
    kind = array.dtype
    count = array[written].size * kind.itemsize // (4 if kind.kind == "U" else 1)
    letters = random.integers(0, 2 if kind.kind == "b" else 120, count, "u1")
    values = letters.astype("<u4") if kind.kind == "U" else letters
    array[written] = values.view(kind).reshape(array[written].shape)
    before = array[...]

    assert peer(daemon, "ours", "theirs") == "OK\n"
    theirs = device.array("theirs")
    assert (theirs.shape, theirs.dtype) == (array.shape, array.dtype)
    assert theirs.chunks == array.chunks
    assert theirs[...].tobytes() == before.tobytes()
    if array.size:
        changed = np.array(before)
        changed.flat[-1] = changed.flat[0]
        assert array[...].tobytes() == changed.tobytes()
    theirs[...] = before
    assert theirs[...].tobytes() == before.tobytes()


def test_errors_are_told(daemon: Path, device: BlockDevice) -> None:
    assert "NotFound: no array 'ours' on pool" in peer(daemon, "ours", "theirs")
    device.put_object("array/ours", [], attributes=b'{"format": "table"}')
    assert "it is a 'table'" in peer(daemon, "ours", "theirs")
    device.array("mine", 3, "f8")
    device.array("theirs", 4, "f8")
    assert "AlreadyExists: array 'theirs'" in peer(daemon, "mine", "theirs")

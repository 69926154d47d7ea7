# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
"""Block devices on files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import chimaera
from chimaera import errors


@pytest.mark.parametrize("settings", [{}, {"direct": True}, {"checksums": False}])
def test_arrays_go_there_and_back(tmp_path: Path, settings: dict[str, bool]) -> None:
    with chimaera.local() as rt:
        device = rt.bdev(path=tmp_path / "device", size_bytes=8 << 20, **settings)
        rng = np.random.default_rng(7)
        for count in (1, 512, 100_003):
            data = rng.random(count)
            block = device.allocate(data.nbytes)
            device.write(block, data)
            device.sync()
            back = device.read(block, out=rt.empty(count, "f8"))
            assert np.array_equal(back, data)
        assert device.stats().total_bytes == 8 << 20


def test_several_requests_are_under_way_at_once(tmp_path: Path) -> None:
    with chimaera.local() as rt:
        device = rt.bdev(path=tmp_path / "device", size_bytes=8 << 20, io_depth=4)
        rows = rt.empty((100, 4096), "u1")
        rows[:] = np.arange(100, dtype="u1")[:, None]
        blocks = [device.allocate(4096) for _ in range(100)]
        chimaera.gather(
            *(device.write_async(*each) for each in zip(blocks, rows, strict=True))
        )
        back = rt.zeros((100, 4096), "u1")
        chimaera.gather(
            *(
                device.read_async(block, out=row)
                for block, row in zip(blocks, back, strict=True)
            )
        )
        assert np.array_equal(back, rows)


def test_a_file_has_one_user_and_keeps_its_size(tmp_path: Path) -> None:
    path = tmp_path / "device"
    with chimaera.local() as rt:
        device = rt.bdev(path=path, size_bytes=1 << 20)
        assert rt.bdev(path=path).id == device.id
        stale = device.allocate(4096)
        device.destroy()
        again = rt.bdev(path=path)
        assert again.stats().remaining_bytes == 1 << 20
        again.allocate(4096)
        with pytest.raises(errors.StaleError):
            again.read(stale)
        again.destroy()
        with pytest.raises(errors.BadRequestError, match=r"2097152 .*, 1048576"):
            rt.bdev(path=path, size_bytes=2 << 20)


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    with chimaera.local() as rt:
        with pytest.raises(errors.NotFoundError):
            rt.bdev(path=tmp_path / "none")
        with pytest.raises(errors.BadRequestError, match="0 bytes"):
            rt.bdev()
        with pytest.raises(errors.BadRequestError, match="io_dept"):
            rt.bdev(path=tmp_path / "device", size_bytes=4096, io_dept=3)
        notes = tmp_path / "notes.txt"
        notes.write_text("mine")
        with pytest.raises(errors.ChimaeraError):
            rt.bdev(path=notes, size_bytes=1 << 20)
        assert notes.read_text() == "mine"


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "device"
    with chimaera.local() as rt:
        device = rt.bdev(path=path, size_bytes=1 << 20)
        block = device.allocate(4096)
        device.write(block, np.full(4096, 0x5A, "u1"))
        device.sync()
        with path.open("r+b") as file:
            at = path.read_bytes().index(b"\x5a" * 4096)
            file.seek(at + 100)
            file.write(b"\x5b")
        with pytest.raises(errors.ChecksumError, match=str(block.offset)):
            device.read(block)

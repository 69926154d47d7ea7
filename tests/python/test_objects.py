# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
"""Named objects of block devices."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

import chimaera
from chimaera import errors, testing
from python import programs

SIZE = 1 << 20


@pytest.fixture(params=["memory", "file"])
def device(
    request: pytest.FixtureRequest, rt: chimaera.Runtime, tmp_path: Path
) -> chimaera.BlockDevice:
    if request.param == "memory":
        return rt.bdev(size_bytes=SIZE)
    return rt.bdev(path=tmp_path / "device", size_bytes=SIZE)


def written(device: chimaera.BlockDevice, data: bytes) -> chimaera.Block:
    block = device.allocate(len(data))
    device.write(block, data)
    return block


def test_blocks_get_a_name(device: chimaera.BlockDevice) -> None:
    block = written(device, b"hello")
    device.put_object("greeting", [block], b"\x00about")
    assert device.get_object("greeting") == (b"\x00about", [block])
    with pytest.raises(errors.AlreadyExistsError, match="greeting"):
        device.put_object("greeting", [])
    with pytest.raises(errors.BadRequestError, match="object"):
        device.write(block, b"other")
    with pytest.raises(errors.BadRequestError, match="object"):
        device.free(block)
    other = written(device, b"world")
    device.put_object("greeting", [other, block], replace=True)
    attributes, blocks = device.get_object("greeting")
    assert attributes == b""
    assert [device.read(each).tobytes() for each in blocks] == [b"world", b"hello"]
    device.put_object("greeting", [block], replace=True)
    with pytest.raises(errors.StaleError):
        device.read(other)
    device.delete_object("greeting")
    assert device.stats().remaining_bytes == SIZE
    with pytest.raises(errors.NotFoundError, match="greeting"):
        device.get_object("greeting")
    with pytest.raises(errors.NotFoundError):
        device.delete_object("greeting")


def test_names_are_listed_sorted(device: chimaera.BlockDevice) -> None:
    names = ["ä/1", "b", "a", "a/2", "a/10"]
    chimaera.gather(*(device.put_object_async(name, []) for name in names))
    assert list(device.objects()) == [(name, 0) for name in sorted(names)]
    assert [name for name, _ in device.objects("a/")] == ["a/10", "a/2"]
    page = device.objects_async(after="a", limit=2).result()
    assert [name for name, _ in page] == ["a/10", "a/2"]
    with pytest.raises(errors.BadRequestError, match="256"):
        device.put_object("n" * 256, [])


def test_a_list_longer_than_a_page(rt: chimaera.Runtime) -> None:
    device = rt.bdev(size_bytes=SIZE)
    names = [f"{i:05}" for i in range(2500)]
    chimaera.gather(*(device.put_object_async(name, []) for name in names))
    assert [name for name, _ in device.objects()] == names


def test_a_view_outlives_its_object(rt: chimaera.Runtime) -> None:
    device = rt.bdev(size_bytes=SIZE)
    device.put_object("it", [written(device, b"x" * 4096)])
    view = device.read(device.get_object("it")[1][0], copy=False)
    device.delete_object("it")
    rest = device.allocate(device.stats().remaining_bytes)
    device.write(rest, np.zeros(rest.size_bytes, "u1"))
    assert view.tobytes() == b"x" * 4096
    del view


PUT = """
    import sys, numpy, chimaera
    with chimaera.connect(runtime_dir=sys.argv[1]) as rt:
        device = rt.bdev(path=sys.argv[2], size_bytes=1 << 20)
        for i in range(4):
            block = device.allocate(100_000)
            device.write(block, numpy.full(100_000, i, "u1"))
            device.put_object(f"object {i}", [block], bytes([i]))
        device.delete_object("object 2")
"""

GET = """
    import sys, numpy, chimaera
    with chimaera.connect(runtime_dir=sys.argv[1]) as rt:
        device = rt.bdev(path=sys.argv[2])
        for name, size in device.objects():
            attributes, (block,) = device.get_object(name)
            data = device.read(block)
            assert data.size == size and numpy.all(data == attributes[0])
            print(name)
"""


@pytest.mark.parametrize("how", ["nothing", "stop", "kill"])
def test_objects_outlive_their_makers(tmp_path: Path, how: str) -> None:
    runtime_dir, path = tmp_path / "run", tmp_path / "device"
    rt = chimaera.start(runtime_dir=runtime_dir)
    try:
        put = programs.python(PUT, runtime_dir, path)
        assert put.returncode == 0, put.stderr
        if how != "nothing":
            if how == "kill":
                os.kill(rt.pid, signal.SIGKILL)
            else:
                chimaera.stop(runtime_dir=runtime_dir)
            rt = chimaera.start(runtime_dir=runtime_dir)
        get = programs.python(GET, runtime_dir, path)
        assert get.returncode == 0, get.stderr
        assert get.stdout.splitlines() == ["object 0", "object 1", "object 3"]
    finally:
        chimaera.stop(runtime_dir=runtime_dir)


def test_bits_that_turn_over_are_noticed_later(tmp_path: Path) -> None:
    path = tmp_path / "device"
    with chimaera.local() as rt:
        device = rt.bdev(path=path, size_bytes=SIZE)
        device.put_object("it", [written(device, b"\x5a" * 5000)])
    assert programs.chimaera("fsck", path).returncode == 0
    with path.open("r+b") as file:
        at = path.read_bytes().index(b"\x5a" * 5000)
        file.seek(at + 4990)
        file.write(b"\x5b")
    found = programs.chimaera("fsck", path)
    assert found.returncode != 0
    assert "page 1 of block 0 of 'it'" in found.stdout
    with chimaera.local() as rt:
        device = rt.bdev(path=path)
        _, (block,) = device.get_object("it")
        with pytest.raises(errors.ChecksumError):
            device.read(block)
        assert device.read(block, out=np.empty(4096, "u1")).tobytes() == b"\x5a" * 4096


def test_bad_pages_are_found_before_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "device"
    with chimaera.local() as rt:
        device = rt.bdev(path=path, size_bytes=4 * SIZE, scrub_mib_per_s=0)
        device.put_object("good", [written(device, bytes(700 * 4096))])
        device.put_object("it", [written(device, b"\x5a" * 5000)])
        assert device.stats().scrubbed_pages == 0
    with path.open("r+b") as file:
        file.seek(path.read_bytes().index(b"\x5a" * 5000) + 4990)
        file.write(b"\x5b")
    with chimaera.local() as rt:
        device = rt.bdev(path=path, scrub_mib_per_s=256)
        # The same page again in each round.
        assert testing.wait_until(lambda: device.stats().bad_pages >= 2)
        assert device.stats().scrubbed_pages > 700
        rt.flush()  # which does not wait for a next time
        device.delete_object("it")
        device.destroy()
        # Slowly, where nobody says how fast.
        device = rt.bdev(path=path)
        assert testing.wait_until(
            lambda: device.stats().scrubbed_pages > 0, timeout_s=60
        )

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# That nothing is copied shows in the counters; that nothing can be written, in a
# process that dies of it.
"""Blocks looked at in place."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from pathlib import Path

import numpy as np
import pytest

import chimaera
from chimaera import errors, testing
from python import programs

DATA = np.arange(10_000, dtype="f8")


def written(device: chimaera.BlockDevice) -> chimaera.Block:
    block = device.allocate(DATA.nbytes)
    device.write(block, DATA)
    return block


@pytest.fixture
def device(rt: chimaera.Runtime) -> chimaera.BlockDevice:
    return rt.bdev(size_bytes=1 << 20)


@pytest.fixture
def file(rt: chimaera.Runtime, tmp_path: Path) -> chimaera.BlockDevice:
    return rt.bdev(path=tmp_path / "device", size_bytes=1 << 20)


def num_pins(device: chimaera.BlockDevice) -> int:
    gc.collect()
    device.runtime.flush()
    return device.stats().num_pins


def alive(rt: chimaera.Runtime) -> bool:
    try:
        rt.check()
    except errors.RuntimeDiedError:
        return False
    return True


def test_a_view_is_the_block_and_no_copy(device: chimaera.BlockDevice) -> None:
    block = written(device)
    before = device.runtime.buffer_bytes, device.runtime.bytes_staged
    reads = device.stats().num_reads
    view = device.read(block, copy=False)
    assert np.array_equal(view.view("f8"), DATA)
    assert np.array_equal(device.read(block, copy=None, offset=8).view("f8"), DATA[1:])
    assert (device.runtime.buffer_bytes, device.runtime.bytes_staged) == before
    assert device.stats().num_reads == reads
    device.write(block, b"\x01", offset=3)
    assert view[3] == 1


def test_it_pins_its_block_until_the_last_array_is_gone(
    device: chimaera.BlockDevice,
) -> None:
    block = written(device)
    view = device.read(block, copy=False)
    part = view[800:1600].view("f8")
    device.free(block)
    del view
    with pytest.raises(errors.StaleError):
        device.read(block, copy=False)
    # Whatever is allocated now lies elsewhere.
    rest = device.allocate_blocks(device.stats().remaining_bytes)
    for piece in rest:
        device.write(piece, np.full(piece.size_bytes, 255, "u1"))
    assert np.array_equal(part, DATA[100:200])
    assert num_pins(device) == 1
    del part
    assert num_pins(device) == 0
    assert device.stats().num_blocks == len(rest)


@pytest.mark.parametrize("kind", ["device", "file"])
def test_it_cannot_be_made_writable(kind: str, request: pytest.FixtureRequest) -> None:
    device = request.getfixturevalue(kind)
    for view in (
        device.read(written(device), copy=False),
        device.read_async(written(device), copy=False).result(),
    ):
        assert not view.flags.writeable
        with pytest.raises(ValueError, match="WRITEABLE"):
            view.setflags(write=True)
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 1
        assert np.array_equal(view.view("f8"), DATA)


@pytest.mark.parametrize("how", ["memory", "file", "file, async", "array in a file"])
def test_a_write_behind_pythons_back_faults(how: str, tmp_path: Path) -> None:
    done = programs.python(
        """
        import ctypes, sys, chimaera
        how, path = sys.argv[1:]
        with chimaera.local() as rt:
            device = rt.bdev(path=None if how == "memory" else path, size_bytes=1 << 20)
            block = device.allocate(100)
            device.write(block, bytes(100))
            if how == "array in a file":
                array = device.array("a", 100, "u1")
                array[:] = 0
                view = array.read(copy=False)
            elif how == "file, async":
                view = device.read_async(block, copy=False).result()
            else:
                view = device.read(block, copy=False)
            print("writing", view[99], flush=True)
            ctypes.memset(view.ctypes.data + 99, 1, 1)
            print("written")
        """,
        how,
        tmp_path / "device",
    )
    assert done.returncode == -signal.SIGSEGV, done.stderr
    assert done.stdout.split() == ["writing", "0"]


def test_a_block_of_a_file_is_read_once_and_checked(
    file: chimaera.BlockDevice, tmp_path: Path
) -> None:
    rt = file.runtime
    block = written(file)
    view = file.read(block, copy=False, offset=16).view("f8")
    assert file.stats().num_reads == 1
    assert rt.bytes_staged == DATA.nbytes  # by the write
    assert np.array_equal(view, DATA[2:])
    assert file.read(block, copy=None).flags.writeable
    path = tmp_path / "device"
    with path.open("r+b") as raw:
        raw.seek(path.read_bytes().index(DATA[500:600].tobytes()))
        raw.write(b"\xff")
    with pytest.raises(errors.ChecksumError):
        file.read(block, copy=False)
    assert np.array_equal(view, DATA[2:])


def test_what_needs_a_copy_is_refused(device: chimaera.BlockDevice) -> None:
    block = written(device)
    with pytest.raises(ValueError, match="copy=False"):
        device.read(block, out=np.empty(8, "u1"), copy=False)
    out = np.empty(8, "u1")
    assert device.read(block, out=out, copy=None) is out
    assert device.read(block, copy=True).flags.writeable
    for offset in (-1, block.size_bytes):
        with pytest.raises(errors.BadRequestError):
            device.read(block, offset=offset, copy=False)


@pytest.mark.parametrize("kind", ["device", "file"])
def test_views_can_be_awaited(kind: str, request: pytest.FixtureRequest) -> None:
    device = request.getfixturevalue(kind)
    block = written(device)

    async def look() -> bool:
        views = await asyncio.gather(
            *(device.read_async(block, copy=False) for _ in range(20))
        )
        return all(np.array_equal(view.view("f8"), DATA) for view in views)

    assert asyncio.run(look())
    assert num_pins(device) == 0


def test_a_dropped_call_leaves_no_pin(device: chimaera.BlockDevice) -> None:
    block = written(device)
    device.read(block, copy=False)
    for _ in range(100):
        device.read_async(block, copy=False)
    device.runtime.flush()
    device.read(block, copy=False)
    assert num_pins(device) == 0


@pytest.mark.parametrize("kind", ["device", "file"])
def test_closing_under_a_view_is_refused(
    kind: str, request: pytest.FixtureRequest
) -> None:
    device = request.getfixturevalue(kind)
    block = written(device)
    views = [device.read(block, copy=False) for _ in range(3)]
    with pytest.raises(BufferError, match="3 views"):
        device.runtime.close()
    views.pop()
    with pytest.raises(BufferError, match=f"2 views .*{device.name}"):
        device.destroy()
    assert device.runtime.bdev(size_bytes=4096, name="ram://other").destroy() is None
    views.clear()
    device.destroy()
    device.runtime.close()


@pytest.mark.parametrize("kind", ["device", "file"])
def test_a_forced_close_leaves_valid_memory(
    kind: str, request: pytest.FixtureRequest
) -> None:
    device = request.getfixturevalue(kind)
    view = device.read(written(device), copy=False).view("f8")
    device.runtime.close(force=True)
    with testing.runtime() as other:
        assert np.array_equal(view, DATA)
        del view
        gc.collect()
        assert other.bdev(size_bytes=4096).stats().num_pins == 0


def test_an_error_closes_in_spite_of_views() -> None:
    def work() -> None:
        with chimaera.local() as rt:
            device = rt.bdev(size_bytes=1 << 20)
            view = device.read(written(device), copy=False)
            raise KeyError(int(view[0]))

    with pytest.raises(KeyError):
        work()
    with chimaera.local() as rt:
        rt.check()


def test_a_view_outlives_a_killed_runtime(daemon: Path) -> None:
    rt = chimaera.connect(runtime_dir=daemon)
    device = rt.bdev(size_bytes=1 << 20)
    view = device.read(written(device), copy=False).view("f8")
    os.kill(rt.pid, signal.SIGKILL)
    assert testing.wait_until(lambda: not alive(rt))
    assert np.array_equal(view, DATA)
    rt.close()
    assert np.array_equal(view, DATA)


def test_views_of_a_killed_client_are_unpinned(daemon: Path) -> None:
    with chimaera.connect(runtime_dir=daemon) as rt:
        device = rt.bdev(size_bytes=1 << 20)
        done = programs.python(
            """
            import os, signal, sys, chimaera
            rt = chimaera.connect(runtime_dir=sys.argv[1])
            device = rt.pool("ram://default")
            view = device.read(device.allocate(4096), copy=False)
            print(device.stats().num_pins, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
            """,
            daemon,
        )
        assert done.stdout.split() == ["1"], done.stderr
        assert testing.wait_until(lambda: num_pins(device) == 0)
        assert testing.wait_until(lambda: device.stats().num_blocks == 0)


def test_a_forked_child_may_look_and_drop(device: chimaera.BlockDevice) -> None:
    view = device.read(written(device), copy=False).view("f8")
    child = os.fork()
    if child == 0:
        ok = np.array_equal(view, DATA)
        del view
        os._exit(0 if ok else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert num_pins(device) == 1
    del view
    assert num_pins(device) == 0

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
"""Block devices on files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import chimaera
from chimaera import errors
from chimaera.device_status import device_lines
from chimaera.testing import wait_until
from python import faults, programs


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


def test_a_disk_that_does_not_answer_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with chimaera.local() as rt:
        device = rt.bdev(
            path=tmp_path / "device",
            size_bytes=1 << 20,
            stall_ms=100,
            scrub_mib_per_s=0,
        )
        other = rt.bdev(path=tmp_path / "other", size_bytes=1 << 20, scrub_mib_per_s=0)
        blocks = [each.allocate(4096) for each in (device, other)]
        data = bytes(range(256)) * 16
        device.write(blocks[0], data)
        with faults.armed(not_at_once=None, stalled=None, stall=1):
            # Long enough to begin, however busy the machine is.
            reading = device.read_async(blocks[0], timeout_s=3)
            # It ends by its own deadline, not by ours.
            with pytest.raises(errors.DeadlineExceededError):
                reading.result(60)
            assert wait_until(lambda: device.stats().oldest_ns >= 10**9)
            stats = device.stats()
            assert (stats.queue_depth, stats.num_pins) == (1, 1)
            (task,) = (each for each in rt.dump().tasks if each.method == "Read")
            assert task.pool_name == device.name
            assert (task.state, task.waits_for) == ("waiting", "io")
            assert task.waited_ms >= 900
            (pool,) = (each for each in rt.pools() if each.id == device.id)
            age = f"the oldest for {stats.oldest_ns / 1e9:.1f} s"
            assert (
                f"1 requests under way, at most 1, {age}"
                in (device_lines(pool, stats)[0])
            )

            def told() -> bool:
                return caplog.text.count("has not answered a request for") >= 3

            assert wait_until(told)
            line = f"pool {device.id} ({device.name}): the device has not"
            assert line in caplog.text
            # Nobody else waits.
            other.write(blocks[1], data)
            other.sync()
            assert other.stats().oldest_ns == 0
        assert wait_until(lambda: device.stats().oldest_ns == 0)
        assert device.read(blocks[0]).tobytes() == data
        assert device.stats().num_pins == 0
        assert all(task.method != "Read" for task in rt.dump().tasks)


def test_a_program_does_not_wait_for_ever_for_a_disk(tmp_path: Path) -> None:
    done = programs.python(
        """
        import os, sys, threading

        os.environ["CHI_FAULTS"] = "sched.file_io.stall,sched.file_io.stalled=always"
        import chimaera
        from chimaera import errors, testing

        def make(rt):
            try:
                rt.bdev(path=sys.argv[1], size_bytes=1 << 20, timeout_s=300)
            except errors.ChimaeraError as error:
                print("told", type(error).__name__)

        def waits():
            return any(task.waits_for == "io" for task in rt.dump().tasks)

        with chimaera.local({"runtime": {"stop_timeout": "100ms"}}) as rt:
            maker = threading.Thread(target=make, args=(rt,))
            maker.start()
            assert testing.wait_until(waits, timeout_s=60)
        maker.join(60)
        try:
            chimaera.local()
        except errors.AlreadyExistsError:
            print("it stays")
        """,
        tmp_path / "device",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["told CancelledError", "it stays"]
    assert "GetOrCreatePool has waited for io for" in done.stderr


def test_a_late_read_meets_no_other_array(tmp_path: Path) -> None:
    with chimaera.local() as rt:
        device = rt.bdev(path=tmp_path / "device", size_bytes=1 << 20)
        block = device.allocate(1 << 16)
        device.write(block, bytes(1 << 16))
        with faults.armed(not_at_once=None, stalled=None, stall=1):
            reading = device.read_async(block)
            assert wait_until(lambda: device.stats().num_pins == 1, timeout_s=60)
            with pytest.raises(errors.DeadlineExceededError):
                reading.result(0.01)
            del reading
            # Its array is nobody's now, and taken all the same.
            others = [rt.empty(1 << 16, "u1") for _ in range(64)]
            for other in others:
                other[:] = 7
            assert device.stats().num_pins == 1
        assert wait_until(lambda: device.stats().num_pins == 0, timeout_s=60)
        assert all((other == 7).all() for other in others)

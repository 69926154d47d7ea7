# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Real processes; who has to wait for another one reads a line of it.
"""Arrays between processes: loans, their parts, deaths and restarts."""

from __future__ import annotations

import pickle
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import chimaera
from chimaera import errors, testing
from python import programs

SHAPE = (8, 1000)
CHUNKS = (2, 1000)
DEADLINE_S = programs.TIMEOUT_S

# Fills one part that it was given, and tells.
FILL = """
    import pickle, sys
    part = pickle.loads(bytes.fromhex(sys.argv[1]))
    with part as data:
        data[...] = float(sys.argv[2]) + part.rows.start
    print("filled", data.shape[0])
"""


@pytest.fixture
def rt(daemon: Path) -> Iterator[chimaera.Runtime]:
    with chimaera.connect(runtime_dir=daemon) as runtime:
        yield runtime
        runtime.close(force=True)


@pytest.fixture(params=["memory", "file"])
def device(
    rt: chimaera.Runtime, request: pytest.FixtureRequest, tmp_path: Path
) -> chimaera.BlockDevice:
    if request.param == "memory":
        return rt.bdev(size_bytes=8 << 20)
    return rt.bdev(path=tmp_path / "device", size_bytes=8 << 20)


@pytest.fixture
def array(device: chimaera.BlockDevice) -> chimaera.DeviceArray:
    made = device.array("a", SHAPE, "f8", CHUNKS)
    made[...] = 1
    return made


def hexed(thing: object) -> str:
    return pickle.dumps(thing).hex()


def told(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        process.wait(DEADLINE_S)
        assert process.stderr is not None
        pytest.fail(process.stderr.read())
    return line


def blocks_are(device: chimaera.BlockDevice, count: int) -> bool:
    return testing.wait_until(
        lambda: device.stats().num_blocks == count, timeout_s=DEADLINE_S
    )


def free_to_loan(array: chimaera.DeviceArray) -> bool:
    try:
        with array.loan():
            return True
    except errors.AlreadyExistsError:
        return False


def test_another_process_opens_and_writes_it(array: chimaera.DeviceArray) -> None:
    done = programs.python(
        """
        import pickle, sys
        array = pickle.loads(bytes.fromhex(sys.argv[1]))
        print(array[...].sum(), array.name, array.device.name)
        array[2:4, ::2] = 5
        """,
        hexed(array),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["8000.0", "a", array.device.name]
    wanted = np.ones(SHAPE)
    wanted[2:4, ::2] = 5
    assert np.array_equal(array[...], wanted)
    assert blocks_are(array.device, 4)


def test_another_process_looks_at_it_in_place(rt: chimaera.Runtime) -> None:
    device = rt.bdev(size_bytes=8 << 20)
    array = device.array("big", (4, 1 << 16), "f8", chunks=(2, 1 << 16))
    array[...] = np.arange(4.0)[:, None]
    child = programs.python_process(
        """
        import pickle, signal, sys
        array = pickle.loads(bytes.fromhex(sys.argv[1]))
        rt = array.device.runtime
        view = array.read(2, copy=False)
        print(view[-1], rt.bytes_staged, array.device.stats().num_reads, flush=True)
        signal.pause()
        """,
        hexed(array),
    )
    assert told(child) == "2.0 0 0"
    assert device.stats().num_pins == 1
    array[...] = 9
    # The chunk that is looked at keeps its space until nobody does.
    assert device.stats().num_blocks == 3
    child.kill()
    child.communicate(timeout=DEADLINE_S)
    assert blocks_are(device, 2)


def test_parts_of_a_loan_are_filled_by_others(array: chimaera.DeviceArray) -> None:
    before = array[...]
    with array.loan() as loan:
        parts = loan.split(3)
        assert [part.rows for part in parts] == [
            slice(0, 2),
            slice(2, 4),
            slice(4, 8),
        ]
        children = [
            programs.python_process(FILL, hexed(part), str(10 * number))
            for number, part in enumerate(parts)
        ]
        outputs = [child.communicate(timeout=DEADLINE_S) for child in children]
        assert [out.split() for out, _ in outputs] == [
            ["filled", str(rows)] for rows in (2, 2, 4)
        ], outputs
        assert np.array_equal(array[...], before)
    assert array[:, 0].tolist() == [0, 0, 12, 12, 24, 24, 24, 24]
    assert blocks_are(array.device, 4)


def test_a_loan_is_exclusive_and_sealed_as_a_whole(
    array: chimaera.DeviceArray,
) -> None:
    other = array.device.array("a")
    with array.loan() as loan:
        loan.data[...] = 7
        with pytest.raises(errors.AlreadyExistsError, match="on loan to client"):
            other.loan().__enter__()
        with pytest.raises(errors.DeadlineExceededError, match="on loan"):
            other.write(0, 0, timeout_s=0.05)
        assert (other[...] == 1).all()
    assert (other[...] == 7).all()
    other[0] = 0
    assert array[0, 0] == 0


def test_an_exception_discards_a_loan(array: chimaera.DeviceArray) -> None:
    def fill_badly(*, parts: bool) -> None:
        with array.loan() as loan:
            if parts:
                with loan.split(2)[0] as data:
                    data[...] = 9
            else:
                loan.data[...] = 9
            raise KeyError

    for parts in (True, False):
        with pytest.raises(KeyError):
            fill_badly(parts=parts)
        assert (array[...] == 1).all()
        assert free_to_loan(array)
        assert blocks_are(array.device, 4)


def test_a_loan_that_is_not_all_filled_is_not_kept(
    array: chimaera.DeviceArray,
) -> None:
    def fill_half() -> None:
        with array.loan() as loan:
            first, second = loan.split(2)
            with first as data:
                data[...] = 9
            with pytest.raises(errors.AlreadyExistsError), first as data:
                data[...] = 9
            with pytest.raises(ZeroDivisionError), second:
                _ = 1 / 0

    with pytest.raises(errors.BadRequestError, match="2 of 4 chunks were not filled"):
        fill_half()
    assert (array[...] == 1).all()
    assert blocks_are(array.device, 4)


def test_a_part_of_a_loan_that_has_ended_is_refused(
    array: chimaera.DeviceArray,
) -> None:
    with array.loan() as loan:
        pass
    with array.loan() as later:
        part = later.split(1)[0]
        with part as data:
            data[...] = 2
    with pytest.raises(errors.StaleError, match="has ended"), part as data:
        data[...] = 3
    assert (array[...] == 2).all()
    for use in (lambda: loan.data, lambda: loan.split(2)):
        with pytest.raises(errors.BadRequestError):
            use()
    assert blocks_are(array.device, 4)


def test_a_killed_borrower_leaves_what_was_sealed(
    array: chimaera.DeviceArray,
) -> None:
    child = programs.python_process(
        """
        import pickle, signal, sys
        array = pickle.loads(bytes.fromhex(sys.argv[1]))
        with array.loan() as loan:
            with loan.split(2)[0] as data:
                data[...] = 9
            print("half", flush=True)
            signal.pause()
        """,
        hexed(array),
    )
    assert told(child) == "half"
    assert not free_to_loan(array)
    assert array.device.stats().num_blocks == 6
    child.kill()
    child.communicate(timeout=DEADLINE_S)
    assert testing.wait_until(lambda: free_to_loan(array), timeout_s=DEADLINE_S)
    assert blocks_are(array.device, 4)
    assert (array[...] == 1).all()


def test_a_killed_helper_leaves_the_loan(array: chimaera.DeviceArray) -> None:
    with array.loan() as loan:
        first, second = loan.split(2)
        done = programs.python(
            """
            import os, pickle, signal, sys
            with pickle.loads(bytes.fromhex(sys.argv[1])) as data:
                data[...] = 9
                os.kill(os.getpid(), signal.SIGKILL)
            """,
            hexed(first),
        )
        assert done.returncode < 0
        for part in (first, second):
            with part as data:
                data[...] = 4
    assert (array[...] == 4).all()
    assert blocks_are(array.device, 4)


def test_what_a_helper_gave_outlives_it(array: chimaera.DeviceArray) -> None:
    with array.loan() as loan:
        part = loan.split(1)[0]
        done = programs.python(FILL, hexed(part), "3")
        assert done.returncode == 0, done.stderr
    assert (array[...] == 3).all()


def test_writers_in_several_processes_lose_nothing(
    array: chimaera.DeviceArray,
) -> None:
    children = [
        programs.python_process(
            """
            import pickle, sys
            array, rank = pickle.loads(bytes.fromhex(sys.argv[1])), int(sys.argv[2])
            for value in range(20):
                array[:, rank::4] = value + rank
            """,
            hexed(array),
            str(rank),
        )
        for rank in range(4)
    ]
    for child in children:
        _, error = child.communicate(timeout=programs.TIMEOUT_S)
        assert child.returncode == 0, error
    assert array[...].tolist() == [[19.0, 20.0, 21.0, 22.0] * 250] * 8
    assert blocks_are(array.device, 4)


def test_readers_see_all_of_a_write_or_nothing(array: chimaera.DeviceArray) -> None:
    torn = []
    stop = threading.Event()

    def read() -> None:
        reader = array.device.array("a")
        while not stop.is_set():
            found = reader[...]
            if (found != found[0, 0]).any():
                torn.append(found)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for value in range(200):
        array[...] = value
    stop.set()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert not torn
    assert blocks_are(array.device, 4)


def test_it_is_there_after_a_restart(runtime_dir: Path, tmp_path: Path) -> None:
    wanted = np.random.default_rng(3).random((300, 7))
    for attempt in range(3):
        started = programs.chimaera("start", "--runtime-dir", runtime_dir)
        assert started.returncode == 0, started.stderr
        with chimaera.connect(runtime_dir=runtime_dir) as rt:
            device = rt.bdev(path=tmp_path / "device", size_bytes=4 << 20)
            if attempt == 0:
                array = device.array("heights", wanted.shape, "f8", (40, 7))
                array[...] = wanted
                device.array("zeros", (5, 5), "i2")
                data = pickle.dumps(array)
            else:
                assert device.arrays() == ["heights", "zeros"]
                array = device.array("heights")
                assert np.array_equal(array[...], wanted)
                assert not device.array("zeros")[...].any()
                with pytest.raises(errors.BadRequestError, match="the runtime that"):
                    pickle.loads(data)  # noqa: S301 - our own
                array[17] = wanted[17] = attempt
        programs.chimaera("stop", "--runtime-dir", runtime_dir)

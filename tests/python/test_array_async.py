# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What arrays do as futures: awaited, waited for, cancelled.
"""Arrays on block devices without waiting for them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import chimaera
from chimaera import array_read, errors
from chimaera.background import Job
from chimaera.bdev import BlockDevice
from chimaera.loan import LoanPart
from python import programs


@pytest.fixture
def device() -> Iterator[BlockDevice]:
    with chimaera.local() as rt:
        yield rt.bdev(size_bytes=16 << 20)


async def test_arrays_are_made_written_read_and_deleted(device: BlockDevice) -> None:
    array = await device.array_async("a", (40, 10), "i4", chunks=(4, 10))
    assert await array.stored_chunks_async() == 0
    data = np.arange(400, dtype="i4").reshape(40, 10)
    await array.write_async(..., data)
    assert await array.stored_chunks_async() == 10
    parts = [array.read_async(np.s_[at : at + 7, ::-1]) for at in range(0, 33, 3)]
    for at, found in zip(range(0, 33, 3), await asyncio.gather(*parts), strict=True):
        assert np.array_equal(found, data[at : at + 7, ::-1])
    out = np.zeros((2, 10), "i4")
    assert await array.read_async(np.s_[5:7], out=out) is out
    assert np.array_equal(out, data[5:7])
    view = await array.read_async(np.s_[0:3], copy=False)
    assert not view.flags.writeable
    del view
    assert await device.arrays_async() == ["a"]
    await array.delete_async()
    assert await device.arrays_async() == []
    with pytest.raises(errors.NotFoundError):
        await device.array_async("a")
    with pytest.raises(IndexError):
        await array.read_async(41)


async def test_writers_of_one_array_lose_nothing(device: BlockDevice) -> None:
    array = device.array("a", 50, "i8", chunks=7)
    await asyncio.gather(*(array.write_async(at, at + 1) for at in range(50)))
    assert np.array_equal(array[:], np.arange(1, 51))


async def test_a_loan_is_sealed_as_a_whole_or_not(device: BlockDevice) -> None:
    array = device.array("a", 100, "i4", chunks=10)
    async with array.loan() as loan:
        loan.data[:] = 7
        with pytest.raises(errors.AlreadyExistsError):
            async with array.loan():
                pass
        # Others wait in vain for as long as they want, and the loan ends all the same.
        late = [array.write_async(0, 1, timeout_s=0.05) for _ in range(40)]
    await asyncio.gather(*late, return_exceptions=True)

    async def fail() -> None:
        async with array.loan() as loan:
            loan.data[:] = 8
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert (array[1:] == 7).all()


async def test_parts_of_a_loan_are_filled_at_once(device: BlockDevice) -> None:
    array = device.array("a", (12, 3), "f4", chunks=(2, 3))

    async def fill(part: LoanPart) -> None:
        async with part as data:
            data[:] = part.rows.start

    async with array.loan() as loan:
        await asyncio.gather(*map(fill, loan.split(3)))
    assert array[:, 0].tolist() == [0] * 4 + [4] * 4 + [8] * 4


async def test_who_gives_up_waiting_for_a_loan_does_not_get_it(
    device: BlockDevice,
) -> None:
    array = device.array("a", 10)
    begun = asyncio.Event()
    entered = False

    async def borrow() -> None:
        nonlocal entered
        begun.set()
        async with array.loan(wait_s=20):
            entered = True

    async with array.loan():
        waiting = asyncio.create_task(borrow())
        await begun.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with array.loan(wait_s=20):
        assert not entered


async def test_the_time_to_wait_has_a_bound(device: BlockDevice) -> None:
    array = device.array("a", 10)
    with array.loan():
        future = array.write_async(0, 1, timeout_s=0.01)
        with pytest.raises(errors.DeadlineExceededError):
            await future
        assert isinstance(future.exception(0), errors.DeadlineExceededError)
        pending = array.write_async(0, 1, timeout_s=200)
        with pytest.raises(errors.DeadlineExceededError, match="not done after"):
            pending.result(0.01)
    assert pending.result(200) is None
    assert array[0] == 1


def test_they_are_waited_for_beside_tasks(device: BlockDevice) -> None:
    array = device.array("a", 10)
    block = device.allocate(10)
    futures = [array.write_async(..., 3), device.write_async(block, b"0123456789")]
    assert set(chimaera.as_completed(futures)) == set(futures)
    assert chimaera.gather(*futures) == [None, 10]
    with array.loan():
        late = array.write_async(0, 1, timeout_s=200)
        fast = device.read_async(block)
        found = chimaera.wait([late, fast], return_when="FIRST_COMPLETED")
        assert found == ({fast}, {late})
        assert chimaera.wait([late], timeout=0.01) == (set(), {late})
    assert chimaera.wait([late]) == ({late}, set())
    seen = []
    late.add_done_callback(seen.append)
    assert seen == [late]
    with chimaera.Executor(device.runtime) as executor:
        assert executor.submit(device.array, "a").result(200)[0] == 1


def test_one_that_has_not_begun_can_be_cancelled(device: BlockDevice) -> None:
    array = device.array("a", 10)
    with array.loan():
        waiting = [array.write_async(0, 1, timeout_s=200) for _ in range(33)]
        assert waiting[-1].cancel()
        assert waiting[-1].cancelled()
        with pytest.raises(errors.CancelledError):
            waiting[-1].result()
    chimaera.gather(*waiting[:-1])


class Held:
    """Data of a write that is made when the test says so."""

    def __init__(self, value: int) -> None:
        self.value = value
        self.begun, self.go = threading.Event(), threading.Event()

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        self.begun.set()
        assert self.go.wait(200)
        return np.asarray(self.value, dtype)


def test_one_that_has_begun_stops_before_its_next_task(device: BlockDevice) -> None:
    array = device.array("a", 100, "i8", chunks=10)
    array[...] = 1
    blocks = device.stats().num_blocks
    data = Held(7)
    seen: list[Any] = []
    writing = array.write_async(np.s_[5:], data)
    writing.add_done_callback(seen.append)
    assert data.begun.wait(200)
    assert writing.cancel()
    assert not writing.done()
    assert writing.cancel()
    data.go.set()
    with pytest.raises(errors.CancelledError):
        writing.result()
    assert writing.cancelled()
    assert not writing.cancel()
    assert seen == [writing]
    assert (array[...] == 1).all()
    device.runtime.flush()
    assert device.stats().num_blocks == blocks
    # Nor is it on loan any more.
    array.write(0, 2, timeout_s=200)


def test_one_that_waits_is_cancelled_without_a_trace(device: BlockDevice) -> None:
    array = device.array("a", 10)
    with array.loan():
        waiting = [array.write_async(0, 1, timeout_s=200) for _ in range(3)]
        assert all(each.cancel() for each in waiting)
        for each in waiting:
            assert isinstance(each.exception(), errors.CancelledError)
    array.write(1, 5, timeout_s=200)
    assert array[:3].tolist() == [0, 5, 0]


def test_a_read_stops_between_two_chunks(
    device: BlockDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    array = device.array("a", (16, 1 << 14), "i8", chunks=(1, 1 << 14))
    array[...] = 3
    begun, go = threading.Event(), threading.Event()
    copies = 0

    def copy(*_arguments: Any) -> None:
        nonlocal copies
        copies += 1
        begun.set()
        assert go.wait(200)

    monkeypatch.setattr(array_read, "copy_counted", copy)
    reading = array.read_async(np.s_[:, ::2])
    assert begun.wait(200)
    assert reading.cancel()
    go.set()
    with pytest.raises(errors.CancelledError):
        reading.result()
    assert copies == 1


def test_one_that_puts_its_chunks_in_place_is_not_cancelled(
    device: BlockDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    array = device.array("a", 100, "i8", chunks=10)
    begun, go = threading.Event(), threading.Event()
    put = BlockDevice.put_object

    def held(*arguments: Any, **options: Any) -> None:
        begun.set()
        assert go.wait(200)
        put(*arguments, **options)

    monkeypatch.setattr(BlockDevice, "put_object", held)
    writing = array.write_async(..., 4)
    assert begun.wait(200)
    assert not writing.cancel()
    go.set()
    assert writing.result() is None
    assert (array[...] == 4).all()


def test_each_ends_in_exactly_one_way(device: BlockDevice) -> None:
    array = device.array("a", 100, "i8", chunks=10)
    array[...] = 0
    blocks = device.stats().num_blocks
    for at in range(60):
        before = array[0]
        data = Held(at + 1)
        data.go.set()
        writing = array.write_async(..., data)
        # From somewhere in the middle, further on each time.
        for _ in range(at * 40):
            if writing.done():
                break
        cancelled = writing.cancel()
        error = writing.exception()
        if cancelled:
            assert isinstance(error, errors.CancelledError)
        else:
            assert error is None
        assert (array[...] == (before if cancelled else at + 1)).all()
    device.runtime.flush()
    assert device.stats().num_blocks == blocks


def test_a_loan_that_comes_too_late_is_given_back(device: BlockDevice) -> None:
    array = device.array("a", 10)
    for at in range(40):
        loan = array.loan(wait_s=20)
        with array.loan():
            entering = Job(loan.__enter__, "loan")
            if at % 2:
                assert entering.cancel()
        entering.cancel()
        entering.exception()
        # Whatever it was that came first; outside of a loan this does nothing.
        loan.__exit__(None, None, None)
        with array.loan(wait_s=20):
            pass


@pytest.mark.parametrize("own_thread", [False, True])
def test_who_let_go_of_a_view_may_close(
    device: BlockDevice, *, own_thread: bool
) -> None:
    """Though the thread that has made it holds it for longer."""
    array = device.array("a", 4, chunks=4)
    array[:] = 1
    begin, hold = threading.Event(), threading.Event()

    def look() -> Any:
        begin.wait(programs.TIMEOUT_S)
        return array.read(copy=False)

    looking = Job(look, "look", own_thread=own_thread)
    looking.add_done_callback(lambda _done: hold.wait(programs.TIMEOUT_S))
    begin.set()
    assert looking.result().tolist() == [1] * 4
    del looking
    later = threading.Timer(0.1, hold.set)
    later.start()
    device.runtime.close()
    later.join()


@pytest.mark.parametrize("end", ["pass", "raise SystemExit(0)"])
def test_the_end_of_a_process_waits_for_none(end: str) -> None:
    """They would take longer than the test may."""
    done = programs.python(
        f"""
        import chimaera
        rt = chimaera.local()
        array = rt.bdev(size_bytes=1 << 20).array("a", 100, "i8", chunks=10)
        loan = array.loan()
        loan.__enter__()
        late = {2 * programs.TIMEOUT_S}
        waiting = [array.write_async(0, 1, timeout_s=late) for _ in range(40)]
        for each in waiting:
            each.add_done_callback(lambda done: print(repr(done.exception(0))[:9]))
        {end}
        """
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Cancelled") == 40  # several threads print
    assert done.stderr == ""

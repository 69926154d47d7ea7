# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What arrays do as futures: awaited, waited for, cancelled.
"""Arrays on block devices without waiting for them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

import chimaera
from chimaera import errors
from chimaera.bdev import BlockDevice
from chimaera.loan import LoanPart


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
        pending = array.write_async(0, 1, timeout_s=20)
        with pytest.raises(errors.DeadlineExceededError, match="not done after"):
            pending.result(0.01)
    assert pending.result(20) is None
    assert array[0] == 1


def test_they_are_waited_for_beside_tasks(device: BlockDevice) -> None:
    array = device.array("a", 10)
    block = device.allocate(10)
    futures = [array.write_async(..., 3), device.write_async(block, b"0123456789")]
    assert set(chimaera.as_completed(futures)) == set(futures)
    assert chimaera.gather(*futures) == [None, 10]
    with array.loan():
        late = array.write_async(0, 1, timeout_s=20)
        fast = device.read_async(block)
        found = chimaera.wait([late, fast], return_when="FIRST_COMPLETED")
        assert found == ({fast}, {late})
        assert chimaera.wait([late], timeout=0.01) == (set(), {late})
    assert chimaera.wait([late]) == ({late}, set())
    seen = []
    late.add_done_callback(seen.append)
    assert seen == [late]
    with chimaera.Executor(device.runtime) as executor:
        assert executor.submit(device.array, "a").result(20)[0] == 1


def test_one_that_has_not_begun_can_be_cancelled(device: BlockDevice) -> None:
    array = device.array("a", 10)
    with array.loan():
        waiting = [array.write_async(0, 1, timeout_s=20) for _ in range(33)]
        assert waiting[-1].cancel()
        assert waiting[-1].cancelled()
        with pytest.raises(errors.CancelledError):
            waiting[-1].result()
    chimaera.gather(*waiting[:-1])

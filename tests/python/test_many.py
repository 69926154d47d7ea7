# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Counts around the size of a batch (64) and of the window (256) of many.cc.
"""Many tasks in one crossing."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest

import chimaera
from chimaera import errors, testing

COUNTS = [0, 1, 63, 64, 65, 255, 256, 257, 5000]


@pytest.mark.parametrize("count", COUNTS)
def test_null_runs_so_many_times(rt: chimaera.Runtime, count: int) -> None:
    echo = rt.echo()
    before = rt.status().tasks
    codes = echo.null_many(count)
    assert codes.shape == (count,)
    assert codes.dtype == np.uint32
    assert not codes.any()
    assert rt.status().tasks >= before + count


@pytest.mark.parametrize("count", COUNTS)
def test_numbers_come_back_in_order(rt: chimaera.Runtime, count: int) -> None:
    numbers = np.arange(count, dtype=np.uint64) * 3 + 2**63
    assert np.array_equal(rt.echo().echo_many(numbers), numbers)


def test_arrays_keep_their_shape(rt: chimaera.Runtime) -> None:
    answers, codes = rt.echo().echo_many([[1, 2, 3], [4, 5, 6]], errors="return")
    assert answers.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert codes.shape == (2, 3)
    assert not codes.any()


def test_an_error_is_raised_with_its_index(rt: chimaera.Runtime) -> None:
    with pytest.raises(errors.UnimplementedError, match=r"task 0 of 7: .*999"):
        rt.echo().call_many(999, 7)


def test_errors_are_returned_as_codes(rt: chimaera.Runtime) -> None:
    codes = rt.echo().call_many(999, 300, errors="return")
    assert set(codes.tolist()) == {errors.UnimplementedError.status_code}


def test_another_way_with_errors_is_refused(rt: chimaera.Runtime) -> None:
    with pytest.raises(errors.BadRequestError, match="errors is"):
        rt.echo().null_many(1, errors="ignore")  # type: ignore[arg-type]
    with pytest.raises(errors.BadRequestError, match="-1 tasks"):
        rt.echo().null_many(-1)


def test_when_time_is_over_every_task_has_a_code(rt: chimaera.Runtime) -> None:
    count = 1_000_000
    codes = rt.echo().null_many(count, timeout_s=0, errors="return")
    assert set(codes.tolist()) == {errors.NotRunError.status_code}
    codes = rt.echo().null_many(count, timeout_s=0.001, errors="return")
    kinds = {0, errors.DeadlineExceededError.status_code, 10010, 10099}
    assert set(codes.tolist()) <= kinds
    assert codes[-1] == errors.NotRunError.status_code
    with pytest.raises(errors.ChimaeraError, match=f"of {count}"):
        rt.echo().null_many(count, timeout_s=0.001)
    assert rt.echo().echo("usable") == "usable"


def test_nothing_is_left_in_shared_memory(rt: chimaera.Runtime) -> None:
    echo = rt.echo()
    echo.echo_many(np.arange(1000))
    before = rt.task_bytes, rt.buffer_bytes
    for _ in range(20):
        echo.echo_many(np.arange(1000))
    assert (rt.task_bytes, rt.buffer_bytes) == before


def test_threads_may_call_many_at_once(rt: chimaera.Runtime) -> None:
    echo, wrong = rt.echo(), []

    def work(number: int) -> None:
        numbers = np.arange(2000) + number
        if not np.array_equal(echo.echo_many(numbers), numbers):
            wrong.append(number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_closing_meanwhile_ends_the_call(rt: chimaera.Runtime) -> None:
    closing = threading.Timer(0.05, rt.close)
    closing.start()
    with pytest.raises(errors.ChimaeraError):
        rt.echo().null_many(1 << 26)
    closing.join()


def test_the_end_of_the_runtime_ends_the_call(daemon: Path) -> None:
    with chimaera.connect(runtime_dir=daemon) as rt:
        echo, begun = rt.echo(), rt.status().tasks
        found: list[chimaera.ChimaeraError] = []

        def work() -> None:
            try:
                echo.null_many(1 << 26, timeout_s=600)
            except errors.ChimaeraError as error:
                found.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        assert testing.wait_until(lambda: rt.status().tasks > begun + 100)
        os.kill(rt.status().pid, signal.SIGKILL)
        thread.join(200)
        assert [type(error) for error in found] == [errors.RuntimeDiedError]


def test_shapes_that_hold_one_number_or_none(rt: chimaera.Runtime) -> None:
    assert rt.echo().echo_many(7).shape == ()
    assert rt.echo().echo_many(np.zeros((0, 3), int)).shape == (0, 3)
    stats, device = rt.stats(), rt.bdev(size_bytes=1 << 20)
    assert stats.reduce_many(device, []).shape == (0,)


# ---- blocks ----


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "staged"])
def test_blocks_are_written_and_read_by_rows(
    rt: chimaera.Runtime, *, shared: bool
) -> None:
    device = rt.bdev(size_bytes=8 << 20)
    blocks = [device.allocate(400) for _ in range(600)]
    data = np.arange(600 * 100, dtype="i4").reshape(600, 100)
    given = rt.array(data) if shared else data
    before = rt.bytes_staged
    assert not device.write_many(blocks, given).any()
    assert rt.bytes_staged - before == (0 if shared else data.nbytes)
    out = rt.empty(data.shape, "i4") if shared else np.empty_like(data)
    assert device.read_many(blocks, out=out) is out
    assert np.array_equal(out, data)
    whole = device.read_many(blocks[:3])
    assert np.array_equal(whole.reshape(-1).view("i4").reshape(3, 100), data[:3])
    part = device.read_many(blocks, out=np.empty((600, 8), "u1"), offset=392)
    assert np.array_equal(part.view("i4"), data[:, 98:])


def test_a_freed_block_has_its_own_code(rt: chimaera.Runtime) -> None:
    device = rt.bdev(size_bytes=1 << 20)
    blocks = [device.allocate(64) for _ in range(5)]
    device.write_many(blocks, np.ones((5, 64), "u1"))
    device.free(blocks[3])
    out, codes = device.read_many(blocks, out=np.zeros((5, 64), "u1"), errors="return")
    assert codes.tolist() == [0, 0, 0, errors.StaleError.status_code, 0]
    assert out[codes == 0].sum() == 4 * 64
    with pytest.raises(errors.StaleError, match="task 3 of 5"):
        device.read_many(blocks)


def test_rows_and_blocks_must_agree(rt: chimaera.Runtime) -> None:
    device = rt.bdev(size_bytes=1 << 20)
    blocks = [device.allocate(64), device.allocate(128)]
    with pytest.raises(errors.BadRequestError, match="2 blocks"):
        device.write_many(blocks, np.zeros((3, 64), "u1"))
    with pytest.raises(errors.BadRequestError, match="blocks of"):
        device.read_many(blocks)
    assert device.read_many([]).shape == (0,)
    assert device.write_many([], np.zeros((0, 4))).shape == (0,)


def test_blocks_are_summarised_each(rt: chimaera.Runtime) -> None:
    device, stats = rt.bdev(size_bytes=1 << 20), rt.stats()
    data = np.random.default_rng(7).normal(size=(50, 128)).astype("f4")
    data[3, 5] = np.nan
    blocks = [device.allocate(512) for _ in range(50)]
    device.write_many(blocks, data)
    found = stats.reduce_many(device, blocks)
    assert found["count"].sum() == data.size - 1
    assert found["nans"].tolist() == np.isnan(data).sum(axis=1).tolist()
    assert np.array_equal(found["max"], np.nanmax(data, axis=1))
    np.testing.assert_allclose(found["sum"], np.nansum(data, axis=1), rtol=1e-4)


def test_blocks_of_one_size_are_taken_all_or_none(rt: chimaera.Runtime) -> None:
    device = rt.bdev(size_bytes=1 << 20)
    blocks = device.allocate_many(4096, 200)
    assert len({block.block_id for block in blocks}) == 200
    assert {block.size_bytes for block in blocks} == {4096}
    with pytest.raises(errors.NoSpaceError, match="block 56 of 57"):
        device.allocate_many(4096, 57)
    device.free(blocks[::2])
    with pytest.raises(errors.NoSpaceError):
        device.allocate_many(400_000, 1)
    rt.flush()
    assert device.stats().num_blocks == 100
    assert device.allocate_many(1, 0) == []
    for size, count in ((0, 1), (1, -1)):
        with pytest.raises(errors.BadRequestError):
            device.allocate_many(size, count)

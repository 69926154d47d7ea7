# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Memory: who keeps it, and that all of it comes back.
"""Arrays in the client data segment."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import chimaera
from chimaera import errors, testing


@pytest.mark.parametrize("dtype", ["u1", "i2", "f4", "f8", "c16", "M8[s]", "(2,)f4"])
@pytest.mark.parametrize("shape", [(), 5, (3, 4), (0, 7)])
def test_shapes_and_types(
    rt: chimaera.Runtime, shape: int | tuple[int, ...], dtype: str
) -> None:
    array, plain = rt.empty(shape, dtype), np.empty(shape, dtype)
    assert (array.shape, array.dtype) == (plain.shape, plain.dtype)
    assert array.flags.c_contiguous
    assert array.flags.writeable


def test_contents_are_ones_own(rt: chimaera.Runtime) -> None:
    source = np.arange(12.0).reshape(3, 4)[:, ::2]
    copy = rt.array(source)
    assert np.array_equal(copy, source)
    assert not rt.zeros((4, 4), "i4").any()


def test_memory_is_freed_with_the_last_view(rt: chimaera.Runtime) -> None:
    before = rt.buffer_bytes
    array = rt.empty(1 << 16, "u1")
    view = array[10:20].reshape(2, 5)
    del array
    gc.collect()
    assert rt.buffer_bytes >= before + (1 << 16)
    del view
    gc.collect()
    assert rt.buffer_bytes == before


def test_thousands_of_arrays_leak_nothing(rt: chimaera.Runtime) -> None:
    before = rt.buffer_bytes
    for i in range(3000):
        rt.empty(i % 97 + 1)[...] = i
    kept = [rt.empty(100) for _ in range(500)]
    del kept
    assert rt.buffer_bytes == before


def test_the_segment_grows_with_what_is_asked_for(rt: chimaera.Runtime) -> None:
    arrays = [rt.zeros(1 << 21, "u1") for _ in range(8)]
    assert rt.buffer_bytes >= 8 << 21
    assert all(array.nbytes == 1 << 21 for array in arrays)


def test_too_much_is_refused_and_names_the_limit() -> None:
    with testing.runtime({"memory": {"max_client_bytes": "64MB"}}) as rt:
        with pytest.raises(errors.NoMemoryError, match="limit"):
            rt.empty(1 << 30, "u1")
        assert rt.echo().echo("still here") == "still here"


def test_bad_arrays_are_refused(rt: chimaera.Runtime) -> None:
    with pytest.raises(errors.BadRequestError, match="objects"):
        rt.empty(3, object)
    with pytest.raises(errors.BadRequestError, match="negative"):
        rt.empty((3, -1))


def test_arrays_outlive_their_runtime() -> None:
    with testing.runtime() as rt:
        array = rt.array(np.arange(1000))
        later = rt.array(np.arange(10))
    with testing.runtime() as other:
        fresh = other.zeros(1000, "i8")
        assert np.array_equal(array, np.arange(1000))
        array[:] = 7
        assert not fresh.any()
        del later
        assert other.buffer_bytes > 0
    del array
    gc.collect()


def test_a_dropped_call_keeps_its_array_until_it_is_done(rt: chimaera.Runtime) -> None:
    device = rt.bdev(size_bytes=1 << 20)
    block = device.allocate(1 << 18)
    before = rt.buffer_bytes
    for i in range(200):
        device.write_async(block, rt.array(np.full(1 << 16, i, "u1")))
    device.write(block, rt.array(np.full(1 << 18, 77, "u1")))
    assert (device.read(block) == 77).all()
    rt.flush()
    assert testing.wait_until(lambda: rt.buffer_bytes == before)

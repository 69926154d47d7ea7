# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# NumPy is the truth; the module's README states the rounding.
"""Computing near the data."""

from __future__ import annotations

import numpy as np
import pytest

import chimaera
from chimaera import errors
from chimaera.demo import reference


@pytest.fixture
def device(rt: chimaera.Runtime) -> chimaera.BlockDevice:
    return rt.bdev(size_bytes=8 << 20)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", "i4", "i8", "u1", "u2", "u4"])
def test_reduce_is_what_numpy_finds(device: chimaera.BlockDevice, dtype: str) -> None:
    data = np.random.default_rng(2).uniform(0, 100, 10_000).astype(dtype)
    block = device.allocate(data.nbytes)
    device.write(block, data)
    stats = device.runtime.stats()
    found = stats.reduce(device, block, dtype=dtype, bins=16, value_range=(10, 90))
    counts, _ = np.histogram(data, 16, (10, 90))
    assert (found.count, found.min, found.max) == (data.size, data.min(), data.max())
    assert found.mean == pytest.approx(data.mean(dtype="f8"), rel=1e-12)
    assert np.array_equal(found.histogram, counts)
    assert found.below + found.above + counts.sum() == data.size


def test_nans_are_counted_and_left_out(device: chimaera.BlockDevice) -> None:
    data = np.array([1, np.nan, 3], "f8")
    block = device.allocate(data.nbytes)
    device.write(block, data)
    found = device.runtime.stats().reduce(device, block, dtype="f8")
    assert (found.count, found.nans, found.min, found.max) == (2, 1, 1, 3)


def test_hill_shade_is_what_numpy_finds(device: chimaera.BlockDevice) -> None:
    heights = np.random.default_rng(3).uniform(0, 500, (67, 45)).astype("f4")
    source, target = device.allocate(heights.nbytes), device.allocate(heights.size)
    device.write(source, heights)
    device.runtime.stats().hill_shade(
        device, source, target, shape=heights.shape, cell_size=30.0
    )
    shade = device.read(target).reshape(heights.shape)
    assert np.array_equal(shade, reference.hill_shade(heights, 30.0))


def test_bad_requests_are_refused(device: chimaera.BlockDevice) -> None:
    stats = device.runtime.stats()
    block, other = device.allocate(64), device.allocate(64)
    for call in (
        lambda: stats.reduce(device, block, dtype="f2"),
        lambda: stats.reduce(device, block, dtype=">f4"),
        lambda: stats.reduce(device, block, bins=4, value_range=(2, 1)),
        lambda: stats.reduce(device, block, bins=1 << 20, value_range=(0, 1)),
        lambda: stats.hill_shade(device, block, other, shape=(0, 4)),
        lambda: stats.hill_shade(device, block, other, shape=(100, 100)),
        lambda: stats.hill_shade(device, block, block, shape=(4, 4)),
    ):
        with pytest.raises(errors.BadRequestError):
            call()
    device.free(block)
    with pytest.raises(errors.StaleError):
        stats.reduce(device, block)

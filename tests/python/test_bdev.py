# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What is copied, what is not, and what is refused.
"""Block devices from NumPy."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

import chimaera
from chimaera import errors

SIZE = 1 << 20


@pytest.fixture
def device(rt: chimaera.Runtime) -> chimaera.BlockDevice:
    return rt.bdev(size_bytes=SIZE)


def test_sizes_are_read_as_in_compose_files(
    rt: chimaera.Runtime, tmp_path: Path
) -> None:
    for text, size in (("2MB", 2 << 20), ("1.5 MiB", 3 << 19), ("8192", 8192)):
        device = rt.bdev(name=f"ram://{text}", size_bytes=text)
        assert device.stats().total_bytes == size
    file = rt.bdev(path=tmp_path / "device", size_bytes="1MB")
    assert file.stats().total_bytes == 1 << 20
    for wrong in ("", "many", "-1MB", "0B", "2 gigs"):
        with pytest.raises(errors.BadRequestError, match="capacity"):
            rt.bdev(name="ram://wrong", size_bytes=wrong)


def test_what_is_written_is_read(device: chimaera.BlockDevice) -> None:
    data = np.random.default_rng(1).integers(0, 256, 10_000, "u1")
    block = device.allocate(data.nbytes)
    assert device.write(block, data) == data.nbytes
    assert np.array_equal(device.read(block), data)


def test_shared_arrays_and_their_views_are_not_copied(
    device: chimaera.BlockDevice,
) -> None:
    rt = device.runtime
    array = rt.array(np.arange(1000, dtype="f4"))
    block = device.allocate(array.nbytes)
    device.write(block, array)
    device.write(block, array[500:].reshape(50, 10), offset=2000)
    out = rt.empty((100, 10), "f4")
    assert device.read(block, out=out) is out
    device.read(block)
    assert np.array_equal(out.ravel(), array)
    assert rt.bytes_staged == 0


def test_ordinary_arrays_are_staged_once(device: chimaera.BlockDevice) -> None:
    rt = device.runtime
    array = np.arange(100, dtype="f8")
    block = device.allocate(array.nbytes)
    device.write(block, array)
    assert rt.bytes_staged == 800
    out = np.empty(100)
    assert np.array_equal(device.read(block, out=out), array)
    assert rt.bytes_staged == 1600
    device.write(block, np.arange(200.0)[::2])
    assert rt.bytes_staged == 2400
    assert device.read(block).view("f8")[-1] == 198


def test_bytes_and_memoryviews_are_written(device: chimaera.BlockDevice) -> None:
    block = device.allocate(4)
    for data in (b"abcd", bytearray(b"efgh"), memoryview(b"ijkl")):
        device.write(block, data)
        assert device.read(block).tobytes() == bytes(data)


def test_offsets_address_within_the_block(device: chimaera.BlockDevice) -> None:
    block = device.allocate(10)
    device.write(block, b"0123456789")
    device.write(block, b"ab", offset=4)
    assert device.read(block).tobytes() == b"0123ab6789"
    assert device.read(block, offset=8).tobytes() == b"89"


@pytest.mark.parametrize("offset", [5, 10, 2**63])
def test_leaving_the_block_is_refused(
    device: chimaera.BlockDevice, offset: int
) -> None:
    block = device.allocate(10)
    with pytest.raises(errors.BadRequestError):
        device.write(block, b"123456", offset=offset)


def test_nothing_negative_and_no_objects(device: chimaera.BlockDevice) -> None:
    block = device.allocate(10)
    for call in (
        lambda: device.write(block, b""),
        lambda: device.write(block, b"1", offset=-1),
        lambda: device.read(block, offset=10),
        lambda: device.write(block, np.array([None])),
        lambda: device.read(block, out=np.empty((5, 4), "u1")[:, ::2]),
        lambda: device.allocate(0),
    ):
        with pytest.raises(errors.BadRequestError):
            call()


def test_a_freed_block_is_stale_for_ever(device: chimaera.BlockDevice) -> None:
    block = device.allocate(4096)
    device.free(block)
    again = device.allocate(4096)
    assert again.block_id != block.block_id
    for call in (
        lambda: device.read(block),
        lambda: device.write(block, b"x"),
        lambda: device.free(block),
    ):
        with pytest.raises(errors.StaleError):
            call()


def test_an_invented_block_is_refused(device: chimaera.BlockDevice) -> None:
    device.allocate(4096)
    with pytest.raises(errors.ChimaeraError):
        device.read(chimaera.Block(0, 4096, (1 << 32) | 12345, 0))


def test_a_full_device_says_so(device: chimaera.BlockDevice) -> None:
    block = device.allocate(SIZE)
    with pytest.raises(errors.NoSpaceError, match=r"\d"):
        device.allocate(1)
    device.free(block)
    assert device.stats().remaining_bytes == SIZE


def test_blocks_that_nobody_asked_for_again_are_given_back(
    device: chimaera.BlockDevice,
) -> None:
    kept = device.allocate_async(4096)
    for _ in range(20):
        device.allocate_async(4096)
    device.runtime.flush()
    device.runtime.empty(1)  # looks after what was dropped
    device.runtime.flush()
    assert device.stats().num_blocks == 1
    device.free(kept.result())
    assert device.stats().num_blocks == 0


def test_several_blocks_make_up_the_size(device: chimaera.BlockDevice) -> None:
    blocks = [device.allocate(SIZE // 8) for _ in range(8)]
    device.free(blocks[::2])
    with pytest.raises(errors.NoSpaceError):
        device.allocate(SIZE // 2)
    pieces = device.allocate_blocks(SIZE // 2)
    assert sum(piece.size_bytes for piece in pieces) == SIZE // 2
    device.free(pieces)
    device.free(blocks[1::2])
    stats = device.stats()
    assert (stats.num_blocks, stats.remaining_bytes) == (0, SIZE)


def test_reads_and_writes_can_be_awaited(device: chimaera.BlockDevice) -> None:
    async def work() -> list[int]:
        blocks = await asyncio.gather(*(device.allocate_async(16) for _ in range(8)))
        await asyncio.gather(
            *(device.write_async(b, bytes([i] * 16)) for i, b in enumerate(blocks))
        )
        read = await asyncio.gather(*(device.read_async(b) for b in blocks))
        return [int(array[0]) for array in read]

    assert asyncio.run(work()) == list(range(8))


def test_the_same_name_is_the_same_device(rt: chimaera.Runtime) -> None:
    first = rt.bdev(size_bytes=SIZE, name="ram://one")
    assert rt.bdev(size_bytes=SIZE, name="ram://one").id == first.id
    assert "ram://one" in repr(first)


def test_blocks_in_pieces_hold_one_array(device: chimaera.BlockDevice) -> None:
    # Free space in pages that are apart: a large request comes in many blocks.
    held = device.allocate_many(4096, SIZE // 4096)
    device.free(held[::2])
    data = np.arange(50_000, dtype="f4")
    blocks = device.allocate_blocks(data.nbytes)
    assert len(blocks) == -(-data.nbytes // 4096)
    before = device.stats()
    assert device.write_blocks(blocks, data) == data.nbytes
    assert np.array_equal(device.read_blocks(blocks).view("f4"), data)
    out = np.empty(50_000, "f4")
    assert device.read_blocks_async(blocks, out=out).result() is out
    assert np.array_equal(out, data)
    after = device.stats()
    assert after.num_writes - before.num_writes == 1
    assert after.num_reads - before.num_reads == 2
    # Parts of them.
    parts = [(blocks[3], 4, 8), (blocks[1], 0, 4)]
    assert device.read_blocks(parts).view("f4").tolist() == [3073, 3074, 1024]
    device.write_blocks(parts, np.zeros(3, "f4"))
    assert device.read(blocks[3]).view("f4")[:4].tolist() == [3072, 0, 0, 3075]


def test_of_blocks_in_pieces_the_wrong_one_is_named(
    device: chimaera.BlockDevice,
) -> None:
    blocks = device.allocate_many(100, 3)
    device.free(blocks[1])
    with pytest.raises(errors.StaleError, match=r"range 1 of 3, block 1\."):
        device.read_blocks(blocks)
    with pytest.raises(errors.BadRequestError, match="99 bytes for ranges of 100"):
        device.write_blocks(blocks[:1], bytes(99))
    with pytest.raises(errors.BadRequestError, match="another range writes"):
        device.write_blocks([blocks[0], blocks[0]], bytes(200))
    with pytest.raises(errors.BadRequestError, match="1025 ranges"):
        device.write_blocks([(blocks[0], 0, 0)] * 1025, b"?")
    with pytest.raises(errors.BadRequestError, match="-1"):
        device.read_blocks([(blocks[0], 0, -1)])

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# NumPy is the model: the same is done to an array on a device and to one in memory.
# Random cases print their seed.
"""Named arrays on block devices."""

from __future__ import annotations

import gc
import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chimaera
from chimaera import array_chunks, array_read, errors

DTYPES = [
    "u1",
    "?",
    "f4",
    ">f8",
    ">i2",
    "c16",
    "S3",
    "U5",
    "M8[ms]",
    "m8[s]",
    [("a", "<i4"), ("b", ">f8", (2,)), ("c", [("d", "S2")])],
    {"names": ["x", "y"], "formats": ["u1", "f8"], "itemsize": 24, "offsets": [0, 9]},
]
SHAPES = [((), ()), (7, 3), ((5, 6), (2, 4)), ((5, 6), (2, 6)), ((3, 4, 5), (3, 1, 2))]
EMPTY = [0, (0, 7), (3, 0, 2)]


def generator(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - of test cases


def random_array(rng: random.Random, shape: Any, dtype: Any) -> np.ndarray:
    kind = np.dtype(dtype)
    sizes = (shape,) if isinstance(shape, int) else shape
    count = int(np.prod(sizes))
    if kind.kind in "SU":
        numbers = np.array([rng.randrange(1000) for _ in range(count)])
        return numbers.astype(kind).reshape(sizes)
    if kind.names:
        made = np.zeros(sizes, kind)
        for name in kind.names:
            part = random_array(rng, made[name].shape, made[name].dtype)
            made[name] = part
        return made
    numbers = np.array([rng.randrange(100) for _ in range(count)])
    return numbers.astype(kind).reshape(sizes)


def unpickled(data: bytes) -> Any:
    return pickle.loads(data)  # noqa: S301 - our own


def same(found: Any, wanted: Any) -> bool:
    return (
        type(found) is type(wanted)
        and found.shape == wanted.shape
        and found.dtype == wanted.dtype
        and np.array_equal(found, wanted)
    )


@pytest.fixture(params=["memory", "file"])
def device(
    rt: chimaera.Runtime, request: pytest.FixtureRequest, tmp_path: Path
) -> chimaera.BlockDevice:
    if request.param == "memory":
        return rt.bdev(size_bytes=8 << 20)
    return rt.bdev(path=tmp_path / "device", size_bytes=8 << 20)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(("shape", "chunks"), SHAPES, ids=str)
def test_every_type_and_shape_is_kept(
    device: chimaera.BlockDevice, dtype: Any, shape: Any, chunks: Any
) -> None:
    wanted = random_array(generator(1), shape, dtype)
    array = device.array("a", shape, dtype, chunks)
    assert same(array[...], np.zeros(shape, dtype))
    array[...] = wanted
    again = device.array("a")
    assert again.dtype == np.dtype(dtype)
    assert same(again[...], wanted)
    assert same(again[()], wanted[()])
    # NumPy itself takes what has no axes for a scalar, in native byte order.
    assert same(np.asarray(again), wanted) or shape == ()
    assert np.array_equal(np.asarray(again), wanted)
    assert (again.shape, again.size, again.ndim) == (
        wanted.shape,
        wanted.size,
        wanted.ndim,
    )
    assert again.nbytes == wanted.nbytes


@pytest.mark.parametrize("shape", EMPTY, ids=str)
def test_an_empty_array_is_one(device: chimaera.BlockDevice, shape: Any) -> None:
    array = device.array("empty", shape, "i2")
    array[...] = 5
    assert same(array[...], np.zeros(shape, "i2"))
    assert same(np.asarray(device.array("empty")), np.zeros(shape, "i2"))
    with array.loan() as loan:
        loan.data[...] = 1
    assert array.stored_chunks() == 0


def random_index(rng: random.Random, shape: tuple[int, ...], *, arrays: bool) -> Any:
    key: list[Any] = []
    axis = 0
    while axis < len(shape) and rng.random() < 0.85:
        size = shape[axis]
        roll = rng.random()
        if roll < 0.25 and size:
            key.append(rng.randrange(-size, size))
        elif roll < 0.4 and arrays and size:
            picked = [rng.randrange(-size, size) for _ in range(4)]
            key.append(np.array(picked) if rng.random() < 0.5 else picked)
        elif roll < 0.5 and arrays:
            key.append(np.array([rng.random() < 0.5 for _ in range(size)]))
        else:
            ends = [rng.choice([None, rng.randrange(-9, 10)]) for _ in range(2)]
            key.append(slice(*ends, rng.choice([None, 1, 1, 2, 3, 7, -1, -2])))
        axis += 1
        if rng.random() < 0.1:
            key.append(None)
    if rng.random() < 0.3:
        key.insert(rng.randrange(len(key) + 1), Ellipsis)
        # What stands behind the dots counts from the end.
    return tuple(key) if len(key) != 1 or rng.random() < 0.5 else key[0]


def outcome(function: Any) -> Any:
    try:
        return function()
    except (IndexError, ValueError) as error:
        return IndexError if isinstance(error, IndexError) else ValueError


@pytest.mark.parametrize("seed", range(12))
def test_indexing_is_numpys(device: chimaera.BlockDevice, seed: int) -> None:
    rng = generator(seed)
    shape = tuple(rng.randrange(1, 9) for _ in range(rng.randrange(1, 4)))
    chunks = tuple(rng.randrange(1, size + 1) for size in shape)
    model = random_array(rng, shape, "i4")
    array = device.array("a", shape, "i4", chunks)
    array[...] = model
    for step in range(60):
        key = random_index(rng, shape, arrays=rng.random() < 0.4)
        note = f"seed {seed}, step {step}, {shape} in {chunks}, {key!r}"
        wanted = outcome(lambda: model[key])  # noqa: B023
        found = outcome(lambda: array[key])  # noqa: B023
        if isinstance(wanted, type):
            assert found is wanted, note
            continue
        assert same(found, wanted), note
        values = random_array(rng, np.shape(wanted), "i4")
        if rng.random() < 0.3:
            values = values[..., :1] if values.ndim else values.astype("f8")
        model[key] = values
        array[key] = values
        if step % 10 == 0:
            assert same(array[...], model), note
    assert same(array[...], model), f"seed {seed}"
    array.delete()
    assert device.stats().num_blocks == 0


def test_an_index_that_is_none_is_refused(device: chimaera.BlockDevice) -> None:
    array = device.array("a", (3, 4), "u1")
    for key in (True, 1.5, "x", (0, 0, 0), 3, (..., ...), np.zeros((3, 3), "?")):
        with pytest.raises(IndexError):
            array[key]
    with pytest.raises(ValueError, match="broadcast"):
        array[0] = [1, 2]


def test_reading_into_an_array(device: chimaera.BlockDevice) -> None:
    data = np.arange(7 * 5, dtype="i4").reshape(7, 5)
    array = device.array("target", data.shape, "i4", (2, 5))
    array[:] = data
    for key in (
        np.s_[...],
        np.s_[1:6],
        np.s_[::-2, 1:3],
        np.s_[3, 4],
        np.s_[[5, 0], :],
    ):
        wanted = data[key]
        out = np.full(np.shape(wanted), -1, "i4")
        assert array.read(key, out=out) is out
        assert np.array_equal(out, wanted)
    sparse = np.full((14, 5), -1, "i4")
    array.read(out=sparse[::2])
    assert np.array_equal(sparse[::2], data)
    assert (sparse[1::2] == -1).all()
    frozen = np.zeros((7, 5), "i4")
    frozen.flags.writeable = False
    for wrong in (np.zeros((7, 4), "i4"), np.zeros((7, 5), "i8"), frozen):
        with pytest.raises(errors.BadRequestError, match="out"):
            array.read(out=wrong)


def test_only_the_needed_chunks_are_read(rt: chimaera.Runtime, tmp_path: Path) -> None:
    device = rt.bdev(path=tmp_path / "device", size_bytes=8 << 20)
    array = device.array("a", (100, 100), "f8", chunks=(10, 10))
    array[...] = np.arange(10_000.0).reshape(100, 100)
    for key, chunks in (
        (np.s_[0, 0], 1),
        (np.s_[5:15, 5:15], 4),
        (np.s_[:, 3], 10),
        (np.s_[::10, ::10], 100),
        (np.s_[::50, ::50], 4),
        (np.s_[[0, 99], 0], 10),
    ):
        before = device.stats()
        array[key]
        after = device.stats()
        assert 0 < after.bytes_read - before.bytes_read <= 800 * chunks, key
        assert after.num_reads - before.num_reads <= chunks, key
    before = device.stats()
    array[2, 3:7]
    assert device.stats().bytes_read - before.bytes_read == 32
    # A whole chunk is written without a look at what it was.
    array[10:20, 20:30] = 1
    assert device.stats().num_reads == before.num_reads + 1


def test_a_view_of_one_chunk_is_no_copy(rt: chimaera.Runtime) -> None:
    device = rt.bdev(size_bytes=8 << 20)
    wanted = np.arange(24.0).reshape(4, 6)
    array = device.array("a", (4, 6), chunks=(4, 6))
    array[...] = rt.array(wanted)
    staged, used = rt.bytes_staged, rt.buffer_bytes
    views = [
        array.read(copy=False),
        array.read(np.s_[1:, ::-2], copy=None),
        np.asarray(array)[2],
        np.asarray(memoryview(array)),
        np.from_dlpack(array),
    ]
    models = [wanted, wanted[1:, ::-2], wanted[2], wanted, wanted]
    for view, model in zip(views, models, strict=True):
        assert np.array_equal(view, model)
        assert not view.flags.writeable
    assert (rt.bytes_staged, rt.buffer_bytes) == (staged, used)
    assert device.stats().num_pins == len(views)
    # Sealed blocks never change: what replaces them lies elsewhere.
    array[...] = 0
    assert all(map(np.array_equal, views, models))
    with pytest.raises(BufferError, match="5 views"):
        rt.close()
    views.clear()
    gc.collect()
    assert array[...].flags.writeable
    assert np.array(array).flags.writeable


def test_what_cannot_be_a_view_is_refused(device: chimaera.BlockDevice) -> None:
    array = device.array("a", (4, 6), "i4", chunks=(2, 6))
    for key in (np.s_[0], ...):  # no chunk has bytes yet
        with pytest.raises(ValueError, match="copy=False"):
            array.read(key, copy=False)
    array[...] = 3
    assert array.read(np.s_[2:], copy=False).shape == (2, 6)
    for key in (np.s_[1:3], ..., np.s_[[0, 0], 1]):
        with pytest.raises(ValueError, match="copy=False"):
            array.read(key, copy=False)
    with pytest.raises(ValueError, match="copy=False"):
        np.asarray(array, copy=False)
    with pytest.raises(ValueError, match="copy=False"):
        array.__array__(np.dtype("f8"), copy=False)
    with pytest.raises(BufferError):
        memoryview(array)  # type: ignore[arg-type]
    assert np.asarray(array, "f8").dtype == "f8"
    assert np.from_dlpack(array, copy=True).flags.writeable


def test_sources_of_any_layout_are_written(device: chimaera.BlockDevice) -> None:
    big = np.arange(60 * 40, dtype="i8").reshape(60, 40)
    array = device.array("a", (30, 20), "i8", chunks=(7, 20))
    for source in (
        big[::2, ::2],
        np.asfortranarray(big[:30, :20]),
        big[29::-1, 19::-1],
        np.broadcast_to(big[0, :20], (30, 20)),
        big[:30, :20].astype(">i8"),
        big[:30, :20].tolist(),
        device.runtime.array(big)[:30, 20:],
    ):
        array[...] = source
        assert np.array_equal(array[...], source)


def test_copies_are_counted(rt: chimaera.Runtime) -> None:
    device = rt.bdev(size_bytes=8 << 20)
    array = device.array("a", (64, 4096), "u1", chunks=(16, 4096))
    source = rt.zeros((64, 4096), "u1")
    array[...] = source
    assert rt.bytes_staged == 0
    array[...] = np.zeros((64, 4096), "u1")
    assert rt.bytes_staged == 64 * 4096
    array.read(np.s_[:16], copy=False)
    assert rt.bytes_staged == 64 * 4096
    array[8:, :]
    assert rt.bytes_staged == (64 + 56) * 4096


def test_a_large_array_is_written_to_a_file_in_parts(
    rt: chimaera.Runtime, tmp_path: Path
) -> None:
    device = rt.bdev(path=tmp_path / "device", size_bytes=80 << 20)
    array = device.array("a", (20, 1 << 17), "f8", chunks=(1, 1 << 17))
    for first in range(2):
        data = np.arange(first, first + array.size, dtype="f8").reshape(array.shape)
        array[...] = data
        assert np.array_equal(array[...], data)
        array[1:] = np.asfortranarray(data[:-1])
        assert np.array_equal(array[1:], data[:-1])
    assert device.stats().num_blocks == 20


@pytest.mark.parametrize("memory", ["shared", "private"])
def test_a_bad_page_of_a_chunk_is_noticed(
    rt: chimaera.Runtime, tmp_path: Path, memory: str
) -> None:
    path = tmp_path / "device"
    device = rt.bdev(path=path, size_bytes=4 << 20)
    array = device.array("it", (5, 8192), "u1", (1, 8192))
    array[:] = np.arange(1, 6, dtype="u1")[:, np.newaxis]
    with path.open("r+b") as file:
        at = path.read_bytes().index(b"\3" * 8192)
        file.seek(at + 5000)
        file.write(b"?")
    empty: Any = rt.empty if memory == "shared" else np.empty
    out = empty(array.shape, "u1")
    with pytest.raises(errors.ChecksumError):
        array.read(out=out)
    assert (array[3:] == np.array([[4], [5]])).all()


def test_names_are_unique_and_listed(device: chimaera.BlockDevice) -> None:
    assert device.arrays() == []
    with pytest.raises(errors.NotFoundError, match="'b'"):
        device.array("b")
    array = device.array("b", (2, 3), "f4")
    device.array("a", 5)
    assert device.arrays() == ["a", "b"]
    assert device.array("b", (2, 3)).dtype == "f4"
    for wrong in (((3, 2), "f4", None), ((2, 3), "f8", None), ((2, 3), "f4", (1, 1))):
        with pytest.raises(errors.AlreadyExistsError, match="'b'"):
            device.array("b", *wrong)
    array.delete()
    assert device.arrays() == ["a"]
    with pytest.raises(errors.NotFoundError):
        array[0]
    assert "'a'" in repr(device.array("a"))
    assert "float64" in device.array("a")._repr_html_()


def test_nonsense_is_refused(device: chimaera.BlockDevice) -> None:
    for arguments in (
        (3, object),
        (-1, "u1"),
        ((2, 2), "u1", 0),
        ((2, 2), "u1", 3),
        (3, "V0"),
    ):
        with pytest.raises(errors.BadRequestError):
            device.array("bad", *arguments)
    with pytest.raises(TypeError):
        len(device.array("scalar", ()))
    assert device.arrays() == ["scalar"]


def test_it_is_a_sequence_of_its_rows(device: chimaera.BlockDevice) -> None:
    array = device.array("a", (3, 2), "i4")
    array[...] = [[1, 2], [3, 4], [5, 6]]
    assert len(array) == 3
    assert [row.tolist() for row in array] == [[1, 2], [3, 4], [5, 6]]


def test_another_handle_sees_what_was_written(device: chimaera.BlockDevice) -> None:
    writer = device.array("a", (8, 8), "i4", chunks=(2, 8))
    reader = device.array("a")
    for value in range(1, 20):
        writer[value % 8] = value
        assert np.array_equal(reader[...], writer[...])
        assert (reader[value % 8] == value).all()
    writer.delete()
    device.array("a", 3)
    with pytest.raises(errors.StaleError, match="made anew"):
        reader[0]


def test_what_begins_again_waits_for_what_was_under_way(
    device: chimaera.BlockDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    array = device.array("a", 30, "i8", chunks=10)
    array[:] = 1
    begun: list[Any] = []
    waited_for: list[Any] = []
    read_async, exception = chimaera.BlockDevice.read_async, chimaera.Future.exception
    read_whole = array_read._read_whole

    def spied_read(*arguments: Any, **options: Any) -> Any:
        begun.append(read_async(*arguments, **options))
        return begun[-1]

    def spied_exception(self: Any, timeout_s: float = 30) -> Any:
        waited_for.append(self)
        return exception(self, timeout_s)

    def overtaken(*arguments: Any, **options: Any) -> None:
        if len(begun) == 2:
            device.array("a")[15] = 7
            raise errors.StaleError("replaced meanwhile")
        # Else old bytes could come into `out` after the new ones.
        assert all(each in waited_for for each in begun[:2])
        read_whole(*arguments, **options)

    monkeypatch.setattr(chimaera.BlockDevice, "read_async", spied_read)
    monkeypatch.setattr(chimaera.Future, "exception", spied_exception)
    monkeypatch.setattr(array_read, "_read_whole", overtaken)
    out = device.runtime.empty(28, "i8")
    array.read(np.s_[1:29], out=out)
    assert out.tolist() == [1] * 14 + [7] + [1] * 13
    assert len(begun) == 4


def test_a_full_device_keeps_what_was_there(rt: chimaera.Runtime) -> None:
    device = rt.bdev(size_bytes=1 << 20)
    array = device.array("a", 1 << 19, "u1", chunks=1 << 16)
    array[...] = 1
    block = device.allocate(1 << 19)
    with pytest.raises(errors.NoSpaceError):
        array[...] = 2
    assert (array[...] == 1).all()
    device.free(block)
    array[...] = 2
    assert (array[...] == 2).all()
    assert device.stats().num_blocks == 8


def test_a_write_that_cannot_begin_keeps_no_block(
    rt: chimaera.Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = rt.bdev(size_bytes=1 << 20)
    array = device.array("a", 1000, "u1")
    before = device.stats().num_blocks
    asked = []

    def silent(*_: object, timeout_s: float, **__: object) -> None:
        asked.append(timeout_s)
        raise errors.DeadlineExceededError("view")

    monkeypatch.setattr(array_chunks, "view", silent)
    with pytest.raises(errors.DeadlineExceededError):
        array.write(..., 1, timeout_s=7)
    assert asked == [7]
    assert device.stats().num_blocks == before


def test_it_pickles_within_its_runtime(device: chimaera.BlockDevice) -> None:
    array = device.array("a", 5, "i4")
    array[...] = 3
    data = pickle.dumps(array)
    assert np.array_equal(unpickled(data)[...], array[...])
    assert len(data) < 1000
    device.runtime.close()
    with chimaera.local() as other:
        assert not other.closed
        with pytest.raises(errors.BadRequestError, match="another one"):
            unpickled(data)

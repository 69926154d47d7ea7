# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# zarr's own suite for stores, and what it does not ask.
"""Block devices as zarr stores."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from zarr.abc.store import RangeByteRequest
from zarr.core.buffer import Buffer, cpu, default_buffer_prototype
from zarr.testing.store import StoreTests

import chimaera
from chimaera import object_io
from chimaera.bdev import BlockDevice
from chimaera.zarr_store import ZarrStore
from python import programs


@pytest.fixture
def runtime() -> Iterator[chimaera.Runtime]:
    with chimaera.local() as rt:
        yield rt


@pytest.fixture(params=["memory", "file"])
def device(
    runtime: chimaera.Runtime, request: pytest.FixtureRequest, tmp_path: Path
) -> BlockDevice:
    if request.param == "memory":
        name = f"ram://{tmp_path}"
        return runtime.bdev(name=name, size_bytes=8 << 20)
    return runtime.bdev(path=tmp_path / "device", size_bytes=8 << 20)


class TestStore(StoreTests[ZarrStore, cpu.Buffer]):  # type: ignore[misc]
    store_cls = ZarrStore
    buffer_cls = cpu.Buffer

    @pytest.fixture
    def store_kwargs(self, device: BlockDevice) -> dict[str, Any]:
        return {"device": device, "prefix": "some/where"}

    async def set(self, store: ZarrStore, key: str, value: Buffer) -> None:
        name = f"some/where/{key}"
        await object_io.run_async(object_io.put(store.device, name, value.to_bytes()))

    async def get(self, store: ZarrStore, key: str) -> Buffer:
        content = await object_io.run_async(
            object_io.get(store.device, f"some/where/{key}")
        )
        return self.buffer_cls.from_bytes(content)

    def test_store_repr(self, store: ZarrStore) -> None:
        assert "'some/where'" in repr(store)

    def test_store_supports_writes(self, store: ZarrStore) -> None:
        assert store.supports_writes

    def test_store_supports_listing(self, store: ZarrStore) -> None:
        assert store.supports_listing


def test_an_array_in_a_group(device: BlockDevice) -> None:
    data = np.arange(10_000, dtype="i4").reshape(100, 100)
    group = zarr.create_group(ZarrStore(device))
    array = group.create_array("a/b", shape=data.shape, chunks=(30, 30), dtype="i4")
    array[:] = data
    array[10:20, 95:] = -1
    data[10:20, 95:] = -1
    again = zarr.open_group(ZarrStore(device), mode="r")
    assert np.array_equal(again["a/b"][:], data)
    assert np.array_equal(again["a/b"][5:50:7, 20], data[5:50:7, 20])
    assert [name for name, _ in again.groups()] == ["a"]


def test_by_url(device: BlockDevice) -> None:
    """The file system of fsspec is found."""
    from chimaera.filesystem import ChimaeraFileSystem

    url = ChimaeraFileSystem(device).unstrip_protocol("data.zarr")
    zarr.create_array(url, data=np.arange(100), chunks=(10,))
    assert np.array_equal(zarr.open_array(url, mode="r")[40:60], np.arange(40, 60))


def test_two_stores_of_a_device(device: BlockDevice) -> None:
    for prefix in ("one", "one/two", "other"):
        zarr.create_array(ZarrStore(device, prefix), data=np.full(10, len(prefix)))
    for prefix in ("one", "one/two", "other"):
        found = zarr.open_array(ZarrStore(device, prefix), mode="r")
        assert (found[:] == len(prefix)).all()


def test_many_at_once(device: BlockDevice) -> None:
    """Values are whole, whoever wins."""
    store = ZarrStore(device)

    async def writer(byte: int) -> None:
        for _ in range(20):
            await store.set("key", cpu.Buffer.from_bytes(bytes([byte]) * 10_000))

    async def reader() -> None:
        for _ in range(50):
            found = await store.get("key")
            assert found is not None
            content = found.to_bytes()
            assert len(content) == 10_000
            assert len(set(content)) == 1

    async def both() -> None:
        await store.set("key", cpu.Buffer.from_bytes(bytes(10_000)))
        await asyncio.gather(writer(1), writer(2), reader(), reader())

    asyncio.run(both())


async def test_parts_of_several_values_are_read_at_once(device: BlockDevice) -> None:
    begun = asyncio.Barrier(3)

    class Meeting(ZarrStore):
        async def get(self, *args: Any, **kwargs: Any) -> Buffer | None:
            await asyncio.wait_for(begun.wait(), 30)
            found: Buffer | None = await super().get(*args, **kwargs)
            return found

    store = Meeting(device)
    await store.set("a", cpu.Buffer.from_bytes(b"abcdef"))
    wanted = [("a", RangeByteRequest(1, 3)), ("none", None), ("a", None)]
    found = await store.get_partial_values(default_buffer_prototype(), wanted)
    values = [value and value.to_bytes() for value in found]
    assert values == [b"bc", None, b"abcdef"]


def test_another_process(daemon: Path) -> None:
    with chimaera.connect(runtime_dir=daemon) as rt:
        device = rt.bdev(name="ram://zarr", size_bytes=8 << 20)
        zarr.create_array(ZarrStore(device, "z"), data=np.arange(1000), chunks=(100,))
        done = programs.python(
            """
        import sys
        import chimaera, zarr
        from chimaera.zarr_store import ZarrStore
        with chimaera.connect(runtime_dir=sys.argv[1]) as rt:
            store = ZarrStore(rt.pool("ram://zarr"), "z")
            array = zarr.open_array(store)
            array[100:200] = array[100:200] * 2
            print(array[:].sum())
        """,
            daemon,
        )
        assert (
            done.stdout == f"{np.arange(1000).sum() + np.arange(100, 200).sum()}\n"
        ), done.stderr
        found = zarr.open_array(ZarrStore(device, "z"), mode="r")
        assert np.array_equal(found[100:200], 2 * np.arange(100, 200))

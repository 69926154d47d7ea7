# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# fsspec's own abstract suite, and what it does not ask.
"""Block devices as file systems."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest
from fsspec.tests import abstract

import chimaera
from chimaera.bdev import BlockDevice
from chimaera.errors import (
    AlreadyExistsError,
    BadRequestError,
    NoSpaceError,
    NotFoundError,
)
from chimaera.filesystem import ChimaeraFileSystem
from python import programs


@pytest.fixture
def device() -> Iterator[BlockDevice]:
    with chimaera.local() as rt:
        yield rt.bdev(name="files", size_bytes=32 << 20)


class Fixtures(abstract.AbstractFixtures):
    @pytest.fixture
    def fs(self, device: BlockDevice) -> ChimaeraFileSystem:
        return ChimaeraFileSystem(device)

    @pytest.fixture
    def fs_path(self) -> str:
        return "tests"

    @pytest.fixture
    def supports_empty_directories(self) -> bool:
        return True


class TestCopy(abstract.AbstractCopyTests, Fixtures):
    pass


class TestGet(abstract.AbstractGetTests, Fixtures):
    pass


class TestOpen(abstract.AbstractOpenTests, Fixtures):
    pass


class TestPipe(abstract.AbstractPipeTests, Fixtures):
    pass


class TestPut(abstract.AbstractPutTests, Fixtures):
    pass


@pytest.fixture
def fs(device: BlockDevice) -> Iterator[ChimaeraFileSystem]:
    fs = ChimaeraFileSystem(device)
    yield fs
    fs.rm("", recursive=True)
    assert list(device.objects()) == []
    assert device.stats().num_blocks == 0


def test_ranges(fs: ChimaeraFileSystem) -> None:
    data = bytes(range(256)) * 100
    fs.pipe_file("a/b", data)
    assert fs.cat_file("a/b") == data
    for start, end in [(0, 1), (5, 4000), (-10, None), (-10, -3), (25599, 99999)]:
        assert fs.cat_file("a/b", start, end) == data[start:end]
    assert fs.cat_ranges(["a/b", "a/b"], [0, 9], [3, 12]) == [data[:3], data[9:12]]


def test_a_folder_that_was_made_outlives_its_files(fs: ChimaeraFileSystem) -> None:
    fs.pipe_file("made/file", b"x")
    fs.makedirs("made", exist_ok=True)
    fs.makedirs("made", exist_ok=True)
    fs.rm_file("made/file")
    assert fs.ls("made") == []


def test_files_larger_than_their_buffer(fs: ChimaeraFileSystem) -> None:
    rows = [f"row {i}\n" for i in range(20_000)]
    with fs.open("table", "w", block_size=1 << 14) as file:
        file.writelines(rows)
        assert not fs.exists("table")
    with fs.open("table", "r") as file:
        assert list(file) == rows
    with fs.open("table", "ab") as file:
        file.write(b"end")
    assert fs.cat_file("table") == "".join([*rows, "end"]).encode()
    with fs.open("table", "rb", block_size=1 << 12) as file:
        file.seek(-7, 2)
        assert file.read() == b"999\nend"


def test_a_replaced_file_is_the_old_one_or_the_new_one(fs: ChimaeraFileSystem) -> None:
    fs.pipe_file("file", b"old")
    with fs.open("file", "wb") as file:
        file.write(b"newer")
        assert fs.cat_file("file") == b"old"
    assert fs.cat_file("file") == b"newer"
    with fs.transaction, fs.open("file", "wb") as file:
        file.write(b"newest")
    assert fs.cat_file("file") == b"newest"


def test_a_transaction_that_fails_leaves_what_was_there(
    fs: ChimaeraFileSystem,
) -> None:
    fs.pipe_file("file", b"old")

    def fail() -> None:
        with fs.transaction:
            with fs.open("file", "wb") as file:
                file.write(b"newest")
            fs.open("other", "wb")  # and nothing is written to it
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert fs.find("") == ["file"]
    assert fs.cat_file("file") == b"old"


def test_folders(fs: ChimaeraFileSystem) -> None:
    fs.pipe({"a/x": b"1", "a/deep/y": b"22", "ab": b"333"})
    fs.mkdir("empty")
    assert fs.ls("", detail=False) == ["a", "ab", "empty"]
    assert sorted(fs.ls("a", detail=False)) == ["a/deep", "a/x"]
    assert fs.ls("empty") == []
    assert fs.du("a") == 3
    assert fs.find("") == ["a/deep/y", "a/x", "ab"]
    assert fs.glob("a/**/y") == ["a/deep/y"]
    fs.rmdir("empty")
    assert not fs.exists("empty")
    fs.mv("a", "b", recursive=True)
    assert fs.find("") == ["ab", "b/deep/y", "b/x"]


@pytest.mark.parametrize(
    ("error", "attempt"),
    [
        (FileNotFoundError, lambda fs: fs.cat_file("missing")),
        (FileNotFoundError, lambda fs: fs.info("folder/missing")),
        (FileNotFoundError, lambda fs: fs.ls("missing")),
        (FileNotFoundError, lambda fs: fs.rm("missing")),
        (FileNotFoundError, lambda fs: fs.rmdir("missing")),
        (FileNotFoundError, lambda fs: fs.open("missing")),
        (FileExistsError, lambda fs: fs.mkdir("folder")),
        (FileExistsError, lambda fs: fs.pipe_file("folder/file", b"", mode="create")),
        (FileExistsError, lambda fs: fs.open("folder/file", "xb")),
        (IsADirectoryError, lambda fs: fs.pipe_file("folder", b"")),
        (IsADirectoryError, lambda fs: fs.cat_file("folder")),
        (IsADirectoryError, lambda fs: fs.open("folder", "wb")),
        (NotADirectoryError, lambda fs: fs.mkdir("folder/file/more")),
        (OSError, lambda fs: fs.rmdir("folder")),
    ],
)
def test_errors(
    fs: ChimaeraFileSystem,
    error: type[OSError],
    attempt: Callable[[ChimaeraFileSystem], object],
) -> None:
    fs.pipe_file("folder/file", b"content")
    with pytest.raises(error):
        attempt(fs)
    assert fs.find("") == ["folder/file"]


def test_urls(device: BlockDevice, fs: ChimaeraFileSystem) -> None:
    with fsspec.open("chi://files/a/b", "w") as file:
        file.write("hello")
    found, path = fsspec.url_to_fs("chi://files/a/b")
    assert (found.device.id, path) == (device.id, "a/b")
    assert fs.cat_file("a/b") == b"hello"
    assert fs.unstrip_protocol("a/b") == "chi://files/a/b"
    with pytest.raises(NotFoundError):
        fsspec.open("chi://no-such-device/a", "r").open()
    with pytest.raises(BadRequestError, match="which device"):
        fsspec.filesystem("chi")


def test_a_file_of_another_process(daemon: Path) -> None:
    with chimaera.connect(runtime_dir=daemon) as rt:
        device = rt.bdev(name="shared", size_bytes=1 << 20)
        done = programs.python(
            """
            import sys
            import fsspec
            where = {"runtime_dir": sys.argv[1]}
            with fsspec.open("chi://shared/a/b", "w", **where) as file:
                file.write("from afar")
            """,
            daemon,
        )
        assert done.returncode == 0, done.stderr
        assert ChimaeraFileSystem(device).cat_file("a/b") == b"from afar"


def test_a_full_device(fs: ChimaeraFileSystem) -> None:
    fs.pipe_file("kept", b"kept")
    with pytest.raises(NoSpaceError):
        fs.pipe_file("large", bytes(33 << 20))
    assert fs.find("") == ["kept"]
    assert fs.device.stats().num_blocks == 1


def test_a_file_that_does_not_fit_leaves_nothing(fs: ChimaeraFileSystem) -> None:
    def write() -> None:
        with fs.open("f", "wb", block_size=1 << 14) as file:
            for _ in range(2200):
                file.write(bytes(1 << 14))

    with pytest.raises(NoSpaceError):
        write()
    assert fs.device.stats().num_blocks == 0
    assert not fs.exists("f")


def test_a_file_that_is_there_at_the_end_leaves_nothing(fs: ChimaeraFileSystem) -> None:
    file = fs.open("f", "xb")
    file.write(b"mine")
    fs.pipe_file("f", b"theirs")
    with pytest.raises(AlreadyExistsError):
        file.close()
    assert fs.device.stats().num_blocks == 1
    assert fs.cat_file("f") == b"theirs"


async def test_in_a_loop(device: BlockDevice) -> None:
    fs = ChimaeraFileSystem(device, asynchronous=True)
    await asyncio.gather(*(fs._pipe_file(f"n/{i}", b"x" * i) for i in range(50)))
    found = await fs._ls("n")
    assert sorted(info["size"] for info in found) == list(range(50))
    assert await fs._cat_file("n/30", 10, 20) == b"x" * 10
    await fs._rm("n", recursive=True)
    assert not await fs._exists("n")

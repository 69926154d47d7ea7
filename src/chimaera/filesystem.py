# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# A file is an object; a folder is a common part of names, or, where it was made
# on its own, an empty object whose name ends with a slash.
"""Block devices as file systems of fsspec: ``chi://DEVICE/path``."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from fsspec.asyn import AsyncFileSystem, sync, sync_wrapper
from fsspec.callbacks import DEFAULT_CALLBACK
from fsspec.spec import AbstractBufferedFile

from chimaera import object_io
from chimaera.errors import (
    AlreadyExistsError,
    BadRequestError,
    ChimaeraError,
    NotFoundError,
)

if TYPE_CHECKING:
    from chimaera.bdev import BlockDevice
    from chimaera.block import Block

__all__ = ["ChimaeraFileSystem"]

Info = dict[str, Any]


class ChimaeraFileSystem(AsyncFileSystem):  # type: ignore[misc] # no types
    """Files in the objects of a block device.

    Parameters
    ----------
    device : BlockDevice or str
        The device, or the name of its pool. In URLs it stands in front of the
        path, quoted: ``chi://scratch/a/b``, ``chi://%2Fdata%2Fdevice/a/b``.
    runtime_dir : str, optional
        Where its runtime is, for a process that is attached to none yet.
    **options
        Of fsspec.

    Notes
    -----
    A file appears, whole, when it is closed; until then, and for whoever reads
    it, the earlier one is there. On devices in files it then survives a power
    cut. Files have no times.

    Examples
    --------
    >>> with chimaera.local() as rt:
    ...     device = rt.bdev(name="scratch", size_bytes=1 << 20)
    ...     with fsspec.open("chi://scratch/notes/today", "w") as file:
    ...         _ = file.write("hello")
    ...     fs = fsspec.filesystem("chi", device=device)
    ...     fs.cat_file("notes/today", start=1, end=3), fs.ls("notes", detail=False)
    (b'el', ['notes/today'])
    """

    protocol = "chi"
    root_marker = ""
    # An instance is as good as its connection, which may be closed and opened
    # again under the same names.
    cachable = False

    def __init__(
        self,
        device: BlockDevice | str | None = None,
        *,
        runtime_dir: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(device=device, runtime_dir=runtime_dir, **options)
        if device is None:
            raise BadRequestError("chi://: which device? chi://DEVICE/path names it")
        if isinstance(device, str):
            device = _device_named(device, runtime_dir)
        self.device = device

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(each) for each in path]
        text = str(path)
        if text.startswith("chi://"):
            text = text.removeprefix("chi://").partition("/")[2]
        return text.strip("/")

    @staticmethod
    def _get_kwargs_from_urls(path: str) -> dict[str, str]:
        if not path.startswith("chi://"):
            return {}
        return {"device": unquote(path.removeprefix("chi://").partition("/")[0])}

    def unstrip_protocol(self, name: str) -> str:
        """Return the URL of a path."""
        pool = quote(self.device.name, safe="")
        return f"chi://{pool}/{self._strip_protocol(name)}"

    # ---- looking -------------------------------------------------------------

    async def _info(self, path: str, **_: Any) -> Info:
        path = self._strip_protocol(path)
        if path:
            with contextlib.suppress(NotFoundError):
                size = await self._do(object_io.size_of(self.device, path))
                return _file(path, size)
            if not await self._do(object_io.entries(self.device, path + "/", limit=1)):
                raise FileNotFoundError(errno.ENOENT, "no such file", path)
        return _folder(path)

    async def _ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        path = self._strip_protocol(path)
        above = path + "/" if path else ""
        found: dict[str, Info] = {}
        names = await self._do(object_io.entries(self.device, above))
        for name, size in names:
            child, slash, _rest = name[len(above) :].partition("/")
            if child and above + child not in found:
                info = _folder(above + child) if slash else _file(name, size)
                found[above + child] = info
        if not names and path:
            found[path] = await self._info(path)
        return list(found.values()) if detail else list(found)

    async def _cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **_: Any
    ) -> bytes:
        path = self._strip_protocol(path)
        try:
            return bytes(
                await self._do(object_io.get(self.device, path, start or 0, end))
            )
        except NotFoundError:
            raise await self._missing(path) from None

    async def _get_file(
        self, rpath: str, lpath: Any, callback: Any = DEFAULT_CALLBACK, **_: Any
    ) -> None:
        if await self._isdir(rpath):
            await asyncio.to_thread(Path(lpath).mkdir, parents=True, exist_ok=True)
            return
        content = await self._cat_file(rpath)
        callback.set_size(len(content))
        await asyncio.to_thread(_write_local, Path(lpath), content)
        callback.relative_update(len(content))

    # ---- changing ------------------------------------------------------------

    async def _pipe_file(
        self, path: str, value: Any, mode: str = "overwrite", **_: Any
    ) -> None:
        path = self._strip_protocol(path)
        await self._check_is_no_folder(path)
        steps = object_io.put(self.device, path, value, replace=mode != "create")
        try:
            await self._do(steps)
        except AlreadyExistsError:
            raise FileExistsError(errno.EEXIST, "there is such a file", path) from None

    async def _put_file(
        self,
        lpath: Any,
        rpath: str,
        mode: str = "overwrite",
        callback: Any = DEFAULT_CALLBACK,
        **_: Any,
    ) -> None:
        content = await asyncio.to_thread(_read_local, Path(lpath))
        if content is None:
            await self._makedirs(rpath, exist_ok=True)
            return
        callback.set_size(len(content))
        await self._pipe_file(rpath, content, mode)
        callback.relative_update(len(content))

    async def _cp_file(self, path1: str, path2: str, **_: Any) -> None:
        if await self._isdir(path1):
            await self._makedirs(path2, exist_ok=True)
        else:
            await self._pipe_file(path2, await self._cat_file(path1))

    async def _rm(
        self,
        path: Any,
        recursive: bool = False,
        batch_size: int | None = None,  # noqa: ARG002
        maxdepth: int | None = None,
        **_: Any,
    ) -> None:
        names = await self._expand_path(path, recursive=recursive, maxdepth=maxdepth)
        for name in reversed(names):  # what is in a folder before the folder
            try:
                await self._rm_file(name)
            except FileNotFoundError:
                if not recursive:  # else a folder that went with its last file
                    raise

    async def _rm_file(self, path: str, **_: Any) -> None:
        path = self._strip_protocol(path)
        try:
            await self._do(object_io.delete(self.device, path))
        except NotFoundError:
            if await self._isdir(path):
                await self._rmdir(path)
                return
            raise FileNotFoundError(errno.ENOENT, "no such file", path) from None

    async def _mkdir(self, path: str, create_parents: bool = True, **_: Any) -> None:
        path = self._strip_protocol(path)
        if await self._exists(path):
            raise FileExistsError(errno.EEXIST, "there is such a path", path)
        parent = self._parent(path)
        if parent and await self._isfile(parent):
            raise NotADirectoryError(errno.ENOTDIR, "a file", parent)
        if parent and not create_parents and not await self._exists(parent):
            raise FileNotFoundError(errno.ENOENT, "no such folder", parent)
        await self._do(object_io.put(self.device, path + "/", b""))

    async def _makedirs(self, path: str, exist_ok: bool = False) -> None:
        try:
            await self._mkdir(path, create_parents=True)
        except FileExistsError:
            if not exist_ok or await self._isfile(path):
                raise
            # It may be there only by what is in it, and that may go.
            path = self._strip_protocol(path)
            if path:
                await self._do(object_io.put(self.device, path + "/", b""))

    async def _rmdir(self, path: str) -> None:
        path = self._strip_protocol(path)
        names = await self._do(object_io.entries(self.device, path + "/", limit=2))
        if any(name != path + "/" for name, _ in names):
            raise OSError(errno.ENOTEMPTY, "not empty", path)
        if path and not names:
            raise FileNotFoundError(errno.ENOENT, "no such folder", path)
        if names:
            await self._do(object_io.delete(self.device, path + "/"))

    rmdir = sync_wrapper(_rmdir)

    def touch(self, path: str, truncate: bool = True, **_: Any) -> None:
        """Make an empty file, also of one that is there."""
        if not truncate and self.exists(path):
            raise NotImplementedError("files have no times")
        self.pipe_file(path, b"")

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | str | None = None,
        **options: Any,
    ) -> _File:
        size = self.blocksize if block_size in (None, "default") else int(block_size)
        if "w" in mode or "x" in mode or "a" in mode:
            sync(self.loop, self._check_is_no_folder, path)
        if "x" in mode and self.exists(path):
            raise FileExistsError(errno.EEXIST, "there is such a file", path)
        return _File(self, path, mode, size, **options)

    async def _check_is_no_folder(self, path: str) -> None:
        if not path or await self._isdir(path):
            raise IsADirectoryError(errno.EISDIR, "a folder", path)

    async def _missing(self, path: str) -> OSError:
        if await self._isdir(path):
            return IsADirectoryError(errno.EISDIR, "a folder", path)
        return FileNotFoundError(errno.ENOENT, "no such file", path)

    async def _do(self, steps: object_io.Steps[object_io.T]) -> object_io.T:
        return await object_io.run_async(steps)


class _File(AbstractBufferedFile):  # type: ignore[misc] # fsspec has no types
    """An open file. What is written waits in blocks until it is closed."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        # A transaction that fails discards files, also those never written to.
        self.blocks: list[Block] = []
        super().__init__(*arguments, **options)

    def _initiate_upload(self) -> None:
        if "a" in self.mode and self.fs.exists(self.path):
            content = self.fs.cat_file(self.path)
            self.loc = len(content)
            self._keep(content)

    def _upload_chunk(self, final: bool = False) -> bool:
        self._keep(self.buffer.getbuffer())
        if final and self.autocommit:
            self.commit()
        return True

    def commit(self) -> None:
        """Make what was written the file."""
        replace = "x" not in self.mode
        with self._given_up_on_error():
            self.fs.device.put_object(self.path, self.blocks, replace=replace)
        self.blocks = []

    def discard(self) -> None:
        """Forget what was written."""
        if self.blocks:
            self.fs.device.free(self.blocks)
        self.blocks = []

    def _keep(self, content: Any) -> None:
        if len(content) > 0:
            with self._given_up_on_error():
                self.blocks += object_io.run(object_io.fill(self.fs.device, content))

    @contextlib.contextmanager
    def _given_up_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            # Else closing it would write what is left, and make that the file.
            self.closed = True
            with contextlib.suppress(ChimaeraError):
                self.discard()
            raise

    def _fetch_range(self, start: int, end: int) -> bytes:
        content: bytes = self.fs.cat_file(self.path, start, end)
        return content


def _device_named(device: str, runtime_dir: str | None) -> BlockDevice:
    from chimaera.bdev import BlockDevice
    from chimaera.opening import attached

    pool = attached(runtime_dir).pool(device)
    if not isinstance(pool, BlockDevice):
        raise BadRequestError(f"chi://{device}: {pool} is no block device")
    return pool


def _read_local(path: Path) -> bytes | None:
    """Return the bytes of a file, None of a folder."""
    return None if path.is_dir() else path.read_bytes()


def _write_local(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _file(name: str, size: int) -> Info:
    return {"name": name, "size": size, "type": "file"}


def _folder(name: str) -> Info:
    return {"name": name, "size": 0, "type": "directory"}

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# An array is an object of its device: attributes (array_layout.py) and one block per
# chunk. Sealed blocks never change, so readers need no lock: whoever replaces a chunk
# makes its old block stale, and a reader that meets a stale one looks up the object
# and begins again. So every read sees one version of the array.
"""Arrays that lie on block devices."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from chimaera._extension import core
from chimaera.array_chunks import Stored, freed_on_error, in_memory
from chimaera.array_layout import Layout, decode, encode, make_layout
from chimaera.array_read import new_array, read_box, view_piece
from chimaera.array_twins import ArrayTwins
from chimaera.array_write import write_box
from chimaera.background import forbid_stop
from chimaera.errors import (
    AlreadyExistsError,
    BadRequestError,
    NotFoundError,
    StaleError,
)
from chimaera.indexing import Selection, select
from chimaera.loan import Borrowed, Loan
from chimaera.many import block_rows
from chimaera.opening import runtime_of
from chimaera.pool import PoolId
from chimaera.task import DEFAULT_TIMEOUT_S

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from chimaera.bdev import BlockDevice

__all__ = ["DeviceArray", "array_names", "open_array"]

# Objects of a device that are arrays.
_PREFIX = "array/"
# A reader that is always overtaken by writers gives up.
_MAX_ATTEMPTS = 100


class DeviceArray(core.Exporter, ArrayTwins):
    """A named array of any NumPy type on a block device; made by `BlockDevice.array`.

    It is indexed as NumPy's arrays are. ``array[index]`` is a copy; `read` may give
    views. Processes that have it open see what others write as soon as the writing
    statement has returned; a reader sees all of a write or nothing. On a file, what
    was written survives a power cut. Calls with a twin ``…_async`` give a `Future` by
    it, to be awaited.

    Attributes
    ----------
    device : BlockDevice
    name : str

    Examples
    --------
    >>> with chimaera.local() as rt:
    ...     device = rt.bdev(size_bytes=1 << 20)
    ...     heights = device.array("heights", (4, 6), "f4", chunks=(2, 6))
    ...     heights[1:3] = np.arange(6)
    ...     heights[:, 1::2].sum(axis=0)
    array([ 2.,  6., 10.], dtype=float32)
    """

    def __init__(self, device: BlockDevice, name: str, stored: Stored) -> None:
        super().__init__()
        self.device = device
        self.name = name
        self._stored = stored

    # ---- what it is ----

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array."""
        return self._stored.layout.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the elements."""
        return self._stored.layout.dtype

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of a chunk."""
        return self._stored.layout.chunks

    @property
    def layout(self) -> Layout:
        """All of that; for the package's own use."""
        return self._stored.layout

    @property
    def ndim(self) -> int:
        """Axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Elements."""
        return self.nbytes // self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._stored.layout.nbytes

    def stored_chunks(self, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> int:
        """Ask how many chunks have been written; the others are zeros, and no bytes."""
        return int(self._refresh(timeout_s).mask.sum())

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[at] for at in range(len(self)))

    # ---- reading ----

    def __getitem__(self, key: Any) -> Any:
        return self.read(key)

    def read(
        self,
        key: Any = ...,
        *,
        copy: bool | None = True,
        out: NDArray[Any] | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Any:
        """Read part of the array; only the chunks that have something of it.

        Parameters
        ----------
        key : index
            As in ``array[key]``: integers, slices of any step, ``...``, ``None``, and
            arrays of integers or booleans. Of an axis that an array indexes,
            everything from the least index to the greatest is read.
        copy : bool, optional
            True: an array of one's own. False: a read-only view of one chunk, never a
            copy. None: a view if the device is in memory and it can be one.
        out : ndarray, optional
            Where to read to instead, of the type of the array and of the shape that
            is read. After an error its contents are undefined.
        timeout_s : float
            Seconds to wait at most for each task.

        Returns
        -------
        ndarray or scalar
            What NumPy gives for this index, or `out`.

        Raises
        ------
        IndexError
            The index leaves the array, or is none.
        BadRequestError
            ``copy=False``, and it lies in several chunks, or in one that has no bytes
            yet, or the index has arrays. (A `ValueError`.) `out` does not fit.
        ChecksumError
            The file has other bytes than were written.
        """
        stored = self._stored
        if not stored.mask.all():
            stored = self._refresh(timeout_s)
        for _ in range(_MAX_ATTEMPTS):
            try:
                selected = select(key, self.shape)
                if out is not None:
                    return self._read_into(stored, selected, out, timeout_s)
                return self._read(stored, selected, copy=copy, timeout_s=timeout_s)
            except StaleError:
                before, stored = stored, self._refresh(timeout_s)
                if np.array_equal(before.rows, stored.rows):
                    raise
        raise StaleError(f"{self}: replaced again and again during a read")

    def _read(
        self,
        stored: Stored,
        selected: Selection,
        *,
        copy: bool | None,
        timeout_s: float,
    ) -> Any:
        if copy is not True:
            view = self._view(stored, selected, copy=copy, timeout_s=timeout_s)
            if view is not None:
                return view[selected.key]
        if copy is False:
            raise BadRequestError(
                f"{self}: copy=False, but {selected.shape} is not in one chunk that "
                "was written, or is indexed by arrays"
            )
        box = new_array(self.device, stored, selected.shape, timeout_s)
        read_box(self.device, stored, selected.box, box, timeout_s)
        return box if selected.is_box and selected.key else box[selected.key]

    def _read_into(
        self,
        stored: Stored,
        selected: Selection,
        out: NDArray[Any],
        timeout_s: float,
    ) -> NDArray[Any]:
        if out.dtype != self.dtype or not out.flags.writeable:
            raise BadRequestError(
                f"{self}: out is of {out.dtype}"
                f"{'' if out.flags.writeable else ', read-only'}"
            )
        if selected.is_box and out.shape == selected.shape:
            read_box(self.device, stored, selected.box, out, timeout_s)
            return out
        found = self._read(stored, selected, copy=True, timeout_s=timeout_s)
        if np.shape(found) != out.shape:
            raise BadRequestError(
                f"{self}: out has shape {out.shape}, {np.shape(found)} is read"
            )
        out[...] = found
        return out

    def _view(
        self,
        stored: Stored,
        selected: Selection,
        *,
        copy: bool | None,
        timeout_s: float,
    ) -> NDArray[Any] | None:
        pieces = list(islice(stored.layout.pieces(selected.box), 2))
        if not selected.is_basic or len(pieces) != 1:
            return None
        if not stored.mask[pieces[0].chunk]:
            return None
        if copy is None and not in_memory(
            self.device, stored.rows, stored.mask, timeout_s=timeout_s
        ):
            return None
        return view_piece(self.device, stored, pieces[0], timeout_s)

    # ---- writing ----

    def __setitem__(self, key: Any, values: Any) -> None:
        self.write(key, values)

    def write(
        self, key: Any, values: Any, *, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> None:
        """Write part of the array; a reader sees all of it or nothing.

        The chunks that have something of it are made anew, and replaced together.
        Writers of one array come one after another.

        Parameters
        ----------
        key : index
            As for `read`.
        values : array_like
            NumPy has to be able to assign it to what is indexed. An array of
            `Runtime.empty` of the same type is not copied on this side, where it
            covers whole chunks.
        timeout_s : float
            Seconds to wait at most for each task, and for another writer.

        Raises
        ------
        NoSpaceError
            The device has no room for the new chunks; the old ones stay.
        DeadlineExceededError
            Somebody else has it on loan, or writes it, for so long.
        """
        with Borrowed(self.device, _PREFIX + self.name, timeout_s):
            stored = self._refresh(timeout_s)
            selected = select(key, self.shape)
            data = self._data(stored, selected, values, timeout_s)
            new = write_box(self.device, stored, selected.box, data, timeout_s)
            self.seal(stored.with_rows(*new), new[1], timeout_s)

    def _data(
        self, stored: Stored, selected: Selection, values: Any, timeout_s: float
    ) -> NDArray[Any]:
        """Return what the box is to be; `values` itself if that is possible."""
        if (
            selected.is_box
            and isinstance(values, np.ndarray)
            and values.dtype == self.dtype
            and values.shape == selected.shape
        ):
            return values
        box = self.device.runtime.empty(selected.shape, self.dtype)
        if not selected.is_basic:
            read_box(self.device, stored, selected.box, box, timeout_s)
        box[selected.key] = values
        self.device.runtime.connection.bytes_staged += box.nbytes
        return box

    def seal(self, stored: Stored, new: NDArray[np.uint64], timeout_s: float) -> None:
        """Replace the array on the device; for `Loan`. Frees the `new` blocks if not.

        The caller has borrowed it.
        """
        with freed_on_error(self.device, new):
            forbid_stop()
            self.device.put_object(
                _PREFIX + self.name,
                stored.blocks(),
                attributes=encode(stored.layout, stored.mask),
                replace=True,
                timeout_s=timeout_s,
            )
        self._stored = stored

    def loan(
        self, *, wait_s: float = 0.0, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> Loan:
        """Borrow the whole array to make it anew, alone or with other processes.

        Parameters
        ----------
        wait_s : float
            Seconds to wait at most for who has it on loan or writes it.
        timeout_s : float
            Seconds to wait at most for each task at the end.

        Returns
        -------
        Loan
            A context manager. Entering it raises `AlreadyExistsError` if somebody has
            the array, after `wait_s` `DeadlineExceededError`.
        """
        return Loan(self, _PREFIX + self.name, wait_s, timeout_s)

    def delete(self, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        """Take it off the device. Views of it stay valid.

        Raises
        ------
        NotFoundError
            It is gone already.
        """
        forbid_stop()
        self.device.delete_object(_PREFIX + self.name, timeout_s=timeout_s)

    # ---- for NumPy and others ----

    def __array__(
        self,
        dtype: DTypeLike | None = None,
        copy: bool | None = None,  # noqa: FBT001
    ) -> NDArray[Any]:
        if dtype is None or np.dtype(dtype) == self.dtype:
            found: NDArray[Any] = self.read(copy=copy)
            return found
        if copy is False:
            raise BadRequestError(f"{self}: copy=False, but not as {dtype}")
        converted: NDArray[Any] = self.read(copy=None).astype(dtype)
        return converted

    def _exported(self) -> NDArray[Any]:
        """Return what the buffer protocol offers: see core.Exporter."""
        found: NDArray[Any] = self.read(copy=False)
        # Of fields at unusual places, NumPy misreads its own description.
        if found.dtype.names and np.asarray(found.data).dtype != found.dtype:
            raise BadRequestError(f"{self}: no buffer of {found.dtype}")
        return found

    def __dlpack__(self, *, copy: bool | None = None, **options: Any) -> Any:
        array: NDArray[Any] = self.read(copy=copy)
        return array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return np.empty(0).__dlpack_device__()

    def __reduce__(self) -> tuple[Any, ...]:
        connection = self.device.runtime.connection
        runtime = connection.runtime_dir, connection.incarnation
        return _reopened, (*runtime, tuple(self.device.id), self.device.name, self.name)

    def __repr__(self) -> str:
        return (
            f"<DeviceArray {self.name!r} {self.shape} {self.dtype}, chunks "
            f"{self.chunks}, on {self.device.name!r}>"
        )

    def _repr_html_(self) -> str:
        from chimaera import html

        return html.of_array(self, self._stored.mask)

    def _refresh(self, timeout_s: float) -> Stored:
        """Look up the object."""
        stored = _fetch(self.device, self.name, timeout_s)
        if stored.layout != self._stored.layout:
            raise StaleError(f"{self} was deleted and made anew, with {stored.layout}")
        self._stored = stored
        return stored


def open_array(
    device: BlockDevice,
    name: str,
    shape: int | Sequence[int] | None = None,
    dtype: DTypeLike | None = None,
    chunks: int | Sequence[int] | None = None,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> DeviceArray:
    """Do what `BlockDevice.array` promises."""
    if shape is None:
        return DeviceArray(device, name, _fetch(device, name, timeout_s))
    layout = make_layout(shape, "f8" if dtype is None else dtype, chunks)
    made = Stored.of_nothing(layout)
    forbid_stop()
    try:
        device.put_object(
            _PREFIX + name,
            [],
            attributes=encode(layout, made.mask),
            timeout_s=timeout_s,
        )
    except AlreadyExistsError:
        found = _fetch(device, name, timeout_s)
    else:
        return DeviceArray(device, name, made)
    there = found.layout
    if (
        there.shape != layout.shape
        or (dtype is not None and there.dtype != layout.dtype)
        or (chunks is not None and there.chunks != layout.chunks)
    ):
        raise AlreadyExistsError(f"array {name!r} is there as {there}, not {layout}")
    return DeviceArray(device, name, found)


def array_names(device: BlockDevice, timeout_s: float) -> list[str]:
    """Do what `BlockDevice.arrays` promises."""
    return [
        name.removeprefix(_PREFIX)
        for name, _size in device.objects(_PREFIX, timeout_s=timeout_s)
    ]


def _fetch(device: BlockDevice, name: str, timeout_s: float) -> Stored:
    try:
        attributes, blocks = device.get_object(_PREFIX + name, timeout_s=timeout_s)
    except NotFoundError:
        raise NotFoundError(f"no array {name!r} on {device.name!r}") from None
    layout, mask = decode(attributes, name)
    rows = np.zeros((len(mask), 4), np.uint64)
    rows[mask] = block_rows(blocks)
    return Stored(layout, mask, rows)


def _reopened(
    runtime_dir: str,
    incarnation: str,
    pool_id: tuple[int, int],
    device_name: str,
    name: str,
) -> DeviceArray:
    """Open an array that came by pickle from a process of the same runtime."""
    from chimaera.bdev import BlockDevice

    runtime = runtime_of(
        runtime_dir, incarnation, f"array {name!r} of pid {os.getpid()}"
    )
    device = BlockDevice(runtime, PoolId(*pool_id), device_name)
    return open_array(device, name)

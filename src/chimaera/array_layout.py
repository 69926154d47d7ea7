# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What stands in the attributes of an array's object: JSON, with a version. All
# chunks have blocks of the same size, also those that stick out of the array.
"""Shape, type and chunks of an array on a device."""

from __future__ import annotations

import base64
import json
import math
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from chimaera.errors import BadRequestError, VersionMismatchError

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    Mask = NDArray[np.bool_]

__all__ = ["Layout", "Piece", "decode", "encode", "make_layout"]

_FORMAT = "chimaera array"
_VERSION = 1

# Of chunks that nobody has chosen: large enough for the bandwidth of a disk, small
# enough that a small write does not copy much.
_CHUNK_BYTES = 4 << 20


class Piece(NamedTuple):
    """What a box and one chunk have in common.

    Attributes
    ----------
    chunk : int
        Number of the chunk, in C order.
    inside : tuple of slice
        Where in the chunk.
    box : tuple of slice
        Where in an array of the shape of the box.
    whole : bool
        Whether it is all of the chunk that lies in the array.
    """

    chunk: int
    inside: tuple[slice, ...]
    box: tuple[slice, ...]
    whole: bool


@dataclass(frozen=True)
class Layout:
    """How an array lies in blocks.

    Attributes
    ----------
    shape : tuple of int
    dtype : numpy.dtype
    chunks : tuple of int
        Shape of a chunk, of as many axes.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunks: tuple[int, ...]

    @property
    def grid(self) -> tuple[int, ...]:
        """Chunks along each axis."""
        return tuple(
            -(-size // chunk)
            for size, chunk in zip(self.shape, self.chunks, strict=True)
        )

    @property
    def num_chunks(self) -> int:
        """Chunks in all; none if the array has no bytes."""
        return math.prod(self.grid) if self.nbytes else 0

    @property
    def nbytes(self) -> int:
        """Bytes of the elements."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def chunk_bytes(self) -> int:
        """Bytes of one chunk's block."""
        return math.prod(self.chunks) * self.dtype.itemsize

    @property
    def is_rows(self) -> bool:
        """Whether chunks lie behind one another, as in a C-contiguous array."""
        return self.chunks[1:] == self.shape[1:]

    def pieces(self, box: Sequence[range]) -> Iterator[Piece]:
        """Take a box apart; chunks that it has nothing of are left out."""
        axes = [
            list(_pieces(selected, chunk, size))
            for selected, chunk, size in zip(box, self.chunks, self.shape, strict=True)
        ]
        grid = self.grid
        for parts in product(*axes):
            number = 0
            for count, part in zip(grid, parts, strict=True):
                number = number * count + part[0]
            yield Piece(
                number,
                tuple(part[1] for part in parts),
                tuple(part[2] for part in parts),
                all(part[3] for part in parts),
            )

    def chunk_range(self, first: int, last: int) -> tuple[range, ...]:
        """Return the box of the chunks [first, last) along the first axis."""
        rest = tuple(range(size) for size in self.shape[1:])
        begin, end = (min(k * self.chunks[0], self.shape[0]) for k in (first, last))
        return range(begin, end), *rest


def _pieces(
    selected: range, chunk: int, size: int
) -> Iterator[tuple[int, slice, slice, bool]]:
    """Take one axis apart."""
    if not selected:
        return
    step = selected.step
    for number in range(selected[0] // chunk, selected[-1] // chunk + 1):
        begin, end = number * chunk, min((number + 1) * chunk, size)
        at = max(0, -(-(begin - selected.start) // step))
        first = selected.start + at * step
        last = min(end, selected.stop)
        if first >= last:  # the step is longer than the chunk
            continue
        count = -(-(last - first) // step)
        yield (
            number,
            slice(first - begin, last - begin, step),
            slice(at, at + count),
            count == end - begin,
        )


def make_layout(
    shape: int | Sequence[int],
    dtype: DTypeLike,
    chunks: int | Sequence[int] | None,
) -> Layout:
    """Check what a user wants, and fill in what is left open."""
    kind = np.dtype(dtype)
    if kind.hasobject:
        raise BadRequestError(f"dtype {kind} holds Python objects")
    if kind.itemsize == 0:
        raise BadRequestError(f"elements of {kind} have no bytes")
    # As NumPy does, a type that is an array adds its axes.
    sizes = _sizes(shape, "shape", 0) + kind.shape
    kind = kind.base
    if chunks is None:
        found = _default_chunks(sizes, kind.itemsize)
    else:
        found = _sizes(chunks, "chunks", 1)
        if len(found) != len(sizes):
            raise BadRequestError(f"chunks {found} of an array of shape {sizes}")
    clipped = tuple(
        max(1, min(chunk, size)) for chunk, size in zip(found, sizes, strict=True)
    )
    return Layout(sizes, kind, clipped)


def _sizes(values: int | Sequence[int], name: str, least: int) -> tuple[int, ...]:
    listed = values if isinstance(values, Sequence) else (values,)
    sizes = tuple(map(operator.index, listed))
    if any(size < least for size in sizes):
        raise BadRequestError(f"{name} {sizes}: sizes are at least {least}")
    return sizes


def _default_chunks(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Cut the first axes, so that chunks are contiguous in a C-ordered array."""
    chunks = [max(1, size) for size in shape]
    for axis, size in enumerate(chunks):
        rest = math.prod(chunks[axis + 1 :]) * max(1, itemsize)
        chunks[axis] = max(1, min(size, _CHUNK_BYTES // rest))
        if chunks[axis] > 1:
            break
    return tuple(chunks)


# ---- attributes ----


def encode(layout: Layout, stored: Mask) -> bytes:
    """Return the attributes of an array whose chunks `stored` have blocks."""
    mask = base64.b64encode(np.packbits(stored).tobytes()).decode()
    record = {
        "format": _FORMAT,
        "version": _VERSION,
        "shape": layout.shape,
        "dtype": np.lib.format.dtype_to_descr(layout.dtype),
        "chunks": layout.chunks,
        "stored": "all" if stored.all() else mask,
    }
    return json.dumps(record, separators=(",", ":")).encode()


def decode(attributes: bytes, name: str) -> tuple[Layout, Mask]:
    """Read what `encode` wrote.

    Raises
    ------
    BadRequestError
        These are the attributes of something else.
    VersionMismatchError
        A later version wrote them.
    """
    try:
        record = json.loads(attributes)
        if record["format"] != _FORMAT:
            raise BadRequestError(f"{name!r} is a {record['format']}")
        if record["version"] > _VERSION:
            raise VersionMismatchError(
                f"array {name!r} has version {record['version']}, known is {_VERSION}"
            )
        dtype = np.lib.format.descr_to_dtype(_tuples(record["dtype"]))
        layout = Layout(tuple(record["shape"]), dtype, tuple(record["chunks"]))
        count = layout.num_chunks
        if record["stored"] == "all":
            return layout, np.ones(count, np.bool_)
        bits = np.frombuffer(base64.b64decode(record["stored"]), np.uint8)
        return layout, np.unpackbits(bits, count=count).astype(np.bool_)
    except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BadRequestError(f"the object {name!r} is no array") from error


def _tuples(descr: Any) -> Any:
    """Undo what JSON does to the tuples of a dtype's description."""
    if not isinstance(descr, list):
        return descr
    return [
        tuple(
            tuple(part)
            if at == 2 or (at == 0 and isinstance(part, list))
            else _tuples(part)
            for at, part in enumerate(field)
        )
        for field in descr
    ]

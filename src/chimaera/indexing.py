# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What is selected is cut out of the array as a box, one range per axis, and NumPy
# does the rest on the box. So every index means what it means to NumPy.
"""Indices of an array as a box and an index into the box."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Selection", "select"]


class Selection(NamedTuple):
    """Part of an array: ``array[box][key]``.

    Attributes
    ----------
    box : tuple of range
        Along each axis; steps are positive.
    key : tuple
        What NumPy applies to the box.
    is_box : bool
        Whether the box is the result already.
    is_basic : bool
        Whether `key` has no arrays: then it takes all of the box.
    """

    box: tuple[range, ...]
    key: tuple[Any, ...]
    is_box: bool
    is_basic: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the box."""
        return tuple(map(len, self.box))


def select(key: Any, shape: tuple[int, ...]) -> Selection:
    """Understand an index.

    Raises
    ------
    IndexError
        As NumPy does; and for single booleans.
    """
    items = [_Item(item) for item in (key if isinstance(key, tuple) else (key,))]
    open_axes = len(shape) - sum(item.num_axes for item in items)
    if open_axes < 0:
        raise IndexError(
            f"too many indices for array: array is {len(shape)}-dimensional, "
            f"but {len(shape) - open_axes} were indexed"
        )
    dots = [at for at, item in enumerate(items) if item.value is Ellipsis]
    if len(dots) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if dots:
        items[dots[0]].num_axes = open_axes
    else:
        items += [_Item(slice(None)) for _ in range(open_axes)]
    box: list[range] = []
    keys: list[Any] = []
    for item in items:
        item.add_to(box, keys, shape[len(box) : len(box) + item.num_axes], len(box))
    return Selection(
        tuple(box),
        tuple(keys),
        all(part is Ellipsis or _is_all(part) for part in keys),
        not any(isinstance(part, np.ndarray) for part in keys),
    )


def _is_all(part: Any) -> bool:
    return isinstance(part, slice) and part == slice(None)


class _Item:
    """One of the indices between the commas."""

    def __init__(self, item: Any) -> None:
        self.value: Any = item
        self.num_axes = 1
        if item is None or item is Ellipsis:
            self.num_axes = 0
        elif isinstance(item, (bool, np.bool_)):
            raise IndexError("a single boolean is no index of an array on a device")
        elif not isinstance(item, slice):
            try:
                self.value = operator.index(item)
            except TypeError:
                self.value = _index_array(item)
                if self.value.dtype == np.bool_:
                    self.num_axes = self.value.ndim

    def add_to(
        self, box: list[range], keys: list[Any], shape: tuple[int, ...], axis: int
    ) -> None:
        """Append the ranges and the indices of these axes, which have `shape`."""
        value = self.value
        if value is None:
            keys.append(None)
        elif value is Ellipsis:
            box.extend(map(range, shape))
            keys.append(Ellipsis)
        elif isinstance(value, slice):
            selected = range(*value.indices(shape[0]))
            backwards = selected.step < 0
            box.append(_forwards(selected))
            keys.append(slice(None, None, -1) if backwards else slice(None))
        elif isinstance(value, int):
            at = _inside(np.array(value), shape[0], axis).item()
            box.append(range(at, at + 1))
            keys.append(0)
        elif value.dtype == np.bool_:
            if value.shape != shape:
                raise IndexError(
                    f"boolean index did not match indexed array: {value.shape} "
                    f"of {shape} along axes from {axis} on"
                )
            for number, where in enumerate(value.nonzero()):
                _add_array(box, keys, where, shape[number], axis + number)
        else:
            _add_array(box, keys, value, shape[0], axis)


def _index_array(item: Any) -> NDArray[Any]:
    array = np.asarray(item)
    if array.size == 0 and not isinstance(item, np.ndarray):
        array = array.astype(np.intp)
    if array.dtype.kind not in "iub" or array.ndim == 0:
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) "
            "and integer or boolean arrays are valid indices"
        )
    return array if array.dtype == np.bool_ else array.astype(np.intp)


def _add_array(
    box: list[range], keys: list[Any], value: NDArray[Any], size: int, axis: int
) -> None:
    where = _inside(value, size, axis)
    first = int(where.min()) if where.size else 0
    last = int(where.max()) + 1 if where.size else 0
    box.append(range(first, last))
    keys.append(where - first)


def _inside(where: NDArray[Any], size: int, axis: int) -> NDArray[Any]:
    wrong = (where < -size) | (where >= size)
    if wrong.any():
        raise IndexError(
            f"index {where[wrong].flat[0]} is out of bounds for axis {axis} with "
            f"size {size}"
        )
    return np.where(where < 0, where + size, where)


def _forwards(selected: range) -> range:
    """Return the same numbers with a positive step and the least possible end."""
    if not selected:
        return range(0)
    first, last = sorted((selected[0], selected[-1]))
    return range(first, last + 1, abs(selected.step))

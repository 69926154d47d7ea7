# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What a column may be is decided by its type alone, so that nothing has to be
# guessed. The forms are those of src/cpp/python/typed_many.h.
"""Arguments and results of many tasks at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chimaera.block import Block
from chimaera.errors import BadRequestError
from chimaera.typed.description import Field, Method, Type
from chimaera.typed.results import decoder
from chimaera.typed.values import as_numbers, dtype_of, encoder

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["column_of", "rows_of", "targets_of", "task_count"]

# A column as the extension wants it, and its length; None: one value for all.
Column = tuple[Any, int | None]


def column_of(field: Field) -> Callable[[Any, str], Column]:
    """Return what reads the values of a parameter, one per task or one for all."""
    kind = field.type
    one = encoder(field)
    if kind.is_scalar:
        return _scalars(kind, one)
    if kind.is_packed:
        return lambda value, what: _sequences(value, what, one, is_list=True)
    if kind.kind == "struct":
        several = encoder(Field("", Type("list", "", element=kind)))
        return lambda value, what: _structs(value, what, one, several)
    if kind.kind == "array":
        cut = encoder(
            dataclasses.replace(
                field, type=dataclasses.replace(kind, ndim=kind.ndim + 1)
            )
        )
        return lambda value, what: _arrays(kind, value, what, one, cut)
    if kind.kind == "blocks":
        return lambda value, what: _blocks(value, what, one)
    is_list = kind.kind == "list"
    return lambda value, what: _sequences(value, what, one, is_list=is_list)


def _is_column(value: Any) -> bool:
    return isinstance(value, (list, tuple, range)) or getattr(value, "ndim", 0) == 1


def _scalars(kind: Type, one: Callable[[Any, str], Any]) -> Callable[..., Column]:
    def read(value: Any, what: str) -> Column:
        import numpy as np

        if not _is_column(value):
            return np.array([one(value, what)], dtype_of(kind)), None
        if kind.is_number:
            found = as_numbers(value, kind, what, ndim=1)
        else:
            each = [one(each, f"{what}[{i}]") for i, each in enumerate(value)]
            found = np.array(each, dtype_of(kind))
        return found, len(found)

    return read


def _structs(
    value: Any,
    what: str,
    one: Callable[[Any, str], Any],
    several: Callable[[Any, str], Any],
) -> Column:
    if isinstance(value, list) or getattr(value, "ndim", 0) == 1:
        return several(value, what), len(value)
    return one(value, what), None


def _sequences(
    value: Any, what: str, one: Callable[[Any, str], Any], *, is_list: bool
) -> Column:
    """Read texts and bytes, or lists: a list of them is a column."""
    axes = 2 if is_list else 1
    if not isinstance(value, list) and getattr(value, "ndim", 0) != axes:
        return [one(value, what)], None
    return [one(each, f"{what}[{i}]") for i, each in enumerate(value)], len(value)


def _arrays(
    kind: Type,
    value: Any,
    what: str,
    one: Callable[[Any, str], Any],
    cut: Callable[[Any, str], Any],
) -> Column:
    if isinstance(value, (list, tuple)):
        return [one(each, f"{what}[{i}]") for i, each in enumerate(value)], len(value)
    if getattr(value, "ndim", 0) == kind.ndim + 1:
        whole, shape = cut(value, what)
        stride = whole.nbytes // shape[0] if shape[0] else 0
        return (whole, shape[1:], stride), shape[0]
    array, shape = one(value, what)
    return (array, shape, 0), None


def _blocks(value: Any, what: str, one: Callable[[Any, str], Any]) -> Column:
    """Read a device and its blocks; one task for each that is given."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        return one(value, what), None  # raises
    device, blocks = value
    if isinstance(blocks, Block):
        return [one(value, what)], None
    return [one((device, each), what) for each in blocks], len(blocks)


def task_count(columns: Sequence[Column], num_tasks: int | None, what: str) -> int:
    """Return how many tasks the columns are for. Raises BadRequestError."""
    found = {length for _, length in columns if length is not None}
    if num_tasks is not None:
        found.add(num_tasks)
    if not found:
        raise BadRequestError(f"{what}: every task is the same: how many? (num_tasks)")
    if len(found) > 1:
        lengths = ", ".join(map(str, sorted(found)))
        raise BadRequestError(f"{what}: arguments for different numbers: {lengths}")
    return found.pop()


def targets_of(method: Method, count: int) -> tuple[NDArray[Any] | None, ...]:
    """Return an array per result whose values have a fixed size; None for others."""
    import numpy as np

    return tuple(
        np.zeros(count, dtype_of(each.type)) if each.type.is_plain else None
        for each in method.results
    )


def rows_of(
    method: Method,
    targets: Sequence[NDArray[Any] | None],
    lists: Sequence[list[Any] | None],
    types: Mapping[str, type],
) -> NDArray[Any] | None:
    """Put results together: an array of the only one, or a structured one.

    Enums become their members, as in single calls.
    """
    import numpy as np

    columns: list[Any] = []
    for each, target, found in zip(method.results, targets, lists, strict=True):
        if target is not None:
            columns.append(_with_members(target, each.type, types))
            continue
        make = decoder(each.type, types)
        column = np.empty(len(found or ()), object)
        for i, value in enumerate(found or ()):
            column[i] = make(value) if make and value is not None else value
        columns.append(column)
    if len(columns) < 2:
        return columns[0] if columns else None
    names = [each.name for each in method.results]
    rows = np.empty(
        len(columns[0]),
        [(name, each.dtype) for name, each in zip(names, columns, strict=True)],
    )
    for name, each in zip(names, columns, strict=True):
        rows[name] = each
    return rows


def _with_members(
    column: NDArray[Any], kind: Type, types: Mapping[str, type]
) -> NDArray[Any]:
    """Return a column with members in the place of the numbers of enums."""
    import numpy as np

    if kind.kind == "struct":
        parts = {
            each.name: _with_members(column[each.name], each.type, types)
            for each in kind.fields
        }
        made = {name: part.dtype for name, part in parts.items()}
        if all(made[each.name] == dtype_of(each.type) for each in kind.fields):
            return column
        rows = np.empty(len(column), list(made.items()))
        for name, part in parts.items():
            rows[name] = part
        return rows
    member = decoder(kind, types) if kind.kind == "enum" else None
    if member is None:
        return column
    numbers, places = np.unique(column, return_inverse=True)
    members = np.empty(len(numbers), object)
    for i, number in enumerate(numbers.tolist()):
        members[i] = member(number)
    found: NDArray[Any] = members[places]
    return found

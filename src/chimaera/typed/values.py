# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The forms that values get here are those of src/cpp/python/typed_value.h.
"""Values on their way into tasks: whether they are of their type, and as bytes."""

from __future__ import annotations

import math
import numbers
import operator
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from chimaera.block import Block
from chimaera.errors import BadRequestError
from chimaera.typed.description import Field, Type, nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "SCALAR_LETTERS",
    "BlockList",
    "as_numbers",
    "dtype_of",
    "encoder",
    "members",
    "shown",
    "wrong",
]

# Checks a value of one type, and returns its form. The text names the parameter.
Encoder = Callable[[Any, str], Any]

# What is no finite number of the type any more. Of float64 that is said of the
# largest number too, which nobody means.
_FLOAT32_MAX = 3.4028235677973366e38
_FLOAT64_MAX = 1.7976931348623157e308
_SHOWN_MAX = 60


class BlockList(NamedTuple):
    """Blocks of a device, as results of type ``blocks`` are.

    Attributes
    ----------
    pool : PoolId
        The device.
    blocks : list of Block
    """

    pool: tuple[int, int]
    blocks: list[Block]


def shown(value: object) -> str:
    """Return a value and its type, for messages."""
    text = repr(value)
    if len(text) > _SHOWN_MAX:
        text = f"{text[:_SHOWN_MAX]}..."
    return f"{text} ({type(value).__name__})"


def dtype_of(kind: Type) -> np.dtype[Any]:
    """Return the dtype of a plain type."""
    import numpy as np

    if kind.kind != "struct":
        return np.dtype(kind.format.replace("b1", "?"))
    return np.dtype(
        {
            "names": [each.name for each in kind.fields],
            "formats": [dtype_of(each.type) for each in kind.fields],
            "offsets": [each.offset for each in kind.fields],
            "itemsize": kind.size,
        }
    )


def encoder(field: Field) -> Encoder:
    """Return what checks values of a parameter."""
    kind = field.type
    if kind.is_packed:
        from chimaera.typed.packed import packed_encoder  # which uses this function

        return packed_encoder(kind)
    if kind.kind == "array":
        return _array_encoder(kind, writable=field.direction != "in")
    if kind.kind == "list":
        return _list_encoder(kind.element or kind)
    if kind.kind == "struct":
        return _struct_encoder(kind)
    return _SIMPLE[kind.kind](kind)


def wrong(what: str, wanted: str, value: object) -> TypeError:
    """Return the error for a value of another type."""
    return TypeError(f"{what} is {shown(value)}: {wanted} is wanted")


# ---- scalars and text


def _int_encoder(kind: Type) -> Encoder:
    low, high = kind.range

    def encode(value: Any, what: str) -> int:
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise wrong(what, kind.name, value)
        number = operator.index(value)
        if not low <= number <= high:
            text = f"{what} is {number}: {kind.name} is {low} to {high}"
            raise BadRequestError(text)
        return number

    return encode


def _float_encoder(kind: Type) -> Encoder:
    def encode(value: Any, what: str) -> float:
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise wrong(what, kind.name, value)
        try:
            number = float(value)
        except OverflowError:  # an int beyond all floats
            number = _FLOAT64_MAX
        limit = _FLOAT32_MAX if kind.size == 4 else _FLOAT64_MAX
        if limit <= abs(number) < math.inf:
            text = f"{what} is {shown(value)}: too large for {kind.name}"
            raise BadRequestError(text)
        return number

    return encode


def _bool_encoder(_kind: Type) -> Encoder:
    def encode(value: Any, what: str) -> bool:
        if type(value).__name__ not in {"bool", "bool_"}:
            raise wrong(what, "a bool", value)
        return bool(value)

    return encode


def _enum_encoder(kind: Type) -> Encoder:
    by_name = dict(kind.values)
    by_name.update((name.upper(), number) for name, number in kind.values)
    possible = ", ".join(f"{name} ({number})" for name, number in kind.values)

    def encode(value: Any, what: str) -> int:
        if isinstance(value, str):
            if value in by_name:
                return by_name[value]
            hint = nearest(value, by_name)
            text = f"{what} is {value!r}, which {kind.name} has not: {possible}{hint}"
            raise BadRequestError(text)
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise wrong(what, f"a {kind.name}, its name or number,", value)
        number = operator.index(value)
        if number not in by_name.values():
            text = f"{what} is {number}, which {kind.name} has not: {possible}"
            raise BadRequestError(text)
        return number

    return encode


def _string_encoder(_kind: Type) -> Encoder:
    def encode(value: Any, what: str) -> str:
        if not isinstance(value, str):
            raise wrong(what, "a string", value)
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise BadRequestError(f"{what} is not to be encoded: {error}") from None
        return value

    return encode


def _bytes_encoder(_kind: Type) -> Encoder:
    def encode(value: Any, what: str) -> bytes:
        try:
            return bytes(memoryview(value))
        except TypeError:
            raise wrong(what, "bytes or a buffer of bytes", value) from None

    return encode


# ---- structs


def _struct_encoder(kind: Type) -> Encoder:
    fields = [(each, encoder(each)) for each in kind.fields]

    def pack(value: Any, what: str, buffer: bytearray, at: int) -> None:
        for each, found in members(kind, value, what):
            name, place = f"{what}.{each.name}", at + each.offset
            if each.type.kind == "struct":
                part = encoders[each.name](found, name)
                buffer[place : place + len(part)] = part
            else:
                number, letter = encoders[each.name](found, name), each.type.format
                struct.pack_into(SCALAR_LETTERS[letter], buffer, place, number)

    encoders = {each.name: encode for each, encode in fields}

    def encode(value: Any, what: str) -> bytes:
        buffer = bytearray(kind.size)
        pack(value, what, buffer, 0)
        return bytes(buffer)

    return encode


#: The letters of module struct.
SCALAR_LETTERS = {
    "b1": "?",
    "i1": "b",
    "i2": "h",
    "i4": "i",
    "i8": "q",
    "u1": "B",
    "u2": "H",
    "u4": "I",
    "u8": "Q",
    "f4": "f",
    "f8": "d",
}


def members(kind: Type, value: Any, what: str) -> Iterator[tuple[Field, Any]]:
    """Yield the fields of a struct with their values, of any form it may have."""
    names = [each.name for each in kind.fields]
    if isinstance(value, (tuple, list)):
        if len(value) != len(names):
            text = f"{what} has {len(value)} values: {kind.name} has {len(names)}"
            raise BadRequestError(f"{text}, {', '.join(names)}")
        yield from zip(kind.fields, value, strict=True)
        return
    if isinstance(value, Mapping):
        for name in value:
            if name not in names:
                hint = nearest(str(name), names)
                raise BadRequestError(f"{what}: {kind.name} has no {name!r}{hint}")
        get: Callable[[str], Any] = value.__getitem__
    elif getattr(getattr(value, "dtype", None), "names", None):
        get = value.__getitem__  # an element of a structured array
    else:
        get = lambda name: getattr(value, name)  # noqa: E731
        if not all(hasattr(value, name) for name in names):
            wanted = f"a {kind.name}, a mapping or a tuple of {', '.join(names)}"
            raise wrong(what, wanted, value)
    for each in kind.fields:
        try:
            found = get(each.name)
        except (KeyError, ValueError):
            raise BadRequestError(f"{what}: {each.name!r} is missing") from None
        yield each, found


# ---- lists and arrays


def _list_encoder(element: Type) -> Encoder:
    if element.is_number:
        return lambda value, what: as_numbers(value, element, what, ndim=1)
    encode_one = encoder(Field("", element))

    def encode(value: Any, what: str) -> Any:
        import numpy as np

        rows = isinstance(value, np.ndarray) and value.ndim == 1
        if rows and not _has_checks(element) and value.dtype == dtype_of(element):
            return np.ascontiguousarray(value)
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
            raise wrong(what, f"a sequence of {element.name}", value)
        each = [encode_one(one, f"{what}[{i}]") for i, one in enumerate(value)]
        if element.kind == "struct":
            return b"".join(each)
        return np.array(each, dtype_of(element))

    return encode


def _has_checks(kind: Type) -> bool:
    """Whether some bytes are no value of the type."""
    if kind.kind == "struct":
        return any(_has_checks(each.type) for each in kind.fields)
    return kind.kind in {"bool", "enum"}


def as_numbers(value: Any, kind: Type, what: str, *, ndim: int) -> NDArray[Any]:
    """Return numbers as a C-contiguous array of their type; checks ranges."""
    import numpy as np

    dtype = np.dtype(kind.format)
    try:
        found = np.asarray(value)
    except ValueError:
        raise wrong(what, f"{ndim} axes of {kind.name}", value) from None
    if found.ndim != ndim:
        text = f"{what} has {found.ndim} axes: {ndim} of {kind.name} are wanted"
        raise BadRequestError(text)
    if found.size == 0:
        return np.empty(found.shape, dtype)
    possible = "iuf" if dtype.kind == "f" else "iu"
    if found.dtype.kind == "O" and all(type(each) is int for each in found.flat):
        low, high = kind.range if dtype.kind != "f" else (0, 0)
        outside = [each for each in found.flat if not low <= each <= high]
        raise _outside(what, kind, outside[0] if outside else found.flat[0])
    if found.dtype.kind not in possible:
        raise wrong(what, f"numbers of {kind.name}", value)
    if dtype.kind != "f" and not np.can_cast(found.dtype, dtype):
        low, high = kind.range
        smallest, largest = int(found.min()), int(found.max())
        if smallest < low or largest > high:
            raise _outside(what, kind, smallest if smallest < low else largest)
    with np.errstate(over="ignore"):
        numbers_ = np.ascontiguousarray(found, dtype)
    if dtype == np.float32 and found.dtype != dtype:
        lost = np.isinf(numbers_) & ~np.isinf(found)
        if lost.any():
            raise BadRequestError(f"{what}: {found[lost][0]} is too large for float32")
    return numbers_


def _outside(what: str, kind: Type, number: int) -> BadRequestError:
    low, high = kind.range
    text = f"{what} has {number}: {kind.name} is {low} to {high}"
    return BadRequestError(text)


def _array_encoder(kind: Type, *, writable: bool) -> Encoder:
    element = kind.element or kind

    def encode(value: Any, what: str) -> tuple[NDArray[Any], tuple[int, ...]]:
        import numpy as np

        wanted = f"an array of {element.name} with {kind.ndim} axes"
        dtype = np.dtype(element.format)
        if not isinstance(value, np.ndarray):
            if writable:
                raise wrong(what, wanted, value)
            value = as_numbers(value, element, what, ndim=kind.ndim)
        if value.dtype != dtype:
            raise TypeError(f"{what} has dtype {value.dtype}: {wanted} is wanted")
        if value.ndim != kind.ndim:
            text = f"{what} has {value.ndim} axes, shape {value.shape}: {wanted}"
            raise BadRequestError(f"{text} is wanted")
        if writable and not value.flags.writeable:
            raise BadRequestError(f"{what} is read-only, and the method writes to it")
        return value, value.shape

    return encode


# ---- blocks


def _blocks_encoder(_kind: Type) -> Encoder:
    def encode(value: Any, what: str) -> tuple[int, int, NDArray[Any]]:
        import numpy as np

        if not isinstance(value, (tuple, list)) or len(value) != 2:
            raise wrong(what, "a pair of a device and its blocks", value)
        device, blocks = value
        pool = getattr(device, "id", device)
        if not isinstance(pool, tuple) or len(pool) != 2:
            raise wrong(f"{what}[0]", "a device or the id of its pool", device)
        several = [blocks] if isinstance(blocks, Block) else blocks
        if not isinstance(several, Iterable):
            raise wrong(f"{what}[1]", "a Block or several", blocks)
        rows = []
        for each in several:
            if not isinstance(each, Block):
                raise wrong(f"{what}[1]", "a Block or several", each)
            rows.append(each.row())
        table = np.array(rows, np.uint64).reshape(-1, 4)
        return int(pool[0]), int(pool[1]), table

    return encode


_SIMPLE: dict[str, Callable[[Type], Encoder]] = {
    "bool": _bool_encoder,
    "int": _int_encoder,
    "uint": _int_encoder,
    "float": _float_encoder,
    "enum": _enum_encoder,
    "string": _string_encoder,
    "bytes": _bytes_encoder,
    "blocks": _blocks_encoder,
}

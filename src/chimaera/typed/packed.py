# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The form is that of src/cpp/include/chimaera/ipc/packed.h: what has a fixed size as
# its bytes, texts and lists as their length and what is in them, structs as their
# fields, one behind the other.
"""Lists of texts, lists of lists, structs with a text or a list: as bytes."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from chimaera.errors import BadRequestError
from chimaera.typed.description import Field, Type
from chimaera.typed.results import decoder
from chimaera.typed.values import SCALAR_LETTERS, dtype_of, encoder, members, wrong

__all__ = ["packed_decoder", "packed_encoder"]

#: Of one parameter: kMaxPackedBytes of that header.
MAX_PACKED_BYTES = 64 << 20
_LENGTH = struct.Struct("=Q")
# Appends a value; the text names it.
_Writer = Callable[[Any, str, bytearray], None]
# Reads the value at a place; returns it and where the next one begins.
_Reader = Callable[[Any, int], tuple[Any, int]]


def packed_encoder(kind: Type) -> Callable[[Any, str], bytes]:
    """Return what checks values of a type and makes their bytes."""
    write = _writer(kind)

    def encode(value: Any, what: str) -> bytes:
        to = bytearray()
        write(value, what, to)
        if len(to) > MAX_PACKED_BYTES:
            text = f"{what} has {len(to)} packed bytes; at most {MAX_PACKED_BYTES}"
            raise BadRequestError(f"{text} are possible")
        return bytes(to)

    return encode


def packed_decoder(kind: Type, types: Mapping[str, type]) -> Callable[[Any], Any]:
    """Return what makes values of their bytes."""
    read, unset = _reader(kind, types), _unset(kind)
    return lambda found: read(found or unset, 0)[0]


def _unset(kind: Type) -> bytes:
    """Return the bytes of a value that nobody has set: zeros, and nothing in lists."""
    if kind.kind == "struct":
        return b"".join(_unset(each.type) for each in kind.fields)
    return bytes(kind.size if kind.is_plain else _LENGTH.size)


# ---- writing


def _writer(kind: Type) -> _Writer:
    if kind.is_plain:
        return _plain_writer(kind)
    if kind.kind == "struct":
        return _struct_writer(kind)
    if kind.kind == "list":
        return _list_writer(kind.element or kind)
    one = encoder(Field("", kind))

    def write(value: Any, what: str, to: bytearray) -> None:
        found = one(value, what)
        data = found if isinstance(found, bytes) else found.encode()
        to += _LENGTH.pack(len(data)) + data

    return write


def _plain_writer(kind: Type) -> _Writer:
    one = encoder(Field("", kind))
    pack = struct.Struct("=" + SCALAR_LETTERS.get(kind.format, "x")).pack

    def write(value: Any, what: str, to: bytearray) -> None:
        found = one(value, what)
        to += found if kind.kind == "struct" else pack(found)

    return write


def _struct_writer(kind: Type) -> _Writer:
    writers = {each.name: _writer(each.type) for each in kind.fields}

    def write(value: Any, what: str, to: bytearray) -> None:
        for each, found in members(kind, value, what):
            writers[each.name](found, f"{what}.{each.name}", to)

    return write


def _list_writer(element: Type) -> _Writer:
    if element.is_plain:
        return _plain_list_writer(element)
    one = _writer(element)

    def write(value: Any, what: str, to: bytearray) -> None:
        not_these = (str, bytes, bytearray, Mapping)
        if isinstance(value, not_these) or not isinstance(value, Iterable):
            raise wrong(what, f"a sequence of {element.name}", value)
        each = list(value)
        to += _LENGTH.pack(len(each))
        for i, item in enumerate(each):
            one(item, f"{what}[{i}]", to)

    return write


def _plain_list_writer(element: Type) -> _Writer:
    several = encoder(Field("", Type("list", "", element=element)))

    def write(value: Any, what: str, to: bytearray) -> None:
        found = several(value, what)
        data = found if isinstance(found, bytes) else found.tobytes()
        to += _LENGTH.pack(len(data) // element.size) + data

    return write


# ---- reading


def _reader(kind: Type, types: Mapping[str, type]) -> _Reader:
    if kind.kind == "struct" and not kind.is_plain:
        return _struct_reader(kind, types)
    if kind.kind == "list" and kind.element is not None:
        return _list_reader(kind.element, types)
    if kind.is_plain:
        return _plain_reader(kind, types)

    def read(found: Any, at: int) -> tuple[Any, int]:
        (size,) = _LENGTH.unpack_from(found, at)
        at += _LENGTH.size
        data = bytes(found[at : at + size])
        text = kind.kind == "string"
        return data.decode(errors="backslashreplace") if text else data, at + size

    return read


def _plain_reader(kind: Type, types: Mapping[str, type]) -> _Reader:
    make = decoder(kind, types)
    if kind.kind == "struct" and make is not None:
        of = make
        return lambda found, at: (of(found[at : at + kind.size]), at + kind.size)
    unpack = struct.Struct("=" + SCALAR_LETTERS[kind.format]).unpack_from

    def read(found: Any, at: int) -> tuple[Any, int]:
        (value,) = unpack(found, at)
        return value if make is None else make(value), at + kind.size

    return read


def _struct_reader(kind: Type, types: Mapping[str, type]) -> _Reader:
    readers = [_reader(each.type, types) for each in kind.fields]

    def read(found: Any, at: int) -> tuple[Any, int]:
        values = []
        for each in readers:
            value, at = each(found, at)
            values.append(value)
        return types[kind.name](*values), at

    return read


def _list_reader(element: Type, types: Mapping[str, type]) -> _Reader:
    one = _reader(element, types)

    def read(found: Any, at: int) -> tuple[Any, int]:
        (count,) = _LENGTH.unpack_from(found, at)
        at += _LENGTH.size
        if element.is_number or element.kind == "bool":
            import numpy as np

            # A copy: it may be written to, and lies where its numbers want to.
            values = np.frombuffer(found, dtype_of(element), count, at).copy()
            return values, at + values.nbytes
        several = []
        for _ in range(count):
            value, at = one(found, at)
            several.append(value)
        return several, at

    return read

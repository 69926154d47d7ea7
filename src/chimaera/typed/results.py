# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The forms that come out of tasks are those of src/cpp/python/typed_value.h.
"""Values on their way back: from what the extension gives to what callers get."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

from chimaera.block import Block
from chimaera.pool import PoolId
from chimaera.typed.description import Method, Type
from chimaera.typed.values import SCALAR_LETTERS, BlockList, dtype_of

__all__ = ["decoder", "finisher"]

# Makes a result of what the extension gives.
Decoder = Callable[[Any], Any]


def finisher(method: Method, types: Mapping[str, type]) -> Decoder | None:
    """Return what makes a method's result; None if there is nothing to be made.

    Parameters
    ----------
    method : Method
    types : mapping of str to type
        The classes of enums and structs, and ``<Method>Out`` for several results.
    """
    decoders = [decoder(each.type, types) for each in method.results]
    if len(decoders) < 2:
        return decoders[0] if decoders else None
    out = types[f"{method.name}Out"]

    def finish(found: tuple[Any, ...]) -> Any:
        pairs = zip(decoders, found, strict=True)
        return out(*(make(value) if make else value for make, value in pairs))

    return finish


def decoder(kind: Type, types: Mapping[str, type]) -> Decoder | None:
    """Return what makes a value of a type; None if it is that already."""
    if kind.is_packed:
        from chimaera.typed.packed import packed_decoder  # which uses this function

        return packed_decoder(kind, types)
    if kind.kind == "enum":
        return _enum_decoder(types[kind.name])
    if kind.kind == "struct":
        unpack = _struct_decoder(kind, types)
        return lambda found: unpack(found, 0)
    if kind.kind == "list" and kind.element is not None:
        return _list_decoder(kind.element, types)
    if kind.kind == "blocks":
        return _blocks
    return None


def _enum_decoder(enum: type) -> Decoder:
    members = {int(each): each for each in enum}  # type: ignore[attr-defined]
    # A newer module may have more values.
    return lambda number: members.get(number, number)


def _struct_decoder(kind: Type, types: Mapping[str, type]) -> Callable[[Any, int], Any]:
    parts: list[Callable[[Any, int], Any]] = []
    for each in kind.fields:
        if each.type.kind == "struct":
            parts.append(_moved(_struct_decoder(each.type, types), each.offset))
        else:
            parts.append(_scalar_decoder(each.type, each.offset, types))
    return lambda found, at: types[kind.name](*(part(found, at) for part in parts))


def _moved(unpack: Callable[[Any, int], Any], offset: int) -> Callable[[Any, int], Any]:
    return lambda found, at: unpack(found, at + offset)


def _scalar_decoder(
    kind: Type, offset: int, types: Mapping[str, type]
) -> Callable[[Any, int], Any]:
    unpack = struct.Struct(SCALAR_LETTERS[kind.format]).unpack_from
    make = decoder(kind, types)
    if make is None:
        return lambda found, at: unpack(found, at + offset)[0]
    return lambda found, at: make(unpack(found, at + offset)[0])


def _list_decoder(element: Type, types: Mapping[str, type]) -> Decoder:
    if element.kind == "struct":
        unpack, size = _struct_decoder(element, types), element.size
        return lambda found: [unpack(found, at) for at in range(0, len(found), size)]

    def numbers(found: bytearray) -> Any:
        import numpy as np

        return np.frombuffer(found, dtype_of(element))

    make = decoder(element, types)
    if make is None:
        return numbers
    return lambda found: [make(each) for each in numbers(found).tolist()]


def _blocks(found: tuple[int, int, bytearray]) -> BlockList:
    major, minor, rows = found
    blocks = [
        Block(offset, size, block_id, container)
        for offset, size, block_id, container, _ in struct.iter_unpack("=QQQII", rows)
    ]
    return BlockList(PoolId(major, minor), blocks)

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Defaults and durations: from YAML to C++ literals, or why not.
"""Values in the YAML of typed methods."""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass

from chimaera.codegen.document import Entry, nearest, shown
from chimaera.codegen.types import Type

__all__ = [
    "BadValueError",
    "Default",
    "cpp_string",
    "parse_default",
    "parse_duration_ms",
]

_UNITS_MS = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}
_DURATION = re.compile(r"([0-9]{1,9})\s*([a-z]+)", re.ASCII)
_MAX_MS = 2**31 - 1


class BadValueError(Exception):
    """A value that makes no sense; says why."""


@dataclass(frozen=True)
class Default:
    """A default: as in the YAML, and as a C++ expression."""

    text: str
    cpp: str


def cpp_string(text: str) -> str:
    """Return `text` as a C++ literal of ASCII."""
    escaped = []
    for byte in text.encode():
        character = chr(byte)
        if character in '"\\':
            escaped.append("\\" + character)
        elif character == "\n":
            escaped.append("\\n")
        elif 32 <= byte < 127:
            escaped.append(character)
        else:
            escaped.append(f"\\{byte:03o}")
    return '"' + "".join(escaped) + '"'


def parse_duration_ms(entry: Entry) -> int:
    """Return the milliseconds that "5s" or "200ms" means. Raises BadValueError."""
    match = _DURATION.fullmatch(entry.text or "")
    if not match:
        raise BadValueError("is not a time such as 200ms, 5s or 2min")
    number, unit = match.groups()
    if unit not in _UNITS_MS:
        near = nearest(unit, _UNITS_MS)
        raise BadValueError(f"'{shown(unit)}' is none of {', '.join(_UNITS_MS)}{near}")
    milliseconds = int(number) * _UNITS_MS[unit]
    if not 0 < milliseconds <= _MAX_MS:
        raise BadValueError(f"must be more than 0 and at most {_MAX_MS} ms")
    return milliseconds


def parse_default(entry: Entry, kind_of: Type) -> Default:
    """Return the default in `entry` for a parameter of type `kind_of`.

    Raises
    ------
    BadValueError
        It is no value of that type.
    """
    if kind_of.kind == "list":
        if entry.items == []:
            return Default("[]", "{}")
        raise BadValueError("the only default of a list is []")
    if kind_of.kind in ("struct", "array", "blocks"):
        raise BadValueError(f"a parameter of type {kind_of.text} has no default")
    text = entry.text
    if text is None or entry.kind == "null":
        raise BadValueError(f"is not a value of type {kind_of.text}")
    if kind_of.kind in ("string", "bytes"):
        return _text(entry.kind, text)
    if kind_of.kind == "enum":
        return _enumerator(text, kind_of)
    if kind_of.kind == "bool":
        return _truth(entry.kind, text)
    if kind_of.kind == "float":
        return _float(text, kind_of)
    return _integer(entry.kind, text, kind_of)


def _text(kind: str, text: str) -> Default:
    if kind != "str":
        raise BadValueError(f'must be text; write "{shown(text)}" in quotes')
    return Default(text, cpp_string(text))


def _truth(kind: str, text: str) -> Default:
    if kind != "bool":
        raise BadValueError(f"'{shown(text)}' is neither true nor false")
    value = str(text.lower() in ("true", "yes", "on")).lower()
    return Default(value, value)


def _enumerator(text: str, kind_of: Type) -> Default:
    for enumerator in kind_of.enumerators:
        if enumerator.name == text:
            return Default(text, f"{kind_of.cpp}::{enumerator.cpp}")
    names = [each.name for each in kind_of.enumerators]
    raise BadValueError(f"'{shown(text)}' is no {kind_of.text}{nearest(text, names)}")


def _integer(kind: str, text: str, kind_of: Type) -> Default:
    if kind != "int" or not re.fullmatch(r"-?[0-9]{1,20}", text, re.ASCII):
        raise BadValueError(f"'{shown(text)}' is not a whole number")
    value = int(text)
    low = -(2 ** (kind_of.bits - 1)) if kind_of.kind == "int" else 0
    high = 2 ** (kind_of.bits - (1 if kind_of.kind == "int" else 0)) - 1
    if not low <= value <= high:
        raise BadValueError(f"{value} is not a {kind_of.text}: {low} to {high}")
    if value == -(2**63):
        return Default(text, f"{value + 1} - 1")
    suffix = "u" if kind_of.kind == "uint" else ""
    return Default(str(value), f"{value}{suffix}")


def _float(text: str, kind_of: Type) -> Default:
    try:
        value = float(text.replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        raise BadValueError(f"'{shown(text)}' is not a number") from None
    limits = f"std::numeric_limits<{kind_of.cpp}>"
    if math.isnan(value):
        return Default("nan", f"{limits}::quiet_NaN()")
    if math.isinf(value):
        sign = "-" if value < 0 else ""
        return Default(f"{sign}inf", f"{sign}{limits}::infinity()")
    if kind_of.bits == 32:
        try:
            struct.pack("<f", value)
        except OverflowError:
            raise BadValueError(f"{shown(text)} is too large for float32") from None
        return Default(repr(value), f"{value!r}f")
    return Default(repr(value), repr(value))

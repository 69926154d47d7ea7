# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The types of parameters: what the YAML calls them, and what they are in C++.
"""Types that a typed method's parameters may have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chimaera.codegen.document import nearest, shown

__all__ = ["SCALARS", "Enumerator", "Field", "Type", "TypeTextError", "parse_type"]

MAX_NDIM = 8

#: Name in the YAML, kind, C++ type, name in chi::types.
_SCALAR_ROWS = (
    ("bool", "bool", "bool", "kBool"),
    ("int8", "int", "chi::i8", "kInt8"),
    ("int16", "int", "chi::i16", "kInt16"),
    ("int32", "int", "chi::i32", "kInt32"),
    ("int64", "int", "chi::i64", "kInt64"),
    ("uint8", "uint", "chi::u8", "kUInt8"),
    ("uint16", "uint", "chi::u16", "kUInt16"),
    ("uint32", "uint", "chi::u32", "kUInt32"),
    ("uint64", "uint", "chi::u64", "kUInt64"),
    ("float32", "float", "chi::f32", "kFloat32"),
    ("float64", "float", "chi::f64", "kFloat64"),
    ("string", "string", "chi::string", "kString"),
    ("bytes", "bytes", "chi::string", "kBytes"),
    ("blocks", "blocks", "chimaera::bdev::BlockList", "kBlocks"),
)
_CONTAINERS = ("list", "array")
#: What people write who are used to other languages.
_FOREIGN = {
    "int": "int64",
    "uint": "uint64",
    "float": "float64",
    "double": "float64",
    "str": "string",
    "text": "string",
    "boolean": "bool",
    "vector": "list",
    "ndarray": "array",
    **{
        f"{sign}{bits}": f"{name}{bits}"
        for sign, name in (("u", "uint"), ("i", "int"), ("f", "float"))
        for bits in (8, 16, 32, 64)
    },
}
_TOKEN = re.compile(r"\s*(?:([A-Za-z_][A-Za-z0-9_]*|[0-9]+)|(.))", re.DOTALL)


@dataclass(frozen=True)
class Enumerator:
    """One value of an enum; the C++ constant is `kFast` for `fast`."""

    name: str
    value: int
    cpp: str


@dataclass(frozen=True)
class Field:
    """One member of a struct."""

    name: str
    type: Type
    doc: str
    unit: str


@dataclass(frozen=True)
class Type:
    """A type. `text` is its name in the YAML, `cpp` that of a task's member.

    `kind` is one of bool, int, uint, float, string, bytes, blocks, enum,
    struct, list, array.
    """

    kind: str
    text: str
    cpp: str
    element: Type | None = None
    ndim: int = 0
    fields: tuple[Field, ...] = ()
    enumerators: tuple[Enumerator, ...] = ()
    constant: str = ""
    doc: str = ""

    @property
    def is_number(self) -> bool:
        """Whether it can be added and compared."""
        return self.kind in ("int", "uint", "float")

    @property
    def is_plain(self) -> bool:
        """Whether a value is its bytes, and always of the same number."""
        if self.kind == "struct":
            return all(field.type.is_plain for field in self.fields)
        return self.is_number or self.kind in ("bool", "enum")

    @property
    def is_packed(self) -> bool:
        """Whether a task holds a value as chi::Packed (ipc/packed.h)."""
        if self.kind == "list" and self.element is not None:
            return not self.element.is_plain
        return self.kind == "struct" and not self.is_plain

    @property
    def standard(self) -> str:
        """The C++ type of a value outside of tasks."""
        if self.kind in ("string", "bytes"):
            return "std::string"
        if self.kind == "list" and self.element is not None:
            return f"std::vector<{self.element.standard}>"
        return self.cpp

    @property
    def bits(self) -> int:
        """Of a number: its width."""
        return int(re.sub("[a-z]", "", self.text))

    @property
    def is_checked(self) -> bool:
        """Whether some bytes are no value of the type, or none that may be used."""
        if self.is_packed:
            return True
        if self.element is not None:
            return self.kind == "array" or self.element.is_checked
        if self.kind == "struct":
            return any(field.type.is_checked for field in self.fields)
        return self.kind in ("bool", "enum")

    @property
    def layout(self) -> str:
        """What two builds must agree on; names do not matter, nor enumerators."""
        if self.kind == "struct":
            return "{" + ",".join(field.type.layout for field in self.fields) + "}"
        if self.kind == "enum":
            return "enum"
        if self.kind == "list" and self.element is not None:
            return f"list<{self.element.layout}>"
        return self.text

    def member(self, *, writable: bool) -> str:
        """Return the C++ type of a task's member."""
        if self.kind == "array" and not writable:
            return self.cpp.replace("<", "<const ", 1)
        return f"chi::Packed<{self.standard}>" if self.is_packed else self.cpp

    def argument(self, *, writable: bool) -> str:
        """Return the C++ type of a client's argument."""
        if self.kind in ("string", "bytes"):
            return "std::string_view"
        if self.kind == "list" or self.is_packed:
            return f"const {self.standard}&"
        if self.kind in ("struct", "array", "blocks"):
            return f"const {self.member(writable=writable)}&"
        return self.cpp

    def value(self, *, writable: bool) -> str:
        """Return the C++ type of an argument that is kept."""
        if self.kind in ("string", "bytes", "list") or self.is_packed:
            return self.standard
        return self.member(writable=writable)


SCALARS: Mapping[str, Type] = {
    text: Type(kind, text, cpp, constant=f"chi::types::{constant}")
    for text, kind, cpp, constant in _SCALAR_ROWS
}


class TypeTextError(Exception):
    """The text of a type is none; says why."""


def parse_type(text: str, named: Mapping[str, Type]) -> Type:
    """Return the type that `text` means.

    Parameters
    ----------
    text : str
        As written: ``float64``, ``list<Summary>``, ``array<float32, 2>``.
    named : mapping of str to Type
        The enums and structs of the module.

    Raises
    ------
    TypeTextError
        It means none.
    """
    tokens = [word or other for word, other in _TOKEN.findall(text.strip())]
    found, rest = _parse(tokens, named)
    if rest:
        raise TypeTextError(f"'{shown(text)}' has '{shown(rest[0])}' behind the type")
    return found


def _parse(tokens: list[str], named: Mapping[str, Type]) -> tuple[Type, list[str]]:
    if not tokens:
        raise TypeTextError("a type is missing")
    name, rest = tokens[0], tokens[1:]
    if name == "list":
        element, rest = _parse(_after("<", name, rest), named)
        return _list_of(element), _after(">", name, rest)
    if name == "array":
        element, rest = _parse(_after("<", name, rest), named)
        rest = _after(",", "array<dtype, ndim>", rest)
        ndim = int(rest[0]) if rest and rest[0].isdigit() else 0
        array = _array_of(element, ndim)
        return array, _after(">", name, rest[1:])
    if name in SCALARS:
        return SCALARS[name], rest
    if name in named:
        return named[name], rest
    raise TypeTextError(f"'{shown(name)}' is no type{_hint(name, named)}")


def _hint(name: str, named: Iterable[str]) -> str:
    if name.lower() in _FOREIGN:
        return f"; did you mean '{_FOREIGN[name.lower()]}'?"
    return nearest(name, [*SCALARS, *_CONTAINERS, *named])


def _after(token: str, name: str, tokens: list[str]) -> list[str]:
    if tokens[:1] != [token]:
        got = f"'{shown(tokens[0])}'" if tokens else "the end"
        raise TypeTextError(f"{name}: '{token}' expected instead of {got}")
    return tokens[1:]


def _list_of(element: Type) -> Type:
    if element.kind in ("array", "blocks"):
        raise TypeTextError(f"list<{element.text}>: arrays and blocks are no elements")
    text = f"list<{element.text}>"
    return Type("list", text, f"chi::vector<{element.cpp}>", element)


def _array_of(element: Type, ndim: int) -> Type:
    if not element.is_number:
        raise TypeTextError(f"array<{element.text}, ...>: elements must be numbers")
    if not 1 <= ndim <= MAX_NDIM:
        raise TypeTextError(f"array<{element.text}, ndim>: 1 to {MAX_NDIM} axes")
    text = f"array<{element.text}, {ndim}>"
    return Type("array", text, f"chi::Array<{element.cpp}, {ndim}>", element, ndim)

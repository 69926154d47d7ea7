# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The same from both sides: of a library (library.py), or of a chimaera_mod.yaml
# (codegen). Light to import.
"""What a module says of its methods."""

from __future__ import annotations

import difflib
import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Field", "Method", "ModuleDescription", "Type", "nearest", "snake_case"]

#: By the number of chi::TypeKind.
KINDS = (
    "bool",
    "int",
    "uint",
    "float",
    "string",
    "bytes",
    "enum",
    "list",
    "struct",
    "array",
    "blocks",
)
#: By the number of chi::Direction.
DIRECTIONS = ("in", "out", "inout")
# What pools have besides their methods, and the types that generated code names.
_TAKEN = frozenset(
    {
        *(
            "bound_methods",
            "call",
            "create",
            "description",
            "destroy",
            "full_name",
            "id",
            "methods",
        ),
        *("module", "name", "runtime", "schema_hash", "types"),
        *("bool", "bytearray", "bytes", "float", "int", "list", "memoryview", "str"),
    }
)


def snake_case(name: str) -> str:
    """Return the Python name of a method: ``HillShade`` is hill_shade."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def nearest(name: str, possible: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the name that is most alike, if any is."""
    found = difflib.get_close_matches(name, list(possible), 1)
    return f"; did you mean {found[0]!r}?" if found else ""


@dataclass(frozen=True)
class Type:
    """A type of parameters, or of a struct's fields.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    name : str
        As in chimaera_mod.yaml: ``float64``, ``list<Summary>``.
    size : int
        Of the value itself, bytes; 0 where only the YAML is known.
    element : Type or None
        Of a list or an array.
    ndim : int
        Axes of an array.
    fields : tuple of Field
        Of a struct.
    values : tuple of (str, int)
        Of an enum.
    """

    kind: str
    name: str
    size: int = 0
    element: Type | None = None
    ndim: int = 0
    fields: tuple[Field, ...] = ()
    values: tuple[tuple[str, int], ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether it is an integer or a float."""
        return self.kind in {"int", "uint", "float"}

    @property
    def is_scalar(self) -> bool:
        """Whether a value is one number to the machine."""
        return self.is_number or self.kind in {"bool", "enum"}

    @property
    def is_plain(self) -> bool:
        """Whether a value is its bytes, always of the same number."""
        if self.kind == "struct":
            return all(each.type.is_plain for each in self.fields)
        return self.is_scalar

    @property
    def is_packed(self) -> bool:
        """Whether it holds what has no fixed size: see packed.py."""
        if self.kind == "list" and self.element is not None:
            return not self.element.is_plain
        return self.kind == "struct" and not self.is_plain

    @property
    def format(self) -> str:
        """Of a scalar: its letter and size, as NumPy has them."""
        letter = {"bool": "b", "int": "i", "float": "f"}.get(self.kind, "u")
        return f"{letter}{self.size}"

    @property
    def range(self) -> tuple[int, int]:
        """Of an integer: the smallest and the largest."""
        bits = 8 * self.size
        if self.kind == "int":
            return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        return 0, 2**bits - 1


@dataclass(frozen=True)
class Field:
    """A parameter of a method, or a field of a struct (its `offset` in bytes).

    `default` is as in the YAML; None where a caller has to give a value.
    """

    name: str
    type: Type
    doc: str = ""
    unit: str = ""
    offset: int = 0
    direction: str = "in"
    default: str | None = None

    @property
    def is_argument(self) -> bool:
        """Whether a caller gives it: inputs, and arrays to be filled."""
        return self.direction != "out" or self.type.kind == "array"

    @property
    def is_result(self) -> bool:
        """Whether a call returns it: outputs that are no arrays."""
        return self.direction != "in" and self.type.kind != "array"


@dataclass(frozen=True)
class Method:
    """A method that a module describes.

    Attributes
    ----------
    id : int
        Its number in tasks.
    name : str
        As in the YAML, without its k.
    doc : str
    deadline_s : float or None
        After how long the runtime ends it, unless the caller says otherwise.
    idempotent : bool
        Whether running it twice does what running it once does.
    parameters : tuple of Field
    aliases : tuple of str
        Old names.
    caller : _core.TypedMethod or None
        Makes its tasks; None for one written by hand, and where only the YAML
        is known.
    """

    id: int
    name: str
    doc: str = ""
    deadline_s: float | None = None
    idempotent: bool = False
    parameters: tuple[Field, ...] = ()
    aliases: tuple[str, ...] = ()
    caller: Any = field(default=None, repr=False, compare=False)

    @property
    def python_name(self) -> str:
        """Its name in Python; one that pools have already gets a ``_``."""
        name = snake_case(self.name)
        return f"{name}_" if name in _TAKEN or keyword.iskeyword(name) else name

    @property
    def arguments(self) -> tuple[Field, ...]:
        """What a caller gives."""
        return tuple(each for each in self.parameters if each.is_argument)

    @property
    def results(self) -> tuple[Field, ...]:
        """What a call returns."""
        return tuple(each for each in self.parameters if each.is_result)


@dataclass(frozen=True)
class ModuleDescription:
    """What a module says of itself; `methods` are the typed ones."""

    namespace: str
    name: str
    version: str
    doc: str
    schema_hash: int
    methods: tuple[Method, ...]
    settings: tuple[Field, ...] = ()

    @property
    def full_name(self) -> str:
        """``namespace.module``."""
        return f"{self.namespace}.{self.name}"

    @property
    def library(self) -> str:
        """The module as the runtime calls it."""
        return f"{self.namespace}_{self.name}"

    def types(self) -> Mapping[str, Type]:
        """Return the enums and structs, each before the structs that have it."""
        found: dict[str, Type] = {}
        for method in self.methods:
            for each in method.parameters:
                _collect(each.type, found)
        return found


def _collect(kind: Type, found: dict[str, Type]) -> None:
    if kind.element is not None and kind.kind != "blocks":
        _collect(kind.element, found)
    for each in kind.fields if kind.kind == "struct" else ():
        _collect(each.type, found)
    if kind.kind in {"enum", "struct"}:
        found.setdefault(kind.name, kind)

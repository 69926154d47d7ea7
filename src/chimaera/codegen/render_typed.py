# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What templates say about parameters and types, as Jinja filters.
"""Filters for the templates of typed methods."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from chimaera.codegen.methods import Method
from chimaera.codegen.schema import Module
from chimaera.codegen.typed import Parameter
from chimaera.codegen.types import Field, Type
from chimaera.codegen.values import cpp_string

__all__ = [
    "FILTERS",
    "aliases_of",
    "described_types",
    "schema_hash",
    "uses_blocks",
    "uses_packed",
]


def aliases_of(module: Module) -> list[tuple[str, Method]]:
    """Return the old names of methods, each with its method."""
    return [
        (alias, method)
        for method in module.methods
        for alias in method.description.aliases
    ]


def uses_blocks(module: Module) -> bool:
    """Tell whether a parameter is of type `blocks`."""
    return any(
        each.type.kind == "blocks"
        for method in module.methods
        for each in method.parameters
    )


def described_types(module: Module) -> list[tuple[str, Type, str]]:
    """Return the types that a description names, each before its use.

    Returns
    -------
    list of (str, Type, str)
        The name of its constant, the type, and how it is made; empty for enums and
        structs, of which the template knows how.
    """
    found: dict[str, tuple[str, Type, str]] = {}

    def collect(item: Parameter | Field) -> None:
        kind = item.type
        if kind.element is not None:
            collect(_element(kind))
        for each in kind.fields:
            collect(each)
        if not kind.constant or kind.kind == "blocks":
            made = "" if kind.kind in ("enum", "struct") else _made(item)
            found.setdefault(_constant(item), (_constant(item), kind, made))

    for each in module.types:
        collect(Field("", each, "", ""))
    for method in module.methods:
        for parameter in method.parameters:
            collect(parameter)
    return list(found.values())


def uses_packed(module: Module) -> bool:
    """Tell whether a task holds packed values."""
    return any(kind.is_packed for _, kind, _ in described_types(module))


def schema_hash(module: Module) -> str:
    """Return 64 bits of what clients of other builds could disagree on."""
    lines = [
        f"{method.id}:{method.description.layout}"
        for method in module.methods
        if method.is_typed
    ]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return f"0x{digest[:16]}"


def _remark(item: Parameter | Field) -> str:
    """Return the documentation behind a member, on one line."""
    doc = " ".join(item.doc.split()).rstrip("\\")
    unit = f"[{item.unit}]" if item.unit else ""
    text = " ".join(part for part in (doc, unit) if part)
    return f"  ///< {text}" if text else ""


def _comment(doc: str, indent: str) -> str:
    lines = [line.rstrip().rstrip("\\") for line in doc.strip().splitlines()]
    return "".join(f"{indent}/// {line}".rstrip() + "\n" for line in lines)


def _initial(parameter: Parameter) -> str:
    if parameter.default is not None and parameter.type.kind != "list":
        if parameter.type.kind in ("string", "bytes"):
            return f"{{{parameter.default.cpp}}}" if parameter.default.text else ""
        return f" = {parameter.default.cpp}"
    return "{}" if parameter.type.is_plain else ""


def _arglist(
    arguments: Iterable[Parameter],
    first_optional: bool = True,  # noqa: FBT001, FBT002 - a template's
    suffix: str = "",
) -> str:
    """Return the parameters of a C++ function; trailing ones keep their defaults."""
    texts: list[str] = []
    optional = True
    listed = list(arguments)
    for each in reversed(listed):
        optional = optional and each.default is not None
        optional = optional and (first_optional or each is not listed[0])
        default = ""
        if optional and each.default is not None:
            default = f" = {each.default.cpp}"
        texts.append(f"{each.argument} {each.name}{suffix}{default}")
    return ", ".join(reversed(texts))


def _constant(item: Parameter | Field) -> str:
    """Return the name of the description of an item's type."""
    kind_of = item.type
    if kind_of.kind in ("enum", "struct"):
        return f"k{kind_of.cpp}Type"
    if kind_of.kind == "blocks":
        return "kBlocksType"
    if kind_of.element is None:
        return kind_of.constant
    axes = f"{kind_of.ndim}" if kind_of.ndim else ""
    const = "Const" if isinstance(item, Parameter) and not item.is_output else ""
    const = const if kind_of.kind == "array" else ""
    element = re.sub(r"\W+", "_", kind_of.element.text)
    return f"k{const}{kind_of.kind.capitalize()}{axes}_{element}"


def _element(kind_of: Type) -> Field:
    return Field("", kind_of.element or kind_of, "", "")


def _made(item: Parameter | Field) -> str:
    kind_of = item.type
    if kind_of.element is None:
        return f"chi::types::Blocks<{kind_of.cpp}>()"
    if kind_of.kind == "array":
        writable = not isinstance(item, Parameter) or item.is_output
        made = f"ArrayOf<{kind_of.member(writable=writable)}>"
    elif kind_of.is_packed:
        made = f"PackedList<{kind_of.element.standard}>"
    else:
        made = f"List<{kind_of.element.cpp}>"
    return f'chi::types::{made}("{kind_of.text}", &{_constant(_element(kind_of))})'


def _default_text(parameter: Parameter) -> str:
    if not parameter.is_argument:
        return '""'
    if parameter.default is None:
        return "nullptr"
    return cpp_string(parameter.default.text)


def _cell(item: Parameter | Field) -> str:
    text = " ".join(item.doc.split()).replace("|", "\\|")
    rule = getattr(item, "aggregate", "")
    return f"{text} Of several containers: {rule}.".strip() if rule else text


FILTERS = {
    "arglist": _arglist,
    "cell": _cell,
    "comment": _comment,
    "constant": _constant,
    "default_text": _default_text,
    "initial": _initial,
    "quoted": cpp_string,
    "remark": _remark,
}

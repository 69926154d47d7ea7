# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What templates say about parameters and types, as Jinja filters.
"""Filters for the templates of typed methods."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from chimaera.codegen.methods import Method
from chimaera.codegen.schema import Module
from chimaera.codegen.typed import Parameter
from chimaera.codegen.types import Field
from chimaera.codegen.values import cpp_string

__all__ = ["FILTERS", "aliases_of", "anonymous_types", "schema_hash", "uses_blocks"]


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


def anonymous_types(module: Module) -> list[tuple[str, str]]:
    """Return the types without a name of their own: constant and definition."""
    found: dict[str, str] = {}
    for method in module.methods:
        for each in method.parameters:
            if each.type.kind in ("list", "array", "blocks"):
                found[_constant(each)] = _made(each)
    return sorted(found.items())


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
    return f"k{const}{kind_of.kind.capitalize()}{axes}_{kind_of.element.text}"


def _made(item: Parameter) -> str:
    kind_of = item.type
    if kind_of.element is None:
        return f"chi::types::Blocks<{kind_of.cpp}>()"
    what = "List" if kind_of.kind == "list" else "ArrayOf"
    of = kind_of.element.cpp if kind_of.kind == "list" else item.member
    element = _constant(Field("", kind_of.element, "", ""))
    return f'chi::types::{what}<{of}>("{kind_of.text}", &{element})'


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

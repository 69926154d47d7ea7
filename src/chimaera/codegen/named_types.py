# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Section `types` of a module: its enums and structs.
"""Enums and structs of a module."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from chimaera.codegen.document import Entry, Report, nearest, shown
from chimaera.codegen.names import parameter_fault, type_fault
from chimaera.codegen.types import (
    SCALARS,
    Enumerator,
    Field,
    Type,
    TypeTextError,
    parse_type,
)

__all__ = ["named_types", "refuse_unknown", "required", "text_of", "type_of"]

MAX_TYPES = 64
MAX_FIELDS = 64
MAX_ENUMERATORS = 256

_NUMBER = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)


def named_types(entry: Entry | None, report: Report) -> Mapping[str, Type]:
    """Validate the section `types`.

    A struct may use what stands above it, so that nothing contains itself.
    """
    named: dict[str, Type] = {}
    if entry is None:
        return named
    if not entry.is_mapping:
        report.add(entry.line, entry.label, "must be 'Name: {struct: ...}' lines")
        return named
    pairs = entry.pairs(report, "types.")
    if len(pairs) > MAX_TYPES:
        report.add(entry.line, "types", f"{len(pairs)} types; at most {MAX_TYPES}")
        return named
    for each in pairs.values():
        fault = type_fault(each.key)
        if not fault and each.key in SCALARS:
            fault = "is a type already"
        if fault:
            report.add(each.line, each.label, fault)
            continue
        found = _named_type(each, named, set(pairs), report)
        if found is not None:
            named[each.key] = found
    return named


def _named_type(
    entry: Entry, named: Mapping[str, Type], all_names: set[str], report: Report
) -> Type | None:
    where = f"{entry.label}."
    if not entry.is_mapping:
        report.add(entry.line, entry.label, "must be {struct: [...]} or {enum: [...]}")
        return None
    pairs = entry.pairs(report, where)
    refuse_unknown(pairs, ("struct", "enum", "doc"), report)
    doc = text_of(pairs.get("doc"), report) or ""
    if ("struct" in pairs) == ("enum" in pairs):
        report.add(entry.line, entry.label, "must have one of 'struct' and 'enum'")
        return None
    if "enum" in pairs:
        enumerators = tuple(_enumerators(pairs["enum"], report))
        return Type("enum", entry.key, entry.key, enumerators=enumerators, doc=doc)
    fields = tuple(_fields(pairs["struct"], named, all_names, report))
    return Type("struct", entry.key, entry.key, fields=fields, doc=doc)


def _enumerators(entry: Entry, report: Report) -> Iterator[Enumerator]:
    rows = _enumerator_rows(entry, report)
    if not 1 <= len(rows) <= MAX_ENUMERATORS:
        message = f"must list 1 to {MAX_ENUMERATORS} names, or 'name: number' pairs"
        report.add(entry.line, entry.label, message)
        return
    names: set[str] = set()
    values: dict[int, str] = {}
    for line, name, value in rows:
        fault = parameter_fault(name)
        if fault is None and _constant(name) in names:
            fault = "is there twice"
        elif fault is None and value in values:
            fault = f"has the number of '{values[value]}', {value}"
        if fault:
            report.add(line, entry.label, f"'{shown(name)}' {fault}")
            continue
        names.add(_constant(name))
        values[value] = name
        yield Enumerator(name, value, _constant(name))


def _enumerator_rows(entry: Entry, report: Report) -> list[tuple[int, str, int]]:
    """Return line, name and number of each."""
    if not entry.is_mapping:
        return [
            (each.line, each.text or "", at)
            for at, each in enumerate(entry.items or [])
        ]
    rows = []
    for each in entry.pairs(report, f"{entry.label}.").values():
        number = each.text if each.kind == "int" else None
        if number is None or not _NUMBER.fullmatch(number) or int(number) >= 2**32:
            report.add(each.line, each.label, "must be a number from 0 to 2^32 - 1")
        else:
            rows.append((each.line, each.key, int(number)))
    return rows


def _constant(name: str) -> str:
    return "k" + "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _fields(
    entry: Entry, named: Mapping[str, Type], all_names: set[str], report: Report
) -> Iterator[Field]:
    if not entry.items or len(entry.items) > MAX_FIELDS:
        message = f"must be a list of 1 to {MAX_FIELDS} fields"
        report.add(entry.line, entry.label, message)
        return
    seen: set[str] = set()
    for item in entry.items:
        if not item.is_mapping:
            report.add(item.line, entry.label, "a field is {name: ..., type: ...}")
            continue
        pairs = item.pairs(report, f"{entry.label}.")
        refuse_unknown(pairs, ("name", "type", "doc", "unit"), report)
        name = text_of(required(pairs, "name", item, report), report)
        if name is not None:
            fault = parameter_fault(name)
            if name in seen:
                fault = "is there twice"
            if fault:
                report.add(item.line, entry.label, f"'{shown(name)}' {fault}")
            seen.add(name)
        found = type_of(required(pairs, "type", item, report), named, report, all_names)
        doc = text_of(pairs.get("doc"), report) or ""
        unit = text_of(pairs.get("unit"), report) or ""
        if found is None or name is None:
            continue
        if found.kind in ("array", "blocks"):
            message = f"'{name}' is {found.text}; arrays and blocks are no fields"
            report.add(item.line, entry.label, message)
            continue
        yield Field(name, found, doc, unit)


# ---- what typed.py uses too ----


def type_of(
    entry: Entry | None,
    named: Mapping[str, Type],
    report: Report,
    all_names: set[str] | None = None,
) -> Type | None:
    """Return the type that an entry names; None if it names none."""
    text = text_of(entry, report)
    if entry is None or text is None:
        return None
    try:
        return parse_type(text, named)
    except TypeTextError as fault:
        message = str(fault)
        below = (all_names or set()) - set(named)
        if any(f"'{name}' is no type" in message for name in below):
            message = f"'{text}' stands below; a type comes before its use"
        report.add(entry.line, entry.label, message)
        return None


def refuse_unknown(
    pairs: Mapping[str, Entry], known: tuple[str, ...], report: Report
) -> None:
    """Report the keys that are none of `known`."""
    for key, entry in pairs.items():
        if key in known:
            continue
        message = f"unknown key{nearest(key, known)}"
        if key.rstrip().endswith(">"):
            message = 'a type with a comma needs quotes: "array<float64, 1>"'
        report.add(entry.line, entry.label, message)


def required(
    pairs: Mapping[str, Entry], key: str, owner: Entry, report: Report
) -> Entry | None:
    """Return the entry of `key`; report that it is missing."""
    entry = pairs.get(key)
    if entry is None:
        report.add(owner.line, owner.label, f"'{key}' is missing")
    return entry


def text_of(entry: Entry | None, report: Report) -> str | None:
    """Return an entry's text; None if absent or not a text."""
    if entry is None:
        return None
    if entry.kind == "str" and entry.text:
        return entry.text
    if entry.text is None:
        message = "must be text, not a list or mapping"
    elif entry.text == "" or entry.kind == "null":
        message = "has no value"
    elif entry.kind in ("int", "float", "bool", "timestamp"):
        message = f'must be text; write "{shown(entry.text)}" in quotes'
    else:
        message = "must be plain text, without a tag"
    report.add(entry.line, entry.label, message)
    return None

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# 'kName: {id: ..., parameters: ...}': the long form of a method.
"""Descriptions of methods: parameters, documentation, deadline, aliases."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chimaera.codegen.document import Entry, Report, nearest, shown
from chimaera.codegen.named_types import (
    refuse_unknown,
    required,
    text_of,
    type_of,
)
from chimaera.codegen.names import method_fault, parameter_fault, typed_method_fault
from chimaera.codegen.types import Type
from chimaera.codegen.values import (
    BadValueError,
    Default,
    parse_default,
    parse_duration_ms,
)

__all__ = ["AGGREGATES", "Description", "Parameter", "describe_method", "truth_of"]

MAX_PARAMETERS = 32
DIRECTIONS = ("in", "out", "inout")
CREATE = "kCreate"
_SETTING_KINDS = ("bool", "int", "uint", "float", "string", "enum")
# Of every compose entry, and arguments of `create` in Python.
_ENTRY_KEYS = ("mod_name", "name", "num_containers", "pool_name", "runtime")
# Of every CreateParams.
_SETTINGS_MEMBERS = ("chimod_lib_name", "chimod_version", "serialize")
AGGREGATES = ("sum", "min", "max", "concat", "custom")

_METHOD_KEYS = ("id", "doc", "deadline", "idempotent", "parameters", "aliases")
_PARAMETER_KEYS = (
    "name",
    "direction",
    "type",
    "default",
    "unit",
    "doc",
    "aggregate",
)


@dataclass(frozen=True)
class Parameter:
    """One parameter of a typed method."""

    name: str
    direction: str
    type: Type
    doc: str
    unit: str
    default: Default | None
    aggregate: str

    @property
    def is_output(self) -> bool:
        """Whether it lies among a task's outputs."""
        return self.direction != "in"

    @property
    def is_argument(self) -> bool:
        """Whether a caller gives it: an array to be filled is given as well."""
        return self.direction != "out" or self.type.kind == "array"

    @property
    def place(self) -> str:
        """The C++ member of the task."""
        return f"{'out_' if self.is_output else 'in_'}.{self.name}"

    @property
    def member(self) -> str:
        """The C++ type of that member."""
        return self.type.member(writable=self.is_output)

    @property
    def argument(self) -> str:
        """The C++ type of a client's argument."""
        return self.type.argument(writable=self.is_output)

    @property
    def value(self) -> str:
        """The C++ type of an argument that is kept."""
        return self.type.value(writable=self.is_output)


@dataclass(frozen=True)
class Description:
    """What the long form says. `parameters` is None for a task by hand."""

    doc: str = ""
    deadline_ms: int = 0
    idempotent: bool = False
    parameters: tuple[Parameter, ...] | None = None
    aliases: tuple[str, ...] = ()

    @property
    def layout(self) -> str:
        """What a client and a module must agree on."""
        return ";".join(
            f"{each.direction}:{each.type.layout}" for each in self.parameters or ()
        )

    @property
    def schema(self) -> int:
        """A tag of 24 bits for `layout`; 0 without parameters."""
        if not self.parameters:
            return 0
        digest = hashlib.sha256(self.layout.encode()).digest()
        return int.from_bytes(digest[:3], "big") or 1


def describe_method(
    pairs: Mapping[str, Entry],
    owner: Entry,
    named: Mapping[str, Type],
    report: Report,
) -> Description:
    """Validate the long form of the method `owner`."""
    refuse_unknown(pairs, _METHOD_KEYS, report)
    parameters = None
    if "parameters" in pairs:
        parameters = _parameters(pairs["parameters"], owner, named, report)
        fault = typed_method_fault(owner.key, named)
        if owner.key == CREATE:
            fault = None
            _check_settings(parameters, pairs["parameters"], report)
        if fault:
            report.add(owner.line, owner.key, fault)
    for key in ("deadline", "idempotent"):
        if key in pairs and parameters is None:
            message = "means nothing without 'parameters'; [] if there are none"
            report.add(pairs[key].line, pairs[key].label, message)
    return Description(
        doc=text_of(pairs.get("doc"), report) or "",
        deadline_ms=_deadline(pairs.get("deadline"), report),
        idempotent=truth_of(pairs.get("idempotent"), report),
        parameters=parameters,
        aliases=tuple(_aliases(pairs.get("aliases"), report)),
    )


def _check_settings(
    settings: tuple[Parameter, ...], entry: Entry, report: Report
) -> None:
    """Refuse what a compose entry cannot hold: settings are single values."""
    for each in settings:
        label = f"{CREATE}.{each.name}"
        if each.type.kind not in _SETTING_KINDS:
            message = f"is {each.type.text}; settings are numbers, bool, string, enums"
            report.add(entry.line, label, message)
        if each.direction != "in":
            report.add(entry.line, label, "is a setting, whose direction is 'in'")
        if each.name in _ENTRY_KEYS:
            message = "is a name that pools have already; choose another"
            report.add(entry.line, label, message)
        if each.name in _SETTINGS_MEMBERS:
            message = "is a name that generated code needs; choose another"
            report.add(entry.line, label, message)


def _deadline(entry: Entry | None, report: Report) -> int:
    if entry is None:
        return 0
    try:
        return parse_duration_ms(entry)
    except BadValueError as fault:
        report.add(entry.line, entry.label, str(fault))
        return 0


def truth_of(entry: Entry | None, report: Report) -> bool:
    """Return what an entry says; false if it is absent or not a truth."""
    if entry is None:
        return False
    if entry.kind != "bool" or entry.text is None:
        report.add(entry.line, entry.label, "must be true or false")
        return False
    return entry.text.lower() in ("true", "yes", "on")


def _aliases(entry: Entry | None, report: Report) -> Iterator[str]:
    if entry is None:
        return
    if entry.items is None:
        report.add(entry.line, entry.label, "must be a list of old names, 'kStat'")
        return
    for item in entry.items:
        name = text_of(item, report)
        if name is None:
            continue
        fault = method_fault(name)
        if fault:
            report.add(item.line, item.label, f"'{shown(name)}' {fault}")
        else:
            yield name[1:]


def _parameters(
    entry: Entry, owner: Entry, named: Mapping[str, Type], report: Report
) -> tuple[Parameter, ...]:
    if entry.items is None:
        message = "must be a list of {name: ..., direction: ..., type: ...}"
        report.add(entry.line, entry.label, message)
        return ()
    if len(entry.items) > MAX_PARAMETERS:
        message = f"{len(entry.items)} parameters; at most {MAX_PARAMETERS}"
        report.add(entry.line, entry.label, message)
        return ()
    found: dict[str, Parameter] = {}
    for item in entry.items:
        if not item.is_mapping:
            message = "a parameter is {name: ..., direction: ..., type: ...}"
            report.add(item.line, item.label, message)
            continue
        parameter = _parameter(item, owner, named, report)
        if parameter is None:
            continue
        if parameter.name in found:
            label = f"{owner.key}.{parameter.name}"
            report.add(item.line, label, "is there twice")
        found.setdefault(parameter.name, parameter)
    rules = {each.aggregate for each in found.values()} - {""}
    if "custom" in rules and len(rules) > 1:
        message = "'custom' stands for all parameters; leave the other rules out"
        report.add(entry.line, entry.label, message)
    return tuple(found.values())


def _parameter(
    item: Entry, owner: Entry, named: Mapping[str, Type], report: Report
) -> Parameter | None:
    unnamed = item.pairs(report, f"{owner.key}.parameters.")
    name = text_of(required(unnamed, "name", item, report), report)
    if name is None:
        return None
    label = f"{owner.key}.{shown(name)}"
    fault = parameter_fault(name)
    if fault:
        report.add(item.line, label, fault)
        return None
    pairs = item.pairs(Report(report.path), f"{label}.")
    owner_of_keys = Entry(shown(name), item.line, item.node, f"{owner.key}.")
    refuse_unknown(pairs, _PARAMETER_KEYS, report)
    direction = _direction(pairs, owner_of_keys, report)
    kind_of = type_of(
        required(pairs, "type", owner_of_keys, report), named, report, set()
    )
    doc = text_of(pairs.get("doc"), report) or ""
    unit = text_of(pairs.get("unit"), report) or ""
    if direction is None or kind_of is None:
        return None
    default = _default(pairs.get("default"), direction, kind_of, report)
    aggregate = _aggregate(pairs.get("aggregate"), direction, kind_of, report)
    return Parameter(name, direction, kind_of, doc, unit, default, aggregate)


def _direction(pairs: Mapping[str, Entry], owner: Entry, report: Report) -> str | None:
    entry = required(pairs, "direction", owner, report)
    text = text_of(entry, report)
    if entry is None or text is None or text in DIRECTIONS:
        return text
    near = nearest(text, DIRECTIONS)
    message = f"'{shown(text)}' is none of in, out, inout{near}"
    report.add(entry.line, entry.label, message)
    return None


def _default(
    entry: Entry | None, direction: str, kind_of: Type, report: Report
) -> Default | None:
    if entry is None:
        return None
    if direction == "out":
        message = "an output has no default; the method sets it"
        report.add(entry.line, entry.label, message)
        return None
    try:
        return parse_default(entry, kind_of)
    except BadValueError as fault:
        report.add(entry.line, entry.label, str(fault))
        return None


def _aggregate(
    entry: Entry | None, direction: str, kind_of: Type, report: Report
) -> str:
    rule = text_of(entry, report)
    if entry is None or rule is None:
        return ""
    fault = ""
    if rule not in AGGREGATES:
        fault = f"'{shown(rule)}' is none of {', '.join(AGGREGATES)}"
        fault += nearest(rule, AGGREGATES)
    elif direction == "in":
        fault = "is for outputs; this is an input"
    elif rule in ("sum", "min", "max") and not kind_of.is_number:
        fault = f"{rule} is of numbers, not of {kind_of.text}"
    elif rule == "concat" and kind_of.kind not in ("string", "bytes", "list"):
        fault = f"concat is of string, bytes or a list, not of {kind_of.text}"
    if fault:
        report.add(entry.line, entry.label, fault)
        return ""
    return rule

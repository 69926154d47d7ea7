# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The lines 'kName: id' of a module: which names, which ids, which are on.
"""Methods of a module and the rules for their ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from chimaera.codegen.document import Entry, Report, nearest
from chimaera.codegen.named_types import required
from chimaera.codegen.names import method_fault
from chimaera.codegen.typed import Description, Parameter, describe_method
from chimaera.codegen.types import Type

__all__ = ["FIRST_CUSTOM_ID", "INHERITED", "Method", "enabled_methods", "is_method"]

#: Methods that every container has. Their ids are on the wire: never change.
INHERITED: Mapping[str, int] = {
    "kCreate": 0,
    "kDestroy": 1,
    "kNodeFailure": 2,
    "kRecover": 3,
    "kMigrate": 4,
    "kUpgrade": 5,
}
#: Ids below are kept for further inherited methods.
FIRST_CUSTOM_ID = 10
#: The dispatch table is indexed by id; core/method_table.h has the same bound.
MAX_METHOD_ID = 4095
_ID = re.compile(r"0|-?[1-9][0-9]{0,9}", re.ASCII)


@dataclass(frozen=True)
class Method:
    """One enabled method: `Create` stands for `kCreate` and `CreateTask`."""

    name: str
    id: int
    description: Description = field(default_factory=Description)
    line: int = 1

    @property
    def is_typed(self) -> bool:
        """Whether its task is generated."""
        return self.description.parameters is not None

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Of a typed method; none otherwise."""
        return self.description.parameters or ()


def is_method(key: str) -> bool:
    """Tell whether `key` means a method, if perhaps one with a bad name."""
    return len(key) > 1 and key[0] == "k" and not ("a" <= key[1] <= "z")


def enabled_methods(
    entries: Mapping[str, Entry], named: Mapping[str, Type], report: Report
) -> tuple[Method, ...]:
    """Validate the methods of one module.

    Parameters
    ----------
    entries : mapping of str to Entry
        The keys for which `is_method` holds.
    named : mapping of str to Type
        The enums and structs of the module.
    report : Report
        Receives everything that is wrong.

    Returns
    -------
    tuple of Method
        Those not disabled, by rising id.
    """
    if "kCreate" not in entries:
        report.add(1, "kCreate", "missing; every module has 'kCreate: 0'")
    owners: dict[int, Entry] = {}
    descriptions: dict[str, Description] = {}
    for entry in entries.values():
        id_entry: Entry | None = entry
        if entry.is_mapping:
            pairs = entry.pairs(report, f"{entry.key}.")
            id_entry = required(pairs, "id", entry, report)
            descriptions[entry.key] = describe_method(pairs, entry, named, report)
        method_id = None if id_entry is None else _method_id(entry, id_entry, report)
        if method_id is None:
            continue
        owner = owners.setdefault(method_id, entry)
        if owner is not entry:
            message = f"id {method_id} is already {owner.key} of line {owner.line}"
            report.add(entry.line, entry.key, message)
    methods = tuple(
        Method(
            entry.key[1:],
            method_id,
            descriptions.get(entry.key, Description()),
            entry.line,
        )
        for method_id, entry in sorted(owners.items())
    )
    _check_aliases(methods, entries, report)
    return methods


def _check_aliases(
    methods: tuple[Method, ...], entries: Mapping[str, Entry], report: Report
) -> None:
    owners: dict[str, str] = {}
    for method in methods:
        entry = entries[f"k{method.name}"]
        for alias in method.description.aliases:
            other = owners.setdefault(alias, method.name)
            fault = ""
            if f"k{alias}" in {**entries, **INHERITED}:
                fault = "is a method itself"
            elif other != method.name:
                fault = f"is already an alias of k{other}"
            if fault:
                report.add(entry.line, f"{entry.key}.aliases", f"'k{alias}' {fault}")


def _method_id(method: Entry, entry: Entry, report: Report) -> int | None:
    """Return the id in `entry`; None if the method is disabled or refused."""
    fault = method_fault(method.key)
    if fault:
        hint = nearest(method.key, INHERITED)
        report.add(method.line, method.key, f"{fault}{hint}")
        return None
    if entry.kind != "int" or not entry.text or not _ID.fullmatch(entry.text):
        report.add(entry.line, entry.label, "must be a decimal whole number")
        return None
    method_id = int(entry.text)
    if method.key in INHERITED:
        fault = _inherited_id_fault(method.key, method_id)
    else:
        fault = _custom_id_fault(method.key, method_id)
    if fault:
        report.add(entry.line, entry.label, fault)
        return None
    return None if method_id == -1 else method_id


def _inherited_id_fault(key: str, method_id: int) -> str | None:
    fixed = INHERITED[key]
    if method_id == fixed or (method_id == -1 and key != "kCreate"):
        return None
    if key == "kCreate":
        return f"is {method_id}; its id is 0 and it cannot be disabled"
    return f"is {method_id}; its id is {fixed}, or -1 to disable it"


def _custom_id_fault(key: str, method_id: int) -> str | None:
    if method_id < 0:
        return f"is {method_id}; leave the line out{nearest(key, INHERITED)}"
    if method_id < FIRST_CUSTOM_ID:
        hint = nearest(key, INHERITED)
        return f"id {method_id} is reserved; start from {FIRST_CUSTOM_ID}{hint}"
    if method_id > MAX_METHOD_ID:
        return f"id {method_id} is above {MAX_METHOD_ID}"
    return None

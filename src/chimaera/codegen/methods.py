# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The lines 'kName: id' of a module: which names, which ids, which are on.
"""Methods of a module and the rules for their ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from chimaera.codegen.document import Entry, Report, nearest
from chimaera.codegen.names import method_fault

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


def is_method(key: str) -> bool:
    """Tell whether `key` means a method, if perhaps one with a bad name."""
    return len(key) > 1 and key[0] == "k" and not ("a" <= key[1] <= "z")


def enabled_methods(entries: Mapping[str, Entry], report: Report) -> tuple[Method, ...]:
    """Validate the method lines of one module.

    Parameters
    ----------
    entries : mapping of str to Entry
        The keys for which `is_method` holds.
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
    for entry in entries.values():
        method_id = _method_id(entry, report)
        if method_id is None:
            continue
        owner = owners.setdefault(method_id, entry)
        if owner is not entry:
            message = f"id {method_id} is already {owner.key} of line {owner.line}"
            report.add(entry.line, entry.key, message)
    return tuple(
        Method(entry.key[1:], method_id) for method_id, entry in sorted(owners.items())
    )


def _method_id(entry: Entry, report: Report) -> int | None:
    """Return the id of an enabled method; None if disabled or refused."""
    fault = method_fault(entry.key)
    if fault:
        report.add(entry.line, entry.key, f"{fault}{nearest(entry.key, INHERITED)}")
        return None
    if entry.kind != "int" or not entry.text or not _ID.fullmatch(entry.text):
        report.add(entry.line, entry.key, "must be a decimal whole number")
        return None
    method_id = int(entry.text)
    if entry.key in INHERITED:
        fault = _inherited_id_fault(entry.key, method_id)
    else:
        fault = _custom_id_fault(entry.key, method_id)
    if fault:
        report.add(entry.line, entry.key, fault)
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

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Numbers that clients send stay what they are: compared with what was generated
# last, and with what a repository has written down.
"""Ids of methods and numbers of enums that must not change.

Two records are looked at: the header that the last run wrote, and, where the
author has asked for one, a file `chimaera_mod.lock` beside the YAML, to be
committed. It has lines ``kReduce: 10`` and ``Mode.fast: 0``, and keeps those of
methods that are gone, so that nobody takes their ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from chimaera.codegen.document import Problem
from chimaera.codegen.schema import MODULE_FILE, Module

__all__ = ["LOCK_FILE", "changed_ids", "locked_text"]

LOCK_FILE = "chimaera_mod.lock"

_IN_HEADER = re.compile(r"^GLOBAL_CONST chi::u32 (k\w+) = (\d+);$", re.MULTILINE)
_IN_LOCK = re.compile(r"^(k\w+|\w+\.\w+): (\d+)$", re.MULTILINE)
_REMEDY = (
    "; if no client is left that sends it, allow it with --allow-id-changes "
    "(CMake: -DCHIMAERA_ALLOW_ID_CHANGES=ON)"
)
_TITLE = """\
# Numbers that clients send. Written by `chi_refresh_repo --lock`; to be committed.
"""


def changed_ids(module: Module, header: Path) -> list[Problem]:
    """Return what has another number than before.

    Parameters
    ----------
    module : Module
        As its YAML is now.
    header : Path
        Where its method ids are generated to.
    """
    lock = module.directory / LOCK_FILE
    problems = list(_changes(module, _read(header, _IN_HEADER), "the last generation"))
    problems += _changes(module, _read(lock, _IN_LOCK), LOCK_FILE)
    return list(dict.fromkeys(problems))


def locked_text(module: Module) -> str:
    """Return what the lock file has to say, with what it says already."""
    numbers = _read(module.directory / LOCK_FILE, _IN_LOCK) | _numbers(module)
    lines = sorted(numbers.items(), key=lambda row: ("." in row[0], row[1], row[0]))
    return _TITLE + "".join(f"{name}: {number}\n" for name, number in lines)


def _numbers(module: Module) -> dict[str, int]:
    numbers = {f"k{method.name}": method.id for method in module.methods}
    for kind_of in module.types:
        for each in kind_of.enumerators:
            numbers[f"{kind_of.text}.{each.name}"] = each.value
    return numbers


def _read(path: Path, line: re.Pattern[str]) -> dict[str, int]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    return {name: int(number) for name, number in line.findall(text)}


def _changes(
    module: Module, recorded: Mapping[str, int], source: str
) -> Iterator[Problem]:
    path = module.directory / MODULE_FILE
    now = _numbers(module)
    known = now | {
        f"k{alias}": method.id
        for method in module.methods
        for alias in method.description.aliases
    }
    lines = {f"k{method.name}": method.line for method in module.methods}
    owners = {method.id: f"k{method.name}" for method in module.methods}
    for name, number in recorded.items():
        if name in known:
            if known[name] != number:
                line = lines.get(name, 1)
                message = f"is {known[name]}, and was {number} in {source}"
                message += f": clients send it{_REMEDY}"
                yield Problem(path, line, name, message)
        elif "." not in name and number in owners:
            owner = owners[number]
            message = (
                f"id {number} was {name} in {source}: "
                f"list it under 'aliases', or take another id{_REMEDY}"
            )
            yield Problem(path, lines[owner], owner, message)

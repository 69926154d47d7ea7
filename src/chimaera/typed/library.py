# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The directories are those where a runtime in this environment would look.
"""Finds the client library of a module, and reads what it describes."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chimaera._extension import core
from chimaera.errors import BadRequestError, NotFoundError
from chimaera.module_packages import on_repo_path
from chimaera.typed.description import (
    DIRECTIONS,
    KINDS,
    Field,
    Method,
    ModuleDescription,
    Type,
    nearest,
)

__all__ = ["describe", "directories", "known_modules", "split_name"]

_PREFIX, _CLIENT, _RUNTIME = "lib", "_client.so", "_runtime.so"


def split_name(name: str) -> tuple[str, str]:
    """Split ``"namespace.module"``.

    Raises
    ------
    BadRequestError
        It is something else.
    """
    parts = name.split(".")
    if len(parts) != 2 or not all(part.isidentifier() for part in parts):
        raise BadRequestError(f"{name!r} is no module: write 'namespace.module'")
    return parts[0], parts[1]


def directories() -> list[Path]:
    """Return where modules are looked for, in order, each once."""
    with on_repo_path():
        return [Path(place) for place in core.module_directories()]


def known_modules() -> list[str]:
    """Return the modules that lie in these directories, as ``namespace.module``.

    The namespace is taken to end at the first underscore.
    """
    names: set[str] = set()
    for folder in directories():
        for ending in (_CLIENT, _RUNTIME):
            for path in folder.glob(f"{_PREFIX}*_*{ending}"):
                library = path.name[len(_PREFIX) : -len(ending)]
                names.add(library.replace("_", ".", 1))
    return sorted(names)


def describe(name: str) -> ModuleDescription | None:
    """Read what a module describes.

    Parameters
    ----------
    name : str
        ``"namespace.module"``.

    Returns
    -------
    ModuleDescription or None
        None: the module exists, and describes nothing.

    Raises
    ------
    NotFoundError
        There is no such module; the message says where was looked.
    IoError, VersionMismatchError
        Its library cannot be used.
    """
    library = "_".join(split_name(name))
    places = directories()
    for folder in places:
        path = folder / f"{_PREFIX}{library}{_CLIENT}"
        if path.is_file():
            found = path.stat()
            return _read(str(path), library, (found.st_ino, found.st_mtime_ns))
    for folder in places:
        if (folder / f"{_PREFIX}{library}{_RUNTIME}").is_file():
            return None
    looked = ", ".join(map(str, places))
    hint = nearest(name, known_modules())
    raise NotFoundError(
        f"module {name!r}: no {_PREFIX}{library}{_CLIENT} in {looked}; "
        f"CHI_REPO_PATH names more directories{hint}"
    )


# Files that were loaded: a library that is built again is another file.
_loaded: set[str] = set()


@functools.lru_cache(maxsize=256)
def _read(
    path: str, library: str, _identity: tuple[int, int]
) -> ModuleDescription | None:
    opened = ""
    if path in _loaded:
        # The loader knows files by their names. This one is new, and stays the
        # file's as long as the descriptor is open: for good, as the library is.
        opened = f"/proc/self/fd/{os.open(path, os.O_RDONLY)}"
    _loaded.add(path)
    rows = core.describe_module(path, library, opened)
    return None if rows is None else _module(rows)


def _module(rows: Sequence[Any]) -> ModuleDescription:
    namespace, name, version, doc, schema_hash, methods, aliases, settings = rows
    old: dict[int, list[str]] = {}
    for alias, number in aliases:
        old.setdefault(number, []).append(alias)
    return ModuleDescription(
        namespace,
        name,
        version,
        doc,
        schema_hash,
        tuple(_method(row, tuple(old.get(row[0], ()))) for row in methods if row[-1]),
        tuple(_field(row) for row in settings),
    )


def _method(row: Sequence[Any], aliases: tuple[str, ...]) -> Method:
    number, name, doc, deadline_ms, idempotent, _schema, fields, caller = row
    return Method(
        number,
        name,
        doc,
        deadline_ms / 1e3 or None,
        idempotent,
        tuple(_field(each) for each in fields),
        aliases,
        caller,
    )


def _field(row: Sequence[Any]) -> Field:
    name, doc, unit, default, direction, kind = row
    return Field(name, _type(kind), doc, unit, 0, DIRECTIONS[direction], default)


def _type(row: Sequence[Any]) -> Type:
    kind, size, name, element, ndim, fields, values = row
    return Type(
        KINDS[kind],
        name,
        size,
        None if element is None else _type(element),
        ndim,
        tuple(
            Field(each[0], _type(each[4]), each[1], each[2], each[3]) for each in fields
        ),
        tuple((each[0], each[1]) for each in values),
    )

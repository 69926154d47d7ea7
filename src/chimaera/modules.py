# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Where modules are looked for is src/cpp/core/module_manager.h's to say.
"""Modules: which there are, and which a runtime has loaded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from chimaera._extension import core
from chimaera.installed import installed_path
from chimaera.module_packages import module_packages, on_repo_path
from chimaera.task import DEFAULT_TIMEOUT_S

if TYPE_CHECKING:
    from chimaera.runtime import Runtime

__all__ = ["ModuleFile", "find", "of_runtime"]

_LIBRARY = re.compile(r"lib(\w+)_runtime\.so")


@dataclass(frozen=True, slots=True)
class ModuleFile:
    """A module that lies where a runtime looks for it.

    Attributes
    ----------
    name : str
        As in ``mod_name``.
    path : Path
    version : str or None
        Of the Python package that it came with, if any.
    loaded : bool
        By the runtime that was asked; its file may be another one by now.
    mistake : str
        Why this runtime cannot use it, as another ABI; empty if it can.
    """

    name: str
    path: Path
    version: str | None
    loaded: bool
    mistake: str


def find(directories: Iterable[str] | None = None) -> list[ModuleFile]:
    """List the modules that a runtime started here and now would find.

    Their libraries are opened, so that their initialisers run in this process.

    Parameters
    ----------
    directories : iterable of str, optional
        Where to look instead, the first one first.
    """
    if directories is None:
        with on_repo_path():
            directories = core.module_directories()
    versions = _versions()
    found: dict[str, ModuleFile] = {}
    for directory in map(Path, directories):
        for path in sorted(directory.glob("lib*_runtime.so")):
            match = _LIBRARY.fullmatch(path.name)
            if match is None or match[1] in found:
                continue
            found[match[1]] = ModuleFile(
                match[1],
                path,
                versions.get(path.resolve().parent),
                loaded=False,
                mistake=core.module_mistake(match[1], str(path)),
            )
    return sorted(found.values(), key=lambda each: each.name)


def of_runtime(
    runtime: Runtime, *, timeout_s: float = DEFAULT_TIMEOUT_S
) -> list[ModuleFile]:
    """List the modules that a runtime finds, and those that it has loaded.

    Parameters
    ----------
    runtime : Runtime
    timeout_s : float
        Seconds to wait for its answer.
    """
    from chimaera.config import describe_runtime

    _, directories, pairs, _ = describe_runtime(runtime, timeout_s)
    loaded = dict(zip(pairs[::2], map(Path, pairs[1::2]), strict=True))
    found = {each.name: each for each in find(directories)}
    for name, path in loaded.items():
        known = found.get(name)
        if known is None:  # its file is gone
            known = ModuleFile(name, path, None, loaded=True, mistake="")
        found[name] = replace(known, path=path, loaded=True)
    return sorted(found.values(), key=lambda each: each.name)


def _versions() -> dict[Path, str]:
    """Return the versions of Python packages by the folder of their modules."""
    versions = {}
    names = metadata.packages_distributions()
    for package in module_packages():
        distributions = names.get(package.package.split(".")[0], [])
        if package.folder is not None and distributions:
            folder = package.folder.resolve()
            versions[folder] = metadata.version(distributions[0])
    versions[installed_path("lib").resolve()] = metadata.version("chimaera")
    return versions

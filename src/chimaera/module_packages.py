# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# A package is only located: importing it would run code of others whenever a
# runtime starts.
"""Modules that were installed as Python packages."""

from __future__ import annotations

import contextlib
import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

__all__ = ["GROUP", "ModulePackage", "module_packages", "on_repo_path", "repo_path"]

#: Entry points of this group name packages; the libraries lie in their `lib`.
GROUP = "chimaera.modules"


@dataclass(frozen=True, slots=True)
class ModulePackage:
    """One entry point.

    Attributes
    ----------
    name : str
    package : str
        What it names.
    folder : Path or None
        Where the libraries are; None: there is no such package, or no `lib` in it.
    """

    name: str
    package: str
    folder: Path | None

    @property
    def modules(self) -> list[str]:
        """The modules that lie there, such as ``mylab_stats``."""
        if self.folder is None:
            return []
        return sorted(
            path.name.removeprefix("lib").removesuffix("_runtime.so")
            for path in self.folder.glob("lib*_runtime.so")
        )


def module_packages() -> list[ModulePackage]:
    """Return what is installed, by name."""
    points = {
        (point.name, point.module) for point in metadata.entry_points(group=GROUP)
    }
    return [
        ModulePackage(*point, _library_folder(point[1])) for point in sorted(points)
    ]


def repo_path() -> str:
    """Return ``CHI_REPO_PATH`` for a runtime: the user's, then the packages'."""
    folders = [each for each in os.environ.get("CHI_REPO_PATH", "").split(":") if each]
    folders += [str(each.folder) for each in module_packages() if each.folder]
    return ":".join(dict.fromkeys(folders))


@contextlib.contextmanager
def on_repo_path() -> Iterator[None]:
    """Set ``CHI_REPO_PATH`` so while a runtime starts in this process."""
    before = os.environ.get("CHI_REPO_PATH")
    os.environ["CHI_REPO_PATH"] = repo_path()
    try:
        yield
    finally:
        if before is None:
            del os.environ["CHI_REPO_PATH"]
        else:
            os.environ["CHI_REPO_PATH"] = before


def _library_folder(package: str) -> Path | None:
    top, *rest = package.split(".")
    # Of a top-level name nothing is imported, of `a.b` would be `a`.
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    for place in (spec and spec.submodule_search_locations) or ():
        folder = Path(place, *rest, "lib")
        if folder.is_dir():
            return folder
    return None

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# A runtime keeps a module that it has loaded, and its client a library. The client
# reads a new file by itself (library.py); the runtime has to be asked.
"""Modules that were built again while a runtime has them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from chimaera.errors import BadRequestError, NotFoundError

if TYPE_CHECKING:
    from chimaera.runtime import Runtime

__all__ = ["OldBuildWarning", "use_new_build"]

_GONE = " (deleted)"


class OldBuildWarning(UserWarning):
    """A pool runs another build of its module than the one that lies on disk."""


def use_new_build(
    runtime: Runtime, library: str, *, timeout_s: float, stacklevel: int
) -> None:
    """Let the next pool of a module run the file that is there now.

    A module without pools is unloaded if it was built again since it was loaded.
    Where it has pools they go on with the build that they have; that is a warning.
    """
    if not _was_built_again(runtime.pid, f"lib{library}_runtime.so"):
        return
    names = [
        info.name
        for info in runtime.pools(timeout_s=timeout_s)
        if info.module == library
    ]
    why = f"it has pools: {', '.join(map(repr, sorted(names)))}"
    if not names:
        try:
            if runtime.unload_module(library, timeout_s=timeout_s):
                return
            why = "its code stays in memory until the runtime ends"
        except NotFoundError:
            return  # somebody else was faster
        except BadRequestError as error:
            why = str(error)
    warnings.warn(
        f"module {library} was built again, and this runtime goes on with the build "
        f"that it has loaded, since {why}. Pools that are made after all of them are "
        "destroyed run the new one",
        OldBuildWarning,
        stacklevel=stacklevel,
    )


def _was_built_again(pid: int, file: str) -> bool:
    """Tell whether a process runs a file that another one has taken the place of."""
    try:
        maps = Path(f"/proc/{pid}/maps").read_text("utf-8", errors="replace")
    except OSError:  # another user's process
        return False
    for line in maps.splitlines():
        if file in line and line.endswith(_GONE):
            path = Path(line.split(maxsplit=5)[5].removesuffix(_GONE))
            if path.name == file and path.exists():
                return True
    return False

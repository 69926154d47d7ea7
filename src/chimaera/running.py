# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# A runtime holds the file `lock` of its directory open for as long as it lives, and
# has written its pid there. Whether it lives is looked up in /proc, without taking
# the lock: a runtime that is just starting would lose it to us.
"""Which runtimes of this user run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chimaera._extension import core

__all__ = ["PAGE_FILE", "Running", "is_running", "others_text", "running"]

PAGE_FILE = "dashboard.json"  # where a daemon's live page is
_LOCK = "lock"
_PRIVATE = "private"  # where runtimes inside of programs have their directories
_DAEMON = "chimaera_start_"  # as the kernel cuts names of processes


@dataclass(frozen=True, slots=True)
class Running:
    """A runtime that runs.

    Attributes
    ----------
    name : str or None
        As given to `chimaera.start`; empty: the unnamed one. None: only its directory
        leads there.
    pid : int
    runtime_dir : Path
    embedded : bool
        Part of a program (`chimaera.local`), not a daemon.
    """

    name: str | None
    pid: int
    runtime_dir: Path
    embedded: bool

    @property
    def label(self) -> str:
        """Its name, or its directory; the unnamed one is ``(unnamed)``."""
        if self.name is None:
            return str(self.runtime_dir)
        return self.name or "(unnamed)"


def running() -> list[Running]:
    """List them: daemons first, the unnamed one before those with names.

    Daemons are found wherever their directory is, runtimes inside of programs where
    they usually are.
    """
    found: dict[Path, Running] = {}
    for name, directory, embedded in _places():
        pid = _holder(directory)
        if pid is not None and directory not in found:
            found[directory] = Running(name, pid, directory, embedded)
    return sorted(
        found.values(),
        key=lambda each: (each.embedded, each.name is None, each.name or "", each.pid),
    )


def others_text() -> str:
    """Tell which daemons run, for the end of an error that one does not.

    A directory is shown where no name leads there: whoever started that one had
    another ``XDG_RUNTIME_DIR``, as a login by ssh and a notebook server may have.
    """
    daemons = [each for each in running() if not each.embedded]
    if not daemons:
        return ""
    text = f". Running: {', '.join(each.label for each in daemons)}"
    if any(each.name is None for each in daemons):
        text += " (CHI_RUNTIME_DIR takes a directory)"
    return text


def is_running(directory: Path) -> bool:
    """Whether a runtime holds this directory."""
    return _holder(directory) is not None


def _places() -> Iterator[tuple[str | None, Path, bool]]:
    """Tell where a runtime may be: name, directory and whether in a program."""
    unnamed = Path(core.locate(""))
    yield "", unnamed, False
    # Named ones lie in the directory or beside it: a name tells which.
    example = Path(core.locate("x"))
    prefix = example.name.removesuffix("x")
    for path in sorted(_children(example.parent)):
        if path.name.startswith(prefix) and path not in {unnamed, example.parent}:
            name = path.name.removeprefix(prefix)
            if name == _PRIVATE:
                for each in _children(path):
                    yield None, each, True
            else:
                yield name, path, False
    for path in _daemons():
        yield None, path, False


def _children(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_dir()]
    except OSError:
        return []


def _daemons() -> Iterator[Path]:
    """Directories that daemons were given on their command lines."""
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with contextlib.suppress(OSError, ValueError):
            if (process / "comm").read_text().strip() != _DAEMON:
                continue
            words = (process / "cmdline").read_bytes().decode().split("\0")
            place = Path(words[words.index("--runtime-dir") + 1])
            yield place if place.is_absolute() else (process / "cwd").readlink() / place


def _holder(directory: Path) -> int | None:
    """Return the pid of the process that has this directory's lock, if any."""
    lock = directory / _LOCK
    with contextlib.suppress(OSError, ValueError):
        pid = int(lock.read_text().split()[0])
        wanted = lock.stat()
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                there = os.stat(entry)  # noqa: PTH116 - follows the link of /proc
                if os.path.samestat(there, wanted):
                    return pid
    return None

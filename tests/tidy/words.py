# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Names that must not appear, each with what to use instead.
"""Rules about banned names, leftovers and generated files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePosixPath

from tidy.includes import LAYERS
from tidy.tree import CODE, CPP, Finding, Tree, numbered, strip_cpp

__all__ = ["check_autogen", "check_banned", "check_catch_all", "check_leftovers"]


@dataclass(frozen=True)
class Ban:
    """A name, where it is banned, where it is allowed all the same, and why."""

    pattern: re.Pattern[str]
    places: tuple[str, ...]
    instead: str
    allowed: tuple[str, ...] = ()


_LAYER_PLACES = (
    *(f"src/cpp/{layer}/*" for layer in LAYERS),
    "src/cpp/include/chimaera/*",
)
_ACCESSORS = (
    "IPC|POOL_MANAGER|MODULE_MANAGER|CONFIG_MANAGER|WORK_ORCHESTRATOR|ADMIN|CUR_WORKER"
)

BANS = (
    Ban(
        re.compile(r"std::c(?:out|err)\b|\bv?f?printf\s*\("),
        (*_LAYER_PLACES, "chimods/*", "src/cpp/python/*"),
        "use the log (chimaera/base/log.h)",
        ("src/cpp/base/log.cc", "src/cpp/base/check.cc"),
    ),
    Ban(
        re.compile(r"std::(?:\w*mutex|condition_variable\w*|lock_guard|unique_lock)\b"),
        ("chimods/*",),
        "use chi::CoMutex or chi::CoRwLock: a fiber must not block its thread",
    ),
    Ban(
        # Placement, into memory that somebody else owns, is not meant.
        re.compile(r"(?<!operator )\bnew\b(?!\s*\()"),
        (*_LAYER_PLACES, "chimods/*", "src/cpp/python/*"),
        "use std::make_unique, or an allocator of shm",
        ("src/cpp/shm/*", "src/cpp/include/chimaera/shm/*"),
    ),
    Ban(
        re.compile(r"\b(?:sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\("),
        ("tests/*",),
        "use WaitUntil (support/wait_until.h) or wait_until (chimaera.testing)",
        ("tests/cpp/support/wait_until.*", "tests/chimods/*", "tests/tidy/*"),
    ),
    Ban(
        re.compile(rf"\bCHI_(?:{_ACCESSORS})\b"),
        _LAYER_PLACES,
        "take the collaborator by constructor reference",
        ("src/cpp/include/chimaera/runtime/singletons.h",),
    ),
)

# An owner that takes the pointer in the same expression, and objects that are
# meant to live as long as the process.
_OWNED_NEW = re.compile(
    r"\w+_ptr\s*<[^;{}]*?>\s*(?:\w+\s*)?\(\s*new\b"
    r"|\bstatic\s+auto\*\s*(?:const\s+)?\w+\s*=\s*new\b[^;]*"
)
_LEFTOVER = re.compile(r"\b(?:FIXME|TODO|XXX|HACK)\b|\b(?i:for now)\b")


def check_banned(tree: Tree) -> Iterator[Finding]:
    """Banned names do not appear."""
    for path, text in tree.items():
        bans = [ban for ban in BANS if _applies(ban, path)]
        if not bans or not path.endswith(CODE):
            continue
        code = strip_cpp(text) if path.endswith(CPP) else text
        code = _OWNED_NEW.sub(lambda match: match.group().replace("new", "   "), code)
        for number, line in numbered(code):
            if line.lstrip().startswith("#"):
                continue  # a macro's definition, or a comment of Python
            for ban in bans:
                match = ban.pattern.search(line)
                if match:
                    name = match.group().rstrip("( ")
                    yield Finding(path, number, f"'{name}' is banned: {ban.instead}")


def _applies(ban: Ban, path: str) -> bool:
    inside = any(fnmatch(path, place) for place in ban.places)
    return inside and not any(fnmatch(path, place) for place in ban.allowed)


def check_catch_all(tree: Tree) -> Iterator[Finding]:
    """``catch (...)`` stands where a worker calls a module, and in the bindings."""
    allowed: dict[str, str] = {}
    for path, text in tree.items():
        if not path.startswith(("src/cpp/", "chimods/")) or not path.endswith(CPP):
            continue
        for number, line in numbered(strip_cpp(text)):
            if not re.search(r"\bcatch\s*\(\s*\.\.\.\s*\)", line):
                continue
            in_python = path.startswith("src/cpp/python/")
            boundary = "bindings" if in_python else "worker"
            if path.startswith("chimods/") or allowed.get(boundary, path) != path:
                message = (
                    "'catch (...)' is banned here: it stands once where a worker "
                    "calls a module and once where Python calls C++"
                )
                yield Finding(path, number, message)
            else:
                allowed[boundary] = path


def check_leftovers(tree: Tree) -> Iterator[Finding]:
    """Nothing is left for later in the code: it is done, or it is an issue."""
    for path, text in tree.items():
        if fnmatch(path, "tests/tidy/*"):
            continue
        for number, line in numbered(text):
            match = _LEFTOVER.search(line)
            if match:
                message = f"'{match.group()}': finish it, or open an issue"
                yield Finding(path, number, message)


def check_autogen(tree: Tree) -> Iterator[Finding]:
    """Generated code is generated, not committed."""
    for path in tree:
        if "autogen" in PurePosixPath(path).parent.parts:
            yield Finding(path, 1, "generated code is not committed: remove it")

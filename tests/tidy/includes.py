# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Who may include whom. The include lines are the design: this file states it.
"""Rules about ``#include``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch

from tidy.tree import CPP, Finding, Tree, numbered

__all__ = ["check_layers", "check_modules", "check_private", "check_third_party"]

# Each may include those before it and itself. `front` are the headers that lie
# directly in include/chimaera; `python` and `tools` are programs on top.
LAYERS = ("base", "shm", "ipc", "sched", "core", "net", "runtime", "front")
PROGRAMS = ("python", "tools")

_ADMIN = "chimods/admin/include/chimaera/admin"
# References that a benchmark compares with.
_BENCH = "src/cpp/tools/bench"

# Third-party headers and the files that may include them. Tests are free, but
# for Catch2, whose versions differ.
THIRD_PARTY = {
    "boost/": ("src/cpp/sched/*", f"{_BENCH}/boost_peers.cc", "tests/*"),
    "zmq": ("src/cpp/net/zmq_transport.*", f"{_BENCH}/zeromq_peer.cc", "tests/*"),
    "yaml-cpp/": ("src/cpp/core/yaml_tree.cc", "chimods/*/src/*_runtime.cc", "tests/*"),
    "cereal/": (f"{_ADMIN}/params_archive.h", "chimods/*/src/*", "tests/*"),
    "isa-l/": ("chimods/bdev/src/format/crc32c.cc",),
    "liburing": ("src/cpp/sched/io_ring.*", f"{_BENCH}/file_peer.*"),
    "pybind11/": ("src/cpp/python/pybind.h",),
    "catch2/": ("tests/cpp/support/catch.h", "tests/external/*"),
}

_INCLUDE = re.compile(r'\s*#\s*include\s*[<"]([^>"]+)[>"]')


@dataclass(frozen=True)
class Include:
    """One include line."""

    path: str
    line: int
    target: str


def _includes(tree: Tree) -> Iterator[Include]:
    for path, text in tree.items():
        if path.endswith(CPP):
            for number, line in numbered(text):
                match = _INCLUDE.match(line)
                if match:
                    yield Include(path, number, match.group(1))


def _layer_of_file(path: str) -> str | None:
    """Layer that a file of src/cpp belongs to; None outside, or in a program."""
    public = re.match(r"src/cpp/include/chimaera/(?:(\w+)/)?[^/]+$", path)
    if public:
        return public.group(1) or "front"
    private = re.match(r"src/cpp/(\w+)/", path)
    if private and private.group(1) in LAYERS:
        return private.group(1)
    return None


def _public_target(target: str) -> str | None:
    """Layer of a public header, or the module's name; None for other headers."""
    match = re.match(r"chimaera/(?:(\w+)/)?[^/]+\.h$|chimaera/(\w+)/", target)
    if not match:
        return None
    return match.group(1) or match.group(2) or "front"


def _private_target(target: str) -> str | None:
    match = re.match(r"(\w+)/", target)
    if match and match.group(1) in (*LAYERS, *PROGRAMS):
        return match.group(1)
    return None


def check_layers(tree: Tree) -> Iterator[Finding]:
    """Includes point down, never up."""
    for include in _includes(tree):
        source = _layer_of_file(include.path)
        target = _public_target(include.target) or _private_target(include.target)
        if source is None or target not in LAYERS:
            continue
        if source not in LAYERS:
            message = f"'{source}' is no layer; layers are {', '.join(LAYERS[:-1])}"
            yield Finding(include.path, include.line, message)
        elif LAYERS.index(target) > LAYERS.index(source):
            message = (
                f"layer '{source}' includes {include.target} of layer '{target}' "
                "above it: take an interface owned by the lower layer"
            )
            yield Finding(include.path, include.line, message)


def check_modules(tree: Tree) -> Iterator[Finding]:
    """The core knows no module; a module knows no other's runtime."""
    for include in _includes(tree):
        target = _public_target(include.target)
        if target is None or target in LAYERS:
            continue
        source = _layer_of_file(include.path)
        if source is not None:
            message = (
                f"layer '{source}' includes {include.target} of module "
                f"'{target}': the core loads modules by name"
            )
            yield Finding(include.path, include.line, message)
        own = re.match(r"chimods/(\w+)/", include.path)
        runtime = include.target.endswith("_runtime.h")
        if own and runtime and own.group(1) != target:
            message = (
                f"module '{own.group(1)}' includes the runtime of module "
                f"'{target}': use its client"
            )
            yield Finding(include.path, include.line, message)


def check_private(tree: Tree) -> Iterator[Finding]:
    """A private header is included by its own folder and by tests only."""
    for include in _includes(tree):
        target = _private_target(include.target)
        if target is None or include.path.startswith("tests/"):
            continue
        if not include.path.startswith(f"src/cpp/{target}/"):
            message = (
                f"{include.target} is private to '{target}': make what you need "
                f"public in chimaera/{target}/, or move it"
            )
            yield Finding(include.path, include.line, message)


def check_third_party(tree: Tree) -> Iterator[Finding]:
    """Each third-party library is wrapped in one place."""
    for include in _includes(tree):
        for prefix, places in THIRD_PARTY.items():
            if not include.target.startswith(prefix):
                continue
            if not any(fnmatch(include.path, place) for place in places):
                message = (
                    f"{include.target} may be included only in {' or '.join(places)}"
                )
                yield Finding(include.path, include.line, message)

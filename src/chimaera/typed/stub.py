# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Signatures are those of source.py, so that a checker says what a call would do.
# Light to import: the code generator uses it.
"""What type checkers and editors know of a module: its stub, and a list of stubs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from chimaera.typed.description import Method, ModuleDescription
from chimaera.typed.source import (
    async_docstring,
    async_signature,
    class_name,
    create_arguments,
    create_docstring,
    docstring,
    many_docstring,
    many_signature,
    result_source,
    signature,
    type_source,
)

__all__ = ["INDEX_FILE", "index_source", "stub_source", "stubbed_module"]

#: What `Runtime.module` is looked up in; see src/chimaera_modules.
INDEX_FILE = "chimaera_modules.pyi"

_HEAD = """\
# Types of module {0.full_name} {0.version}, for type checkers and editors.
# Generated from its chimaera_mod.yaml; do not edit.
# Its class in Runtime.module is {1}.
import dataclasses
import enum
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from chimaera.module import ModuleOf
from chimaera.runtime import Runtime
from chimaera.typed import client as _client
"""
_ABOUT = re.compile(
    r"# Types of module (\S+) .*\n.*\n# Its class in Runtime.module is (\w+)\.\n"
)
_INDEX_HEAD = """\
# The modules of this build, for type checkers and editors.
# Written by chi_refresh_repo; do not edit.
# mypy: disable-error-code="overload-overlap"
# pyright: reportOverlappingOverload=false
from typing import Literal, overload

from chimaera.module import Module
"""


def stub_source(module: ModuleDescription) -> str:
    """Return the stub of the client of `module`, for a file named like its library.

    The same description always gives the same text.
    """
    pool = class_name(module)
    kind = pool.removesuffix("Pool") + "Module"
    types = [type_source(each) for each in module.types().values()]
    types += [result_source(each) for each in module.methods if len(each.results) > 1]
    methods = [line for each in module.methods for line in _method(module, each)]
    parts = [
        _HEAD.format(module, kind),
        *types,
        "\n".join([f"\nclass _Methods:{' ...' if not methods else ''}", *methods]),
        "\n".join(_classes(module, pool, kind)),
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _classes(module: ModuleDescription, pool: str, kind: str) -> Iterator[str]:
    about = f"{module.full_name} {module.version}."
    yield f"\nclass {pool}(_Methods, _client.TypedPool):"
    yield f'    """Pools of module {about}"""'
    if module.settings:
        arguments = create_arguments(module, ["cls", "runtime: Runtime"])
        yield ""
        yield "    @classmethod"
        yield f"    def create({arguments}) -> Self:"
        yield from create_docstring(module)
    yield ""
    yield f"\nclass {kind}(_Methods, ModuleOf[{pool}]):"
    yield f'    """Module {about}"""'
    yield ""
    yield f"    def create({create_arguments(module, ['self'])}) -> {pool}:"
    yield from create_docstring(module)


def _method(module: ModuleDescription, method: Method) -> Iterator[str]:
    yield f"    def {signature(method)}:"
    yield from docstring(module, method)
    yield f"    def {async_signature(method)}:"
    yield from async_docstring(method)
    yield f"    def {many_signature(method)}:"
    yield from many_docstring(method)
    for alias in method.aliases:
        old = Method(method.id, alias).python_name
        for ending in ("", "_async", "_many"):
            yield f"    {old}{ending} = {method.python_name}{ending}"


def stubbed_module(text: str) -> tuple[str, str] | None:
    """Return the module of a stub and its class; None for another file."""
    found = _ABOUT.match(text)
    return None if found is None else (found[1], found[2])


def index_source(modules: Mapping[str, str]) -> str:
    """Return the text of `INDEX_FILE`.

    Parameters
    ----------
    modules : mapping of str to str
        The full name of each module that has a stub, and its class there.
    """
    lines = [_INDEX_HEAD.rstrip("\n")]
    for name, kind in sorted(modules.items()):
        library = name.replace(".", "_")
        lines.append(f"from {library} import {kind} as _{library}")
    lines += ["", "class KnownModules:"]
    for name in sorted(modules):
        library = name.replace(".", "_")
        lines.append("    @overload")
        lines.append(
            f'    def module(self, name: Literal["{name}"]) -> _{library}: ...'
        )
    lines += ["    @overload"] * bool(modules)
    lines.append("    def module(self, name: str) -> Module: ...")
    return "\n".join(lines) + "\n"

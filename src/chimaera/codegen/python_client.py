# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# From what the YAML says to what a library would say of itself, so that one
# renderer serves both.
"""The Python client of a module, as files that can be imported and checked."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from chimaera.codegen.methods import FIRST_CUSTOM_ID
from chimaera.codegen.methods import Method as YamlMethod
from chimaera.codegen.render_typed import schema_hash
from chimaera.codegen.schema import Module
from chimaera.codegen.typed import Parameter
from chimaera.codegen.types import Type as YamlType
from chimaera.typed.description import Field, Method, ModuleDescription, Type
from chimaera.typed.source import client_source
from chimaera.typed.stub import (
    INDEX_FILE,
    index_source,
    stub_source,
    stubbed_module,
)

__all__ = ["python_client", "python_stub", "write_index"]


def python_client(module: Module) -> str:
    """Return the source of the Python client of a module with typed methods."""
    return client_source(_described(module))


def python_stub(module: Module) -> str:
    """Return its stub, for type checkers and editors."""
    return stub_source(_described(module))


def write_index(folder: Path) -> None:
    """Tell type checkers which modules have stubs in a folder.

    A build may run the generator for several modules, of several repositories, at
    once: each one writes what all of them have written so far.
    """
    if not folder.is_dir():
        return
    place = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        texts = (path.read_text("utf-8") for path in folder.glob("*_*.pyi"))
        found = [each for each in map(stubbed_module, texts) if each is not None]
        text, index = index_source(dict(found)), folder / INDEX_FILE
        if not index.exists() or index.read_text("utf-8") != text:
            index.write_text(text, "utf-8")
    finally:
        os.close(place)


def _described(module: Module) -> ModuleDescription:
    return ModuleDescription(
        module.namespace,
        module.name,
        module.version,
        module.description,
        int(schema_hash(module), 16),
        tuple(
            _method(each)
            for each in module.methods
            if each.is_typed and each.id >= FIRST_CUSTOM_ID
        ),
        tuple(_field(each) for each in module.settings),
    )


def _method(method: YamlMethod) -> Method:
    about = method.description
    return Method(
        method.id,
        method.name,
        about.doc,
        about.deadline_ms / 1e3 or None,
        about.idempotent,
        tuple(_field(each) for each in method.parameters),
        about.aliases,
    )


def _field(parameter: Parameter) -> Field:
    return Field(
        parameter.name,
        _type(parameter.type),
        parameter.doc,
        parameter.unit,
        direction=parameter.direction,
        default=None if parameter.default is None else parameter.default.text,
    )


def _type(kind: YamlType) -> Type:
    return Type(
        kind.kind,
        kind.text,
        element=None if kind.element is None else _type(kind.element),
        ndim=kind.ndim,
        fields=tuple(
            Field(each.name, _type(each.type), each.doc, each.unit)
            for each in kind.fields
        ),
        values=tuple((each.name, each.value) for each in kind.enumerators),
    )

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# A validated module in, the paths and bytes of its generated files out.
"""Rendering of a module's method ids, dispatch table and typed methods.

Every name was checked by `schema`, so nothing is escaped here. The layout of ids
and table is what clang-format (Google style) would make of it, in 80 columns where
names allow, so that repositories which commit these files may format everything;
the files of typed methods tell clang-format to leave them alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import jinja2

from chimaera.codegen.methods import FIRST_CUSTOM_ID, INHERITED, Method
from chimaera.codegen.python_client import python_client, python_stub
from chimaera.codegen.render_typed import (
    FILTERS,
    aliases_of,
    described_types,
    schema_hash,
    uses_blocks,
    uses_packed,
)
from chimaera.codegen.schema import Module

__all__ = [
    "Output",
    "is_written_by_hand",
    "render_module",
    "template_environment",
]

_COLUMNS = 80
#: What the generated base class of a runtime brings along.
_BASIC = ("Create", "Destroy")
_HEADER = "methods.h.j2"
_SOURCE = "lib_exec.cc.j2"
_PARTS = ("tasks", "client", "runtime")
_MARK = b"by chi_refresh_repo; do not edit."


@dataclass(frozen=True)
class Output:
    """One generated file: where it belongs and what it holds."""

    path: Path
    content: bytes

    def is_current(self) -> bool:
        """Tell whether the file on disk already holds these bytes."""
        try:
            return self.path.read_bytes() == self.content
        except FileNotFoundError:
            return False


def render_module(module: Module, build_dir: Path | None) -> list[Output]:
    """Render the files of one module.

    Parameters
    ----------
    module : Module
        Validated by `schema.load_repo`.
    build_dir : Path, optional
        Root of `include/`, `src/`, `python/` and `doc/`. None puts the files into
        `autogen` directories inside the module's own directory.

    Returns
    -------
    list of Output
        The same module always gives the same bytes. Method ids and dispatch
        table come first; a module with typed methods has more.

    Raises
    ------
    FileNotFoundError
        The templates are missing: the package is damaged.
    """
    root = module.directory if build_dir is None else build_dir
    place = "autogen" if build_dir is None else module.namespace
    source_dir = root / "src" / place
    public_dir = root / "include" / module.namespace / module.name
    autogen, name = public_dir / "autogen", module.name
    templates, values = _templates(), _values(module)

    def output(path: Path, template: str, **extra: object) -> Output:
        text = templates.get_template(template).render(values, **extra)
        return Output(path, text.encode())

    outputs = [
        output(autogen / f"{name}_methods.h", _HEADER),
        output(source_dir / f"{name}_lib_exec.cc", _SOURCE),
    ]
    if not module.is_typed:
        return outputs
    outputs.append(output(source_dir / f"{name}_description.cc", "description.cc.j2"))
    for part in _PARTS:
        outputs.append(output(autogen / f"{name}_{part}.h", f"{part}.h.j2"))
        if not is_written_by_hand(module, part):
            path = public_dir / f"{name}_{part}.h"
            outputs.append(output(path, "forward.h.j2", part=part))
    outputs.append(output(autogen / f"{name}_fake.h", "fake.h.j2"))
    client = root / "python" / f"{module.namespace}_{name}.py"
    outputs.append(Output(client, python_client(module).encode()))
    stub = client.with_suffix(".pyi")
    outputs.append(Output(stub, python_stub(module).encode()))
    doc_dir = root / "doc" / module.namespace
    page = doc_dir / f"{name}.md" if build_dir else root / "REFERENCE.md"
    outputs.append(output(page, "reference.md.j2"))
    return outputs


def is_written_by_hand(module: Module, part: str) -> bool:
    """Tell whether the module has a header of its own for `part`."""
    directory = module.directory / "include" / module.namespace / module.name
    try:
        with (directory / f"{module.name}_{part}.h").open("rb") as stream:
            return _MARK not in stream.read(1024)
    except FileNotFoundError:
        return False


def _values(module: Module) -> dict[str, object]:
    """Return what all templates of a module may use."""
    own = f"{module.namespace}/{module.name}"
    guard = f"{module.namespace}_{module.name}".upper()
    by_hand = {part: is_written_by_hand(module, part) for part in _PARTS}
    makes_create = module.is_typed and not by_hand["tasks"]
    headers = {
        part: f"{own}/{'' if by_hand[part] else 'autogen/'}{module.name}_{part}.h"
        for part in _PARTS
    }
    runtime_header = f"{own}/{module.name}_runtime.h"
    is_base = module.is_typed and not by_hand["runtime"]
    rows = {each.id: each for each in module.methods}
    if makes_create:
        rows.setdefault(INHERITED["kDestroy"], Method("Destroy", INHERITED["kDestroy"]))
    custom = [each for each in module.methods if each.id >= FIRST_CUSTOM_ID]
    return {
        "module": module,
        "methods": [each for each in custom if each.is_typed],
        "settings": module.settings,
        "custom": custom,
        "rows": [row for _, row in sorted(rows.items())],
        "inherited": INHERITED,
        "aliases": aliases_of(module),
        "described": described_types(module),
        "schema_hash": schema_hash(module),
        "num_described": len(custom),
        "uses_blocks": uses_blocks(module),
        "uses_packed": uses_packed(module),
        "makes_create": makes_create,
        "runtime": "RuntimeBase" if is_base else "Runtime",
        "own": own,
        "guard": f"{guard}_AUTOGEN",
        "forward_guard": f"{guard}_{module.name}".upper(),
        "tasks_header": headers["tasks"],
        "includes": sorted(
            [
                "chimaera/core/method_table.h",
                f"{own}/autogen/{module.name}_methods.h",
                headers["runtime"] if is_base else runtime_header,
            ]
        ),
    }


def template_environment(kind: str) -> jinja2.Environment:
    """Return the templates in one folder of `templates`.

    Parameters
    ----------
    kind : str
        The folder.

    Raises
    ------
    FileNotFoundError
        It is missing: the package is damaged.
    """
    package = Path(__file__).resolve().parents[1]
    # Of the installed package, else of the source tree.
    places = [package / "templates" / kind]
    if package.parent.name == "src":
        places.append(package.parents[1] / "templates" / kind)
    for place in places:
        if place.is_dir():
            break
    else:
        tried = " and ".join(map(str, places))
        raise FileNotFoundError(2, "no code templates there", tried)
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(place),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - not HTML; names are validated
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _templates() -> jinja2.Environment:
    environment = template_environment("chimod")
    environment.filters.update(FILTERS, row=_row)
    return environment


def _row(method: Method, runtime: str, makes_create: bool) -> str:  # noqa: FBT001
    """Lay out one table row as clang-format does.

    It prefers, in this order: everything on one line; the second argument
    under the first; the arguments indented on a line of their own; and the
    same three again with the template arguments on two lines.
    """
    typed = method.is_typed or (makes_create and method.name in _BASIC)
    indent, call = " " * 4, f"chi::Make{'Typed' if typed else ''}Method<"
    name = f"{method.name}Task"
    if makes_create and method.name == "Destroy":
        name = "chimaera::admin::DestroyTask"
    task, member = f"{runtime}, {name},", f"&{runtime}::{method.name}>("
    first, second = f"Method::k{method.name},", f'"{method.name}"),'
    one_line = f"{indent}{call}{task} {member}"
    under_call = " " * (len(indent) + len(call))
    two_lines = f"{indent}{call}{task}\n{under_call}{member}"
    broken = f"{indent * 2}{first} {second}"
    if len(broken) > _COLUMNS:
        broken = f"{indent * 2}{first}\n{indent * 2}{second}"
    layouts = []
    for head in (one_line, two_lines):
        column = len(head.rpartition("\n")[2])
        layouts += [
            f"{head}{first} {second}",
            f"{head}{first}\n{' ' * column}{second}",
            f"{head}\n{broken}",
        ]
    return next((each for each in layouts if _fits(each)), layouts[-1])


def _fits(text: str) -> bool:
    return all(len(line) <= _COLUMNS for line in text.split("\n"))

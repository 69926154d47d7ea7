# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# A validated module in, the paths and bytes of its two C++ files out.
"""Rendering of a module's method ids and dispatch table.

Every name was checked by `schema`, so nothing is escaped here. The layout is
what clang-format (Google style) would make of it, in 80 columns where names
allow, so that repositories which commit these files may format everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import jinja2

from chimaera.codegen.methods import FIRST_CUSTOM_ID, INHERITED, Method
from chimaera.codegen.schema import Module

__all__ = ["Output", "render_module"]

_COLUMNS = 80
_HEADER = "methods.h.j2"
_SOURCE = "lib_exec.cc.j2"


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


def render_module(module: Module, build_dir: Path | None) -> tuple[Output, Output]:
    """Render the header and the source file of one module.

    Parameters
    ----------
    module : Module
        Validated by `schema.load_repo`.
    build_dir : Path, optional
        Root of `include/` and `src/`. None puts the files into `autogen`
        directories inside the module's own directory.

    Returns
    -------
    (Output, Output)
        The same module always gives the same bytes.

    Raises
    ------
    FileNotFoundError
        The templates are missing: the package is damaged.
    """
    root = module.directory if build_dir is None else build_dir
    source_dir = root / "src" / "autogen" if build_dir is None else root / "src"
    header_dir = root / "include" / module.namespace / module.name / "autogen"
    templates = _templates()
    header = templates.get_template(_HEADER).render(
        module=module,
        guard=f"{module.namespace}_{module.name}_AUTOGEN_METHODS_H_".upper(),
        inherited=INHERITED,
        custom=[each for each in module.methods if each.id >= FIRST_CUSTOM_ID],
    )
    own = f"{module.namespace}/{module.name}"
    includes = (
        "chimaera/core/method_table.h",
        f"{own}/autogen/{module.name}_methods.h",
        f"{own}/{module.name}_runtime.h",
    )
    source = templates.get_template(_SOURCE).render(
        module=module, includes=sorted(includes)
    )
    return (
        Output(header_dir / f"{module.name}_methods.h", header.encode()),
        Output(source_dir / f"{module.name}_lib_exec.cc", source.encode()),
    )


def _templates() -> jinja2.Environment:
    """Load from the installed package, else from the source tree."""
    package = Path(__file__).resolve().parents[1]
    places = [package / "templates" / "chimod"]
    if package.parent.name == "src":
        places.append(package.parents[1] / "templates" / "chimod")
    for place in places:
        if (place / _HEADER).is_file() and (place / _SOURCE).is_file():
            break
    else:
        tried = " and ".join(map(str, places))
        raise FileNotFoundError(2, "no code templates there", tried)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(place),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - C++, not HTML; names are validated
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["row"] = _row
    return environment


def _row(method: Method) -> str:
    """Lay out one table row as clang-format does.

    It prefers, in this order: everything on one line; the second argument
    under the first; the arguments indented on a line of their own; and the
    same three again with the template arguments on two lines.
    """
    indent, call = " " * 4, "chi::MakeMethod<"
    task, member = f"Runtime, {method.name}Task,", f"&Runtime::{method.name}>("
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

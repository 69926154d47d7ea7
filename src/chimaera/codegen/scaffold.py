# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Everything is checked before the first file is written, and a folder appears
# complete or not at all.
"""New repositories and modules, from templates/repo and templates/module."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from chimaera.codegen.names import (
    method_fault,
    module_fault,
    namespace_fault,
    typed_method_fault,
)
from chimaera.codegen.render import template_environment
from chimaera.codegen.schema import REPO_FILE, Repo, SchemaError, load_repo
from chimaera.errors import AlreadyExistsError, BadRequestError

__all__ = ["missing_in_build", "new_module", "new_repo"]

_DEFAULT_METHODS = ("Reduce",)
_OWN_NAMESPACE = "chimaera"


def new_repo(
    name: str, *, parent: Path, module: str = "core", methods: Sequence[str] = ()
) -> Path:
    """Make a repository with a first module.

    Parameters
    ----------
    name : str
        Its folder and its namespace.
    parent : Path
        The folder in which it is made.
    module : str
        The first module; `core` by default, a name that may stay. It cannot have
        that of the namespace, which C++ would take for it inside.
    methods : sequence of str
        Of the module; `Reduce` by default.

    Returns
    -------
    Path
        The repository.

    Raises
    ------
    BadRequestError
        A name cannot be used.
    AlreadyExistsError
        Something of that name exists.
    """
    _check("repository", name, namespace_fault(name))
    if name == _OWN_NAMESPACE:
        fault = "is the namespace of Chimaera's own modules"
        raise BadRequestError(f"repository '{name}' {fault}")
    _check("module", module, module_fault(module, name))
    methods = _checked_methods(methods)
    target = parent / name
    parts = [("repo", Path()), ("module", Path("modules", module))]
    _make(target, parts, {"ns": name, "name": module, "methods": methods})
    return target


def new_module(name: str, *, repo: Path, methods: Sequence[str] = ()) -> Path:
    """Make a module in a repository.

    Parameters
    ----------
    name : str
        Its folder, beside the other modules of the repository.
    repo : Path
        Holds chimaera_repo.yaml.
    methods : sequence of str
        `Reduce` by default.

    Returns
    -------
    Path
        The module.

    Raises
    ------
    BadRequestError
        A name cannot be used, or the YAML of the repository has mistakes.
    AlreadyExistsError
        Something of that name exists.
    """
    if not (repo / REPO_FILE).is_file():
        raise BadRequestError(
            f"{repo} has no {REPO_FILE}: `chimaera new-repo` makes a repository"
        )
    found = _load(repo)
    _check("module", name, module_fault(name, found.namespace))
    if any(module.name == name for module in found.modules):
        raise AlreadyExistsError(
            f"module '{name}': namespace '{found.namespace}' has one already"
        )
    methods = _checked_methods(methods)
    folders = [module.directory.parent for module in found.modules]
    target = (folders[0] if folders else repo / "modules") / name
    values = {"ns": found.namespace, "name": name, "methods": methods}
    _make(target, [("module", Path())], values)
    return target


def missing_in_build(module: Path, repo: Path) -> str:
    """Tell what a repository that was not made by `new_repo` wants besides.

    Parameters
    ----------
    module : Path
        A module that `new_module` has made.
    repo : Path
        Its repository.

    Returns
    -------
    str
        What to do; empty if nothing.
    """
    place = module.relative_to(repo)
    hints = []
    if all(each.directory != module for each in _load(repo).modules):
        hints.append(f"add '{place}' to modules: in {repo / REPO_FILE}")
    build = repo / "CMakeLists.txt"
    text = build.read_text("utf-8") if build.exists() else ""
    if "file(GLOB" not in text:
        hints.append(f"add add_subdirectory({place}) to {build}")
    return "\n".join(hints)


def _load(repo: Path) -> Repo:
    try:
        return load_repo(repo, empty_ok=True)
    except SchemaError as error:
        raise BadRequestError(str(error)) from None


def _check(what: str, name: str, fault: str | None) -> None:
    if fault is not None:
        raise BadRequestError(f"{what} '{name}' {fault}")


def _checked_methods(names: Sequence[str]) -> tuple[str, ...]:
    names = tuple(names) or _DEFAULT_METHODS
    snakes: dict[str, str] = {}
    for name in names:
        fault = method_fault(f"k{name}") or typed_method_fault(f"k{name}", ())
        if fault is not None and "PascalCase" in fault:
            fault = "is not a PascalCase name, such as 'GetStats'"
        _check("method", name, fault)
        if name in snakes.values():
            raise BadRequestError(f"method '{name}' is named twice")
        other = snakes.setdefault(_snake(name), name)
        if other != name:
            text = f"method '{name}' is '{_snake(name)}' in Python, as '{other}' is"
            raise BadRequestError(text)
    return names


def _snake(name: str) -> str:
    """Turn `GetStats` into `get_stats`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _make(
    target: Path, parts: Sequence[tuple[str, Path]], values: Mapping[str, object]
) -> None:
    """Render folders of templates into `target`, which must not exist."""
    if target.exists() or target.is_symlink():
        raise AlreadyExistsError(f"{target} exists; nothing was written")
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        for kind, place in parts:
            _render(kind, partial / place, values)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _render(kind: str, target: Path, values: Mapping[str, object]) -> None:
    environment = template_environment(kind)
    environment.filters["snake"] = _snake
    for name in environment.list_templates(["j2"]):
        path = target / name.removesuffix(".j2").replace("NAME", str(values["name"]))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(environment.get_template(name).render(values), "utf-8")

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What chimaera_repo.yaml and chimaera_mod.yaml may say; all else is refused.
"""Repositories and modules: plain data, validated.

Every problem of every file is reported at once, each as
``file:line: key: message``, so that one run shows all there is to mend.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from chimaera.codegen.document import (
    Entry,
    Problem,
    Report,
    nearest,
    read_mapping,
    shown,
)
from chimaera.codegen.methods import INHERITED, Method, enabled_methods, is_method
from chimaera.codegen.named_types import named_types
from chimaera.codegen.names import module_fault, namespace_fault
from chimaera.codegen.typed import Parameter, truth_of
from chimaera.codegen.types import Type

__all__ = [
    "MODULE_FILE",
    "REPO_FILE",
    "Module",
    "Repo",
    "SchemaError",
    "load_repo",
]

REPO_FILE = "chimaera_repo.yaml"
MODULE_FILE = "chimaera_mod.yaml"

MAX_MODULES = 256
MAX_PATH_LENGTH = 255

_REPO_KEYS = ("namespace", "version", "description", "modules")
_MODULE_KEYS = (
    "module_name",
    "name",
    "namespace",
    "version",
    "description",
    "author",
    "dependencies",
    "monitor",
    "types",
)
_VERSION = re.compile(r"\d{1,9}(\.\d{1,9}){0,3}([-+][0-9A-Za-z.+-]{1,32})?", re.ASCII)


@dataclass(frozen=True)
class Module:
    """One ChiMod; `methods` holds the enabled ones by rising id."""

    name: str
    namespace: str
    version: str
    directory: Path
    methods: tuple[Method, ...]
    description: str = ""
    types: tuple[Type, ...] = ()
    monitor: bool = False

    @property
    def is_typed(self) -> bool:
        """Whether any method has a generated task."""
        return any(method.is_typed for method in self.methods)

    @property
    def settings(self) -> tuple[Parameter, ...]:
        """The parameters of kCreate: settings of a pool."""
        return next(each.parameters for each in self.methods if each.name == "Create")


@dataclass(frozen=True)
class Repo:
    """One repository of modules that share a C++ namespace."""

    namespace: str
    version: str
    directory: Path
    modules: tuple[Module, ...]


class SchemaError(Exception):
    """The YAML of a repository cannot be used; `problems` lists every reason."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def load_repo(directory: Path, *, empty_ok: bool = False) -> Repo:
    """Read and validate a repository and all its modules.

    Parameters
    ----------
    directory : Path
        Holds `chimaera_repo.yaml` and the module directories.
    empty_ok : bool
        Whether there may be no module yet.

    Returns
    -------
    Repo
        Modules in the order of the `modules` list, else by directory name.

    Raises
    ------
    SchemaError
        Anything is wrong in any of the files.
    """
    report = Report(directory / REPO_FILE)
    entries = read_mapping(report.path, report)
    if entries is None:
        raise SchemaError(report.problems())
    _refuse_unknown(entries, _REPO_KEYS, report)
    namespace = _namespace(entries, report)
    version = _version(entries, report, "0.0.0")
    _text(entries, "description", report)
    reports = [report]
    modules: dict[str, Module] = {}
    for module_directory in _module_directories(
        directory, entries, report, empty_ok=empty_ok
    ):
        module_report = Report(module_directory / MODULE_FILE)
        reports.append(module_report)
        module = _load_module(module_directory, namespace, version, module_report)
        if module is None:
            continue
        if module.name in modules:
            other = modules[module.name].directory / MODULE_FILE
            message = f"'{module.name}' is already the module of {other}"
            module_report.add(1, "module_name", message)
        modules.setdefault(module.name, module)
    problems = [problem for each in reports for problem in each.problems()]
    if problems or namespace is None:
        raise SchemaError(problems)
    return Repo(namespace, version, directory, tuple(modules.values()))


def _load_module(
    directory: Path, namespace: str | None, version: str, report: Report
) -> Module | None:
    """Read one module; None if it has no usable name (`report` says why)."""
    entries = read_mapping(report.path, report)
    if entries is None:
        return None
    methods = {key: each for key, each in entries.items() if is_method(key)}
    others = {key: each for key, each in entries.items() if key not in methods}
    _refuse_unknown(others, _MODULE_KEYS, report)
    own = _namespace(others, report, optional=True)
    if own and namespace and own != namespace:
        message = f"'{own}' differs from '{namespace}' of {REPO_FILE}"
        report.add(others["namespace"].line, "namespace", message)
    version = _version(others, report, version)
    description = _text(others, "description", report) or ""
    _text(others, "author", report)
    _check_dependencies(others.get("dependencies"), report)
    named = named_types(others.get("types"), report)
    enabled = enabled_methods(methods, named, report)
    name = _module_name(others, namespace, report)
    if name is None:
        return None
    monitor = truth_of(others.get("monitor"), report)
    types = tuple(named.values())
    module = Module(
        name, namespace or "", version, directory, enabled, description, types, monitor
    )
    if monitor and not module.is_typed:
        message = "is for modules with a typed method; others have a header to say it"
        report.add(others["monitor"].line, "monitor", message)
    return module


def _refuse_unknown(
    entries: Mapping[str, Entry], known: tuple[str, ...], report: Report
) -> None:
    for key, entry in entries.items():
        if key in known:
            continue
        methods = INHERITED if known is _MODULE_KEYS else ()
        message = f"unknown key{nearest(key, [*known, *methods])}"
        if methods and key == "methods":
            message = "not a key; write each method as a line 'kName: id'"
        elif methods and message == "unknown key" and key.startswith("k"):
            message += "; a method is 'k' and a PascalCase name"
        report.add(entry.line, key, message)


def _text(entries: Mapping[str, Entry], key: str, report: Report) -> str | None:
    """Return an optional text; None if absent or not a text."""
    entry = entries.get(key)
    return None if entry is None else _text_of(entry, report)


def _text_of(entry: Entry, report: Report) -> str | None:
    if entry.kind == "str" and entry.text:
        return entry.text
    if entry.text is None:
        report.add(entry.line, entry.key, "must be text, not a list or mapping")
    elif entry.text == "" or entry.kind == "null":
        report.add(entry.line, entry.key, "has no value")
    elif entry.kind in ("int", "float", "bool", "timestamp"):
        message = f'must be text; write "{shown(entry.text)}" in quotes'
        report.add(entry.line, entry.key, message)
    else:
        report.add(entry.line, entry.key, "must be plain text, without a tag")
    return None


def _namespace(
    entries: Mapping[str, Entry], report: Report, *, optional: bool = False
) -> str | None:
    if "namespace" not in entries:
        if not optional:
            report.add(1, "namespace", "missing")
        return None
    namespace = _text(entries, "namespace", report)
    fault = namespace_fault(namespace) if namespace else None
    if namespace and fault:
        line = entries["namespace"].line
        report.add(line, "namespace", f"'{shown(namespace)}' {fault}")
        return None
    return namespace


def _module_name(
    entries: Mapping[str, Entry], namespace: str | None, report: Report
) -> str | None:
    given = [key for key in ("module_name", "name") if key in entries]
    if not given:
        report.add(1, "module_name", "missing")
        return None
    if len(given) == 2:
        line = entries["name"].line
        report.add(line, "name", "means 'module_name', which is given too")
    name = _text(entries, given[0], report)
    fault = module_fault(name, namespace) if name else None
    if name and fault:
        report.add(entries[given[0]].line, given[0], f"'{shown(name)}' {fault}")
        return None
    return name


def _version(entries: Mapping[str, Entry], report: Report, default: str) -> str:
    """Return the version as written: YAML would read 1.10 as the number 1.1."""
    entry = entries.get("version")
    if entry is None:
        return default
    if entry.text is not None and _VERSION.fullmatch(entry.text):
        return entry.text
    value = "a list or mapping" if entry.text is None else f"'{shown(entry.text)}'"
    report.add(entry.line, "version", f"{value} is not a version such as 1.0.0")
    return default


def _check_dependencies(entry: Entry | None, report: Report) -> None:
    """Documentation only so far as the generator goes, but never nonsense."""
    if entry is None:
        return
    if entry.items is None:
        report.add(entry.line, entry.key, "must be a list of module names")
        return
    for item in entry.items:
        _text_of(item, report)


def _module_directories(
    directory: Path,
    entries: Mapping[str, Entry],
    report: Report,
    *,
    empty_ok: bool,
) -> list[Path]:
    """Return the listed directories, or else those that hold a module file."""
    entry = entries.get("modules")
    if entry is None:
        found = _found_directories(directory)
        if not found and not empty_ok:
            report.add(1, "modules", f"no subdirectory holds a {MODULE_FILE}")
    elif entry.items is None:
        report.add(entry.line, "modules", "must be a list of directories")
        return []
    elif not entry.items:
        report.add(entry.line, "modules", "is empty; without it, all are found")
        return []
    else:
        found = list(_listed_directories(directory, entry.items, report))
    if len(found) > MAX_MODULES:
        line = 1 if entry is None else entry.line
        message = f"{len(found)} modules; at most {MAX_MODULES}"
        report.add(line, "modules", message)
    return found[:MAX_MODULES]


def _found_directories(directory: Path) -> list[Path]:
    """Look for modules in subdirectories, and in theirs: `modules/store`.

    A directory with a repository file of its own is another repository.
    """
    return sorted(
        path.parent
        for pattern in ("*", "*/*")
        for path in directory.glob(f"{pattern}/{MODULE_FILE}")
        if path.parent.parent == directory
        or not (path.parent.parent / REPO_FILE).exists()
    )


def _listed_directories(
    directory: Path, items: list[Entry], report: Report
) -> Iterator[Path]:
    seen: set[PurePosixPath] = set()
    for item in items:
        text = _text_of(item, report)
        if text is None:
            continue
        relative = PurePosixPath(text)
        fault = None
        if relative.is_absolute() or ".." in relative.parts or "\0" in text:
            fault = "must lie inside the repository"
        elif relative in seen:
            fault = "is listed twice"
        elif len(text) > MAX_PATH_LENGTH or not (directory / relative).is_dir():
            near = nearest(text, (path.name for path in directory.glob("*/")))
            fault = f"is not a directory of the repository{near}"
        elif not (directory / relative / MODULE_FILE).is_file():
            fault = f"has no {MODULE_FILE}"
        seen.add(relative)
        if fault:
            report.add(item.line, "modules", f"'{shown(text)}' {fault}")
        else:
            yield directory / relative

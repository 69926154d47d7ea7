# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The table of settings is C++ (src/cpp/core/setting_table.cc), and so is what reads
# files and the environment: here they are shown.
"""Settings of a runtime: what there is, what holds, and why."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from chimaera import log_bridge
from chimaera._extension import core
from chimaera.module_packages import on_repo_path
from chimaera.task import DEFAULT_TIMEOUT_S, Future, deadline_ms

if TYPE_CHECKING:
    from chimaera.runtime import Runtime

__all__ = [
    "ConfigError",
    "Setting",
    "Value",
    "check",
    "default_file",
    "reference_table",
    "schema",
    "settings",
    "show",
    "show_running",
]

_SIZE_PATTERN = r"^\s*\d+(\.\d*)?\s*([KMGTkmgt][i]?)?[Bb]?\s*$"
_DURATION_PATTERN = r"^\s*(0|\d+(\.\d*)?\s*(ns|us|ms|s|min|h))\s*$"
_YAML_WIDTH = 78

_DEFAULT_HEAD = """\
# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Every setting of a runtime with its default, as `chimaera config default` prints
# them. A file of yours names only what it changes. Sizes: B, KB, MB, GB, TB, powers
# of 1024. Times: ns, us, ms, s, min, h.
"""

_DEFAULT_COMPOSE = """
# Pools to make at the start, in this order. mod_name, pool_name and pool_id are
# required; keys beside those below are the module's own. For example:
#   - mod_name: chimaera_bdev
#     pool_name: ram://scratch
#     pool_id: 200.0
#     pool_query: dynamic   # or local
#     num_containers: 1     # on each node
#     bdev_type: ram
#     capacity: 2GB
compose: []
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, as the runtime knows it.

    Attributes
    ----------
    key : str
        Section and name, as ``runtime.num_threads``.
    type : str
        ``number``, ``size`` (bytes), ``duration`` (nanoseconds), ``bool``, ``text``,
        ``choice`` or ``paths``.
    default : str
        As it would stand in a file.
    minimum, maximum : int
        Of numbers, sizes and durations; of texts, letters, 0 for no bound.
    possible : str
        What it may be, in words.
    choices : tuple of str
    doc : str
    variable : str
        That of the environment.
    """

    key: str
    type: str
    default: str
    minimum: int
    maximum: int
    possible: str
    choices: tuple[str, ...]
    doc: str
    variable: str


@dataclass(frozen=True, slots=True)
class Value:
    """What holds for one setting.

    Attributes
    ----------
    key : str
    value : bool, int, str or list of str
        Sizes and durations with their unit.
    origin : str
        ``default``, ``FILE:LINE``, the variable's name, or ``argument``.
    """

    key: str
    value: Any
    origin: str


@dataclass(frozen=True, slots=True)
class ConfigError:
    """One mistake of a configuration.

    Attributes
    ----------
    origin : str
        The file, ``environment`` or ``argument``.
    line : int
        From 1; 0 where there are no lines.
    key : str
        May be empty, where the text is no YAML.
    message : str
    """

    origin: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        line = f":{self.line}" if self.line else ""
        key = f": {self.key}" if self.key else ""
        return f"{self.origin}{line}{key}: {self.message}"


def settings() -> list[Setting]:
    """List all settings, those of a section together."""
    return [Setting(*row) for row in core.settings()]


def show(
    file: str | os.PathLike[str] | None = None,
    *,
    arguments: Mapping[str, str] | Iterable[tuple[str, str]] = (),
) -> tuple[list[Value], list[ConfigError]]:
    """Tell what would hold for a runtime that is started here and now.

    Parameters
    ----------
    file : path, optional
        By default the one that ``CHI_SERVER_CONF`` names, if any.
    arguments : mapping or pairs, optional
        Settings that go before the environment, as ``chimaera start --set``.

    Returns
    -------
    values : list of Value
    errors : list of ConfigError
        If there are any, no runtime would start.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    pairs = list(arguments.items() if isinstance(arguments, Mapping) else arguments)
    path = file or os.environ.get("CHI_SERVER_CONF") or None
    rows, errors, _ = core.read_config(
        _text(path), os.fspath(path or ""), environment=True, arguments=pairs
    )
    values = [
        Value(key, yaml.safe_load(text), _origin(origin, line, name))
        for key, text, origin, line, name in rows
    ]
    return values, [ConfigError(*row) for row in errors]


def show_running(
    runtime: Runtime, *, timeout_s: float = DEFAULT_TIMEOUT_S
) -> list[Value]:
    """Tell what holds for a runtime that runs, and where it was set.

    Parameters
    ----------
    runtime : Runtime
    timeout_s : float
        Seconds to wait for the answer.

    Returns
    -------
    list of Value
        Lines of files are those at its start.
    """
    texts, _, _, _ = describe_runtime(runtime, timeout_s)
    rows = zip(*(iter(texts),) * 5, strict=True)
    return [
        Value(key, yaml.safe_load(text), _origin(origin, int(line), name))
        for key, text, origin, line, name in rows
    ]


def describe_runtime(
    runtime: Runtime, timeout_s: float
) -> tuple[list[str], list[str], list[str], str]:
    """Ask for settings, directories of modules, modules, and the file of the log."""
    call = core.describe_runtime(runtime.connection, deadline_ms(timeout_s))
    answer: Future[tuple[list[str], list[str], list[str], str]]
    answer = Future(call, "description of the runtime")
    return answer.result_or_cancel(timeout_s)


def check(file: str | os.PathLike[str]) -> list[ConfigError]:
    """Find all mistakes of a file, its pools' and modules' too.

    Parameters
    ----------
    file : path

    Returns
    -------
    list of ConfigError
        By line.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    _log_as_local()
    with on_repo_path():
        errors = core.check_config(_text(file), os.fspath(file))
    return [ConfigError(*row) for row in errors]


def _log_as_local() -> None:
    """Log to where `chimaera.local` does; to load modules is logged."""
    log_bridge.use()
    if not core.log_level_is_fixed():
        core.set_log_level(log_bridge.level_wanted())


def _text(path: str | os.PathLike[str] | None) -> bytes:
    return b"" if path is None else Path(path).read_bytes()


def _origin(origin: str, line: int, name: str) -> str:
    if not origin:
        return "default"
    if line:
        return f"{origin}:{line}"
    return name if origin == "environment" else origin


# ---- what is made of the table ------------------------------------------------


def _sections() -> Iterator[tuple[str, list[Setting]]]:
    sections: dict[str, list[Setting]] = {}
    for setting in settings():
        sections.setdefault(setting.key.split(".")[0], []).append(setting)
    yield from sections.items()


def default_file() -> str:
    """Write a file with every setting, its meaning and its default."""
    lines = [_DEFAULT_HEAD]
    for section, members in _sections():
        lines.append(f"{section}:")
        for setting in members:
            about = f"{setting.doc} ({setting.possible})"
            lines += textwrap.wrap(
                about, _YAML_WIDTH, initial_indent="  # ", subsequent_indent="  # "
            )
            lines.append(f"  {setting.key.split('.')[1]}: {setting.default}")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n" + _DEFAULT_COMPOSE


def reference_table() -> str:
    """Write the table of docs/reference/configuration.md."""
    lines = ["| key | default | possible | meaning |", "|---|---|---|---|"]
    for setting in settings():
        possible = setting.possible
        if setting.type == "choice":
            possible = ", ".join(f"`{choice}`" for choice in setting.choices)
        lines.append(
            f"| `{setting.key}` | `{setting.default}` | {possible} | {setting.doc} |"
        )
    return "\n".join(lines) + "\n"


def schema() -> dict[str, Any]:
    """Make the JSON schema of a configuration file, for editors."""
    sections: dict[str, Any] = {}
    for section, members in _sections():
        sections[section] = {
            "type": ["object", "null"],
            "additionalProperties": False,
            "properties": {s.key.split(".")[1]: _schema_of(s) for s in members},
        }
    sections["compose"] = {
        "type": ["array", "null"],
        "description": "pools to make at the start, in this order",
        "items": _schema_of_entries(),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of a Chimaera runtime",
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": sections,
    }


def _schema_of_entries() -> dict[str, Any]:
    """Tell what every entry has, and what that of each module that is found has."""
    common: dict[str, Any] = {
        "mod_name": {"type": "string", "minLength": 1},
        "pool_name": {"type": "string", "minLength": 1},
        "pool_id": {"type": ["string", "number"]},
        "pool_query": {"enum": ["local", "dynamic", "broadcast"]},
        "num_containers": {"type": "integer", "minimum": 1, "maximum": 4096},
    }
    cases = [
        {
            "if": {"properties": {"mod_name": {"const": name}}},
            "then": {
                "properties": common | own,
                "additionalProperties": False,
            },
        }
        for name, own in modules_settings().items()
    ]
    return {
        "type": "object",
        "required": ["mod_name", "pool_name", "pool_id"],
        "properties": common,
        "allOf": cases,
    }


def modules_settings() -> dict[str, dict[str, Any]]:
    """Make the schemas of the keys of all modules that are found, by module.

    Their code is loaded, and asked which keys it reads. A module that reads them
    by itself, without chi::ModuleConfig, or that does not fit, is not among them.
    """
    from chimaera.modules import find

    found: dict[str, dict[str, Any]] = {}
    _log_as_local()
    with on_repo_path():
        for module in find():
            if module.mistake:
                continue
            rows = core.module_settings(module.name)
            if rows:
                found[module.name] = {
                    row[0]: _schema_of_module_key(*row[1:]) for row in rows
                }
    return found


def _schema_of_module_key(
    kind: str, minimum: int, maximum: int, default: str
) -> dict[str, Any]:
    if kind == "bool":
        return {"type": "boolean", "default": default == "true"}
    if kind == "number":
        facts = {"type": "integer", "minimum": minimum, "maximum": maximum}
        return {**facts, "default": int(default)}
    if kind == "size":
        facts = {"type": ["string", "integer"], "pattern": _SIZE_PATTERN}
        return {**facts, "default": int(default)}
    # A number of a typed module is read as a text.
    return {"type": ["string", "number"], "default": default}


def _schema_of(setting: Setting) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "description": f"{setting.doc} ({setting.possible})",
        "default": yaml.safe_load(setting.default),
    }
    if setting.type == "number":
        facts |= {
            "type": "integer",
            "minimum": setting.minimum,
            "maximum": setting.maximum,
        }
    elif setting.type == "size":
        facts |= {"type": ["string", "integer"], "pattern": _SIZE_PATTERN}
    elif setting.type == "duration":
        facts |= {"type": ["string", "integer"], "pattern": _DURATION_PATTERN}
    elif setting.type == "bool":
        facts["type"] = "boolean"
    elif setting.type == "choice":
        facts["enum"] = list(setting.choices)
    elif setting.type == "paths":
        facts |= {
            "type": ["array", "null"],
            "items": {"type": "string", "pattern": "^/"},
        }
    else:
        is_path = "path" in setting.possible
        facts |= {
            "type": "string",
            "maxLength": setting.maximum,
            "pattern": "^(/.*)?$" if is_path else "^[A-Za-z0-9_-]*$",
        }
    return facts

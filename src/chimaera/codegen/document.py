# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Reads one small YAML mapping, keeps line numbers, refuses what could hurt.
"""YAML files as flat mappings whose every problem has a line.

Nothing is constructed from the YAML: the composer's nodes are read directly,
so tags cannot create objects. Size, nesting and aliases are bounded before
the recursive composer sees the file.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

__all__ = ["Entry", "Problem", "Report", "nearest", "read_mapping", "shown"]

#: A configuration of this kind has a few hundred bytes.
MAX_FILE_BYTES = 64 * 1024
#: A mapping of lists of scalars needs two levels.
MAX_DEPTH = 8
#: Further problems of one file are counted, not listed.
MAX_PROBLEMS = 50
MAX_SHOWN = 60


@dataclass(frozen=True)
class Problem:
    """One thing to mend: where, which key, what is wrong."""

    path: Path
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        """Format as ``file:line: key: message``, which editors can follow."""
        key = f"{shown(self.key)}: " if self.key else ""
        return f"{self.path}:{self.line}: {key}{self.message}"


class Report:
    """The problems of one file, in the order in which they are found."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._found: list[Problem] = []

    def add(self, line: int, key: str, message: str) -> None:
        """Record a problem; `line` counts from 1, `key` may be empty."""
        self._found.append(Problem(self.path, line, key, message))

    def problems(self) -> list[Problem]:
        """Return what was found, by line, at most `MAX_PROBLEMS` and a count."""
        found = sorted(self._found, key=lambda problem: problem.line)
        rest = len(found) - MAX_PROBLEMS
        if rest <= 0:
            return found
        last = found[MAX_PROBLEMS]
        more = Problem(self.path, last.line, "", f"{rest} more problems from here on")
        return [*found[:MAX_PROBLEMS], more]


@dataclass(frozen=True)
class Entry:
    """A key of a mapping with its value, not yet interpreted.

    `where` is the way to the mapping, "kReduce." for one below key `kReduce`.
    """

    key: str
    line: int
    node: yaml.Node
    where: str = ""

    @property
    def label(self) -> str:
        """The key with the way to it, for messages."""
        return f"{self.where}{self.key}"

    @property
    def text(self) -> str | None:
        """The scalar as written, whatever its type; None for a collection."""
        if not isinstance(self.node, yaml.ScalarNode):
            return None
        return str(self.node.value)

    @property
    def kind(self) -> str:
        """`str`, `int`, `float`, `bool`, `null`, `seq`, `map` or a foreign tag."""
        return str(self.node.tag).removeprefix("tag:yaml.org,2002:")

    @property
    def items(self) -> list[Entry] | None:
        """The elements of a list, each under this key; None if not a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            return None
        return [
            Entry(self.key, _line(node), node, self.where) for node in self.node.value
        ]

    @property
    def is_mapping(self) -> bool:
        """Whether the value is one of `key: value` pairs."""
        return isinstance(self.node, yaml.MappingNode)

    def pairs(self, report: Report, where: str) -> Mapping[str, Entry]:
        """Return the value's pairs. `where` becomes that of the entries.

        The value must be a mapping.
        """
        return _pairs(self.node, report, where)


def shown(text: str) -> str:
    """Return `text` short and free of control characters, for a message."""
    if len(text) > MAX_SHOWN:
        text = text[:MAX_SHOWN] + "…"
    return text if text.isprintable() else ascii(text)[1:-1]


def nearest(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" for the closest of `known`, or ""."""
    close = difflib.get_close_matches(word[:MAX_SHOWN], list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def read_mapping(path: Path, report: Report) -> Mapping[str, Entry] | None:
    """Read the file at `path` as one mapping with unique keys.

    Parameters
    ----------
    path : Path
        A regular file of at most `MAX_FILE_BYTES` bytes of UTF-8.
    report : Report
        Receives everything that is wrong.

    Returns
    -------
    mapping of str to Entry, optional
        In the file's order. None if the file as a whole cannot be used; then
        `report` has said why.
    """
    text = _read_text(path, report)
    root = None if text is None else _compose(text, report)
    if root is None:
        return None
    if not isinstance(root, yaml.MappingNode):
        report.add(_line(root), "", "must consist of 'key: value' lines")
        return None
    return _pairs(root, report, "")


def _pairs(root: yaml.Node, report: Report, where: str) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for key_node, value in root.value:
        line = _line(key_node)
        if not isinstance(key_node, yaml.ScalarNode):
            report.add(line, where.rstrip("."), "a key must be one word")
            continue
        entry = Entry(str(key_node.value), line, value, where)
        if entry.key in entries:
            first = entries[entry.key].line
            report.add(line, entry.label, f"already given on line {first}")
            continue
        entries[entry.key] = entry
    return entries


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _read_text(path: Path, report: Report) -> str | None:
    """Return the file's text; a pipe or device is refused, not waited for."""
    try:
        if not path.is_file():
            report.add(1, "", "no such file" if not path.exists() else "not a file")
            return None
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        report.add(1, "", f"cannot be read: {error.strerror}")
        return None
    if len(data) > MAX_FILE_BYTES:
        report.add(1, "", f"larger than {MAX_FILE_BYTES} bytes")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        report.add(line, "", f"byte 0x{data[error.start]:02x} is not UTF-8")
        return None


def _compose(text: str, report: Report) -> yaml.Node | None:
    try:
        if not _is_harmless(text, report):
            return None
        root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        report.add(line, "", f"not valid YAML: {error.problem or error.context}")
        return None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        code = ord(text[error.position])
        report.add(line, "", f"character U+{code:04X} is not allowed in YAML")
        return None
    if root is None:
        report.add(1, "", "empty; expected 'key: value' lines")
    return root


def _is_harmless(text: str, report: Report) -> bool:
    """Check by the flat event stream what composing would recurse into."""
    depth = 0
    documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = 1 if event.start_mark is None else event.start_mark.line + 1
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        elif isinstance(event, yaml.AliasEvent):
            report.add(line, "", f"alias '*{event.anchor}': write the value out")
            return False
        if depth > MAX_DEPTH:
            report.add(line, "", f"nested deeper than {MAX_DEPTH} levels")
            return False
        if documents > 1:
            report.add(line, "", "a second document; one per file")
            return False
    return True

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The files under check. Rules see a mapping from path to text and nothing else,
# so that their own tests can make a tree up.
"""Trees of source files, and what is found wrong in them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CODE", "CPP", "Finding", "Tree", "load_tree", "numbered", "strip_cpp"]

Tree = Mapping[str, str]

CPP = (".h", ".cc")
CODE = (*CPP, ".py", ".pyi")


@dataclass(frozen=True, order=True)
class Finding:
    """Something wrong in one line of one file."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        """Print as compilers do, so that editors can jump to it."""
        return f"{self.path}:{self.line}: {self.message}"


def load_tree(root: Path) -> dict[str, str]:
    """Read what git tracks or would add; binary files are left out."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    tree = {}
    for path in sorted(filter(None, listing.stdout.split("\0"))):
        if (root / path).is_file():
            try:
                tree[path] = (root / path).read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
    return tree


_CPP_TOKEN = re.compile(
    r"""//[^\n]*                              # comment to the end of the line
      | /\*.*?\*/                             # comment
      | R"(?P<tag>[^(\s]{0,16})\(.*?\)(?P=tag)"   # raw string
      | "(?:\\.|[^"\\\n])*"                   # string
      | (?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'   # character, not a digit separator
    """,
    re.VERBOSE | re.DOTALL,
)


def strip_cpp(text: str) -> str:
    """Blank comments, strings and characters; keep every line where it is."""

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", match.group())

    return _CPP_TOKEN.sub(blank, text)


def numbered(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, from 1."""
    return enumerate(text.splitlines(), start=1)

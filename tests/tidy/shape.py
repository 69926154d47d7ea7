# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What files and folders look like from outside: size, first lines, guards, and
# whether a folder says what it is for.
"""Rules about size and explanation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tidy.functions import cpp_functions, python_functions
from tidy.tree import CODE, CPP, Finding, Tree, numbered

__all__ = ["check_folders", "check_guards", "check_headers", "check_sizes"]

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
LINE_LENGTH_MAX = {".h": 80, ".cc": 80, ".py": 88, ".pyi": 88}

_SPDX = (
    "SPDX-FileCopyrightText: 2026 The Chimaera Authors",
    "SPDX-License-Identifier: BSD-3-Clause",
)
_HASH_COMMENTS = (".py", ".pyi", ".cmake", ".sh", ".yaml", ".yml", ".toml")
_HASH_NAMES = ("CMakeLists.txt", "Makefile", ".gitignore", ".clang-format")
_EXPLANATIONS = ("README.md", "CMakeLists.txt", "__init__.py", "index.md")


def check_sizes(tree: Tree) -> Iterator[Finding]:
    """Files, functions and lines have a limit."""
    for path, text in tree.items():
        suffix = PurePosixPath(path).suffix
        if suffix not in CODE:
            continue
        lines = text.count("\n")
        if lines > FILE_LINES_MAX:
            message = f"{lines} lines, {FILE_LINES_MAX} at most: one idea per file"
            yield Finding(path, lines, message)
        limit = LINE_LENGTH_MAX[suffix]
        for number, line in numbered(text):
            if len(line) > limit:
                yield Finding(path, number, f"{len(line)} columns, {limit} at most")
        functions = cpp_functions if suffix in CPP else python_functions
        for first, length, name in functions(text):
            if length > FUNCTION_LINES_MAX:
                message = (
                    f"{name} has {length} lines, {FUNCTION_LINES_MAX} at most: "
                    "keep branching here, move the straight parts out"
                )
                yield Finding(path, first, message)


def check_headers(tree: Tree) -> Iterator[Finding]:
    """Every file starts with the SPDX pair and a comment on its purpose."""
    for path, text in tree.items():
        name = PurePosixPath(path.removesuffix(".in"))  # CMake fills these in
        if name.suffix in CPP:
            mark = "//"
        elif name.suffix in _HASH_COMMENTS or name.name in _HASH_NAMES:
            mark = "#"
        else:
            continue
        lines = text.splitlines()
        start = 1 if lines and lines[0].startswith("#!") else 0
        expected = [f"{mark} {tag}" for tag in _SPDX]
        if lines[start : start + 2] != expected:
            yield Finding(path, start + 1, f"does not start with '{expected[0]}'")
            continue
        purpose = [line for line in lines[start + 2 :] if line not in ("", mark)]
        if not purpose or not purpose[0].startswith((f"{mark} ", '"""')):
            message = "no purpose comment after the SPDX lines: what is this file for?"
            yield Finding(path, start + 3, message)


def check_guards(tree: Tree) -> Iterator[Finding]:
    """Include guards are named after the path."""
    for path, text in tree.items():
        match = re.match(r"src/cpp/(?:include/chimaera/)?(.+)\.h$", path)
        if match:
            words = re.sub(r"\W", "_", match.group(1)).upper()
            guard = f"CHIMAERA_{words}_H_"
            if f"#ifndef {guard}\n#define {guard}\n" not in text:
                yield Finding(path, 1, f"the include guard is not {guard}")


def check_folders(tree: Tree) -> Iterator[Finding]:
    """A folder explains itself, or one above it names and explains it."""
    folders = {parent for path in tree for parent in PurePosixPath(path).parents}
    for folder in sorted(folders - {PurePosixPath()}):
        if "include" in folder.parts or folder.parts[0].startswith("."):
            continue  # headers are explained by their layer or module
        if _explanation(tree, folder):
            continue
        above = [_explanation(tree, parent) for parent in folder.parents]
        if not any(re.search(rf"\b{folder.name}/", text) for text in above):
            message = (
                "the folder does not say what it is for: a comment in its "
                "CMakeLists.txt, a docstring in __init__.py, or a README.md"
            )
            yield Finding(str(folder), 1, message)


def _explanation(tree: Tree, folder: PurePosixPath) -> str:
    """Explain the folder: its README, or comments that its build file opens with."""
    texts = []
    for name in _EXPLANATIONS:
        text = tree.get(str(folder / name), "")
        if name == "CMakeLists.txt":
            comment = re.match(r"(?:#[^\n]*\n)*", text)
            text = comment.group() if comment else ""
        if name == "__init__.py" and '"""' not in text:
            text = ""
        texts.append(text)
    return "".join(texts)

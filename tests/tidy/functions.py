# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Where functions begin and end. Python is parsed; C++ is not, but a brace that
# follows a parenthesis outside of any function opens one, which is enough for
# code that clang-format has laid out.
"""Functions of a source file with their lengths."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tidy.tree import strip_cpp

__all__ = ["cpp_functions", "python_functions"]

Function = tuple[int, int, str]  # first line, lines, name

_SCOPE = re.compile(r"(?:inline\s+)?(?:namespace|class|struct|union|enum|extern)\b")
_TEMPLATE = re.compile(r"template\s*<[^{;]*?>\s*(?=\w|\[)")
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
_BEFORE = re.compile(r"(?:\s|(?:public|protected|private)\s*:)*")
_NAME = re.compile(r"(~?\w+|operator\W+)\s*\(")
_MEMBER_INIT = re.compile(r"\)[^;]*[:,]\s*[\w:<>]+\s*$", re.DOTALL)


def python_functions(text: str) -> Iterator[Function]:
    """Functions and methods; a docstring does not count."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if ast.get_docstring(node, clean=False) is not None:
                docstring = node.body[0]
                lines -= (docstring.end_lineno or 0) - docstring.lineno + 1
            yield node.lineno, lines, node.name


def cpp_functions(text: str) -> Iterator[Function]:
    """Functions, methods and test cases; lambdas count with their parent."""
    code = re.sub(
        r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", _blank, strip_cpp(text), flags=re.MULTILINE
    )
    statement = 0  # where the current statement starts
    position = 0
    while position < len(code):
        character = code[position]
        if character in ";}":
            statement = position + 1
        elif character == "{":
            head = code[statement:position].strip()
            if _SCOPE.match(_TEMPLATE.sub("", head)):
                statement = position + 1
            else:
                end = _closing_brace(code, position)
                if "(" in head and not _MEMBER_INIT.search(head):
                    before = _BEFORE.match(code, statement)
                    start = before.end() if before else statement
                    first = code.count("\n", 0, start) + 1
                    last = code.count("\n", 0, end) + 1
                    name = _NAME.search(head)
                    yield first, last - first + 1, name.group(1) if name else head
                    statement = end + 1
                position = end
        position += 1


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match.group())


def _closing_brace(code: str, position: int) -> int:
    """Index of the brace that closes the one at `position`, or the end."""
    depth = 0
    for match in re.finditer(r"[{}]", code[position:]):
        depth += 1 if match.group() == "{" else -1
        if depth == 0:
            return position + match.start()
    return len(code) - 1

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Pages are checked against what they describe, by marks that readers do not see:
#
#   <!-- runnable -->                 above a block: test_readme.py runs it
#   <!-- not run: why -->              above a block of Python that it does not
#   <!-- quoted from: FILE -->         above a block: its lines stand in FILE, in
#                                      one piece or in pieces parted by "..."
#   <!-- output of: chimaera ... -->   above a block: what the command prints
"""README.md and docs/ say what is true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
PAGE_LINES_MAX = 300
SECONDS_MAX = 600


class Block(NamedTuple):
    """One fenced block of a page."""

    line: int  # of its first line of text, from 1
    language: str
    mark: str  # the comment above it, without its brackets
    text: str


def blocks_of(page: Path) -> Iterator[Block]:
    """Split a page into its fenced blocks."""
    language, mark, start = None, "", 0
    lines: list[str] = []
    for number, line in enumerate(page.read_text("utf-8").splitlines(), start=1):
        if language is None and line.startswith("```"):
            language, start, lines = line[3:].strip(), number + 1, []
        elif language is not None and line.startswith("```"):
            yield Block(start, language, mark, "\n".join(lines))
            language, mark = None, ""
        elif language is not None:
            lines.append(line)
        elif match := re.fullmatch(r"<!-- (.+) -->", line):
            mark = match.group(1)
        elif line:
            mark = ""


def marked(word: str) -> list[Any]:
    """Blocks of all pages whose mark begins so, as parameters."""
    return [
        pytest.param(page, block, id=f"{page.relative_to(ROOT)}:{block.line}")
        for page in PAGES
        for block in blocks_of(page)
        if block.mark.startswith(word)
    ]


def rows(page: str) -> Iterator[list[str]]:
    """Cells of all table rows of a page that begin with a name or a number."""
    for line in (ROOT / page).read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("|") and re.match(r"`[^`]+`$|\d+$", cells[0]):
            yield [cell.strip("`") for cell in cells]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_is_run_or_says_why_not(page: Path) -> None:
    for block in blocks_of(page):
        if block.language == "python":
            said = block.mark == "runnable" or block.mark.startswith("not run: ")
            assert said, f"{page}:{block.line}"


@pytest.mark.parametrize(("page", "block"), marked("quoted from: "))
def test_a_quotation_stands_in_its_source(page: Path, block: Block) -> None:
    source = block.mark.removeprefix("quoted from: ")
    text = (ROOT / source).read_text("utf-8")
    at = 0
    for piece in re.split(r"^\s*\.\.\.\n", block.text, flags=re.MULTILINE):
        found = text.find(piece.rstrip("\n") + "\n", at)
        where = f"{page}:{block.line}: not, or not here, in {source}"
        assert found >= 0, f"{where}:\n{piece}"
        at = found + len(piece)


@pytest.mark.parametrize(("page", "block"), marked("output of: "))
def test_a_help_text_is_what_is_printed(page: Path, block: Block) -> None:
    command = block.mark.removeprefix("output of: chimaera").split()
    done = subprocess.run(
        [sys.executable, "-m", "chimaera", *command],
        env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    # Versions of argparse break lines differently.
    printed = (done.stdout or done.stderr).split()
    assert block.text.split() == printed, f"{page}:{block.line}"


def test_every_command_has_its_help_on_a_page() -> None:
    from chimaera.cli import COMMANDS

    shown = {block.mark for page in PAGES for block in blocks_of(page)}
    wanted = {f"output of: chimaera {name} --help" for name in COMMANDS}
    assert wanted <= shown


def test_what_is_made_of_the_settings_is_current() -> None:
    from chimaera import config

    default = ROOT / "src/cpp/config/chimaera_default.yaml"
    how = "chimaera config default > src/cpp/config/chimaera_default.yaml"
    assert default.read_text("utf-8") == config.default_file(), how
    page = (ROOT / "docs/reference/configuration.md").read_text("utf-8")
    assert config.reference_table() in page, "chimaera config table"


def test_every_status_code_is_explained() -> None:
    from chimaera import errors

    header = (ROOT / "src/cpp/include/chimaera/base/status.h").read_text("utf-8")
    enumeration = re.search(r"enum class StatusCode[^{]*\{(.*?)\};", header, re.DOTALL)
    assert enumeration is not None
    codes = {
        (int(number), name)
        for name, number in re.findall(r"\bk(\w+) = (\d+),", enumeration.group(1))
    }
    table = [
        row
        for row in rows("docs/reference/status_codes.md")
        if row[0].isdigit() and len(row) > 2
    ]
    assert {(int(row[0]), row[1]) for row in table} == codes
    for row in table:
        if row[0] != "0":
            assert type(errors.from_code(int(row[0]), "")).__name__ == row[2]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_has_one_title_and_a_bounded_length(page: Path) -> None:
    text = page.read_text("utf-8")
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    assert len(re.findall(r"^# ", prose, re.MULTILINE)) == 1
    assert text.startswith("# ")
    assert text.count("\n") <= PAGE_LINES_MAX


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page}: no {target}"


def test_every_page_is_listed() -> None:
    docs = ROOT / "docs"
    index = (docs / "index.md").read_text("utf-8")
    pages = {str(page.relative_to(docs)) for page in docs.rglob("*.md")}
    listed = set(re.findall(r"\]\(([^)]+\.md)\)", index))
    assert pages - listed <= {"index.md"}

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# `make docs` has made the site; a warning there was an error already.
"""The documentation as a site: whole, and read without a network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import chimaera

ROOT = Path(__file__).parents[2]
SITE = Path(os.environ.get("CHI_TEST_SITE_DIR", ROOT / "build/docs/html"))

pytestmark = pytest.mark.skipif(
    "CHI_TEST_SITE_DIR" not in os.environ and not SITE.exists(),
    reason="no site: make docs",
)


class Links(HTMLParser):
    """What a page shows or loads (tag, address), and where it can be linked to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.anchors: set[str] = set()
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect."""
        values = dict(attrs)
        for name in ("href", "src"):
            if values.get(name):
                self.links.append((tag, values[name] or ""))
        for name in ("id", "name"):
            if values.get(name):
                self.anchors.add(values[name] or "")


@pytest.fixture(scope="module")
def pages() -> dict[Path, Links]:
    """All pages except those of Doxygen."""
    found = {
        path: Links(path)
        for path in SITE.rglob("*.html")
        if SITE / "cpp" not in path.parents
    }
    assert found
    return found


def local(links: Links) -> Iterator[tuple[str, str]]:
    """Path and anchor of every link within the site."""
    for _, address in links.links:
        parts = urlsplit(address)
        if not parts.scheme and not parts.netloc:
            yield unquote(parts.path), unquote(parts.fragment)


def test_every_page_is_there() -> None:
    written = {
        page.relative_to(ROOT / "docs").with_suffix(".html")
        for page in (ROOT / "docs").rglob("*.md")
        if page.name != "_template.md"
    }
    assert {page for page in written if not (SITE / page).exists()} == set()
    assert (SITE / "searchindex.js").exists()


def test_links_lead_somewhere(pages: dict[Path, Links]) -> None:
    wrong = []
    for page, links in pages.items():
        for path, anchor in local(links):
            target = (page.parent / path).resolve() if path else page
            if not target.exists():
                wrong.append(f"{page.name}: {path}")
            elif anchor and target in pages and anchor not in pages[target].anchors:
                wrong.append(f"{page.name}: {path}#{anchor}")
    assert wrong == []


def test_nothing_is_loaded_from_elsewhere(pages: dict[Path, Links]) -> None:
    outside = [
        f"{page.name}: {address}"
        for page, links in pages.items()
        for tag, address in links.links
        if tag in ("script", "link", "img", "iframe") and urlsplit(address).netloc
    ]
    assert outside == []


def test_every_public_name_has_its_reference(pages: dict[Path, Links]) -> None:
    anchors = pages[SITE / "reference/python.html"].anchors
    modules = {"errors", "plot", "testing"}
    for name in {*chimaera.__all__} - {"__version__"}:
        mark = f"module-chimaera.{name}" if name in modules else f"chimaera.{name}"
        assert mark in anchors or name == "ChimaeraError", name
    assert "chimaera.errors.ChimaeraError" in anchors


def test_every_public_header_has_its_reference() -> None:
    files = (SITE / "cpp").glob("*_8h.html")
    pages = "".join(path.read_text("utf-8") for path in files)
    for header in (ROOT / "src/cpp/include").rglob("*.h"):
        assert f"{header.name} File Reference" in pages, header

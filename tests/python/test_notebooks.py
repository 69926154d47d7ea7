# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Cells are what IPython would run, but for its magic, which the notebooks do not
# use: so nothing has to be installed to run them.
"""Notebooks run from their first cell to their last, and hold no output."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from python import programs

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def cells_of(notebook: Path) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(notebook.read_text("utf-8"))["cells"]
    return cells


def test_there_are_some() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_it_runs(notebook: Path) -> None:
    code = [
        "".join(cell["source"])
        for cell in cells_of(notebook)
        if cell["cell_type"] == "code"
    ]
    done = programs.python("\n\n".join(code))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_it_holds_no_output(notebook: Path) -> None:
    for cell in cells_of(notebook):
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# In real kernels, as Jupyter runs them: what cells show and leave is real.
"""Notebooks run from their first cell to their last, and leave nothing behind."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from python import kernels

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def cells_of(notebook: Path) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(notebook.read_text("utf-8"))["cells"]
    return cells


def code_of(notebook: Path) -> list[str]:
    return [
        "".join(cell["source"])
        for cell in cells_of(notebook)
        if cell["cell_type"] == "code"
    ]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Make a folder with a short path, since sockets want one."""
    with tempfile.TemporaryDirectory(prefix="chi-") as path:
        yield Path(path)


def left_in(folder: Path) -> list[str]:
    """Files that cells left; empty folders of the runtimes stay for the next one."""
    work = folder / "work"
    return sorted(
        str(path.relative_to(work)) for path in work.rglob("*") if not path.is_dir()
    )


def test_there_are_some() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_it_runs(notebook: Path, folder: Path) -> None:
    with kernels.kernel(folder) as kernel:
        for code in code_of(notebook):
            for output in kernel.run(code):
                said = output.get("name"), output.get("text")
                assert said[0] != "stderr", said
    assert left_in(folder) == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_it_holds_no_output(notebook: Path) -> None:
    for cell in cells_of(notebook):
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_it_is_listed(notebook: Path) -> None:
    assert f"({notebook.name})" in (ROOT / "notebooks/README.md").read_text("utf-8")


# A runtime in the middle of everything: devices in memory and in a file, a view, a
# loan, a task that runs, one that nobody waits for, threads of Python that wait.
BUSY = """
import chimaera, tempfile
folder = tempfile.TemporaryDirectory()
rt = chimaera.local({"runtime": {"num_threads": 2}})
memory = rt.bdev(size_bytes=8 << 20)
file = rt.bdev(path=f"{folder.name}/device", size_bytes=8 << 20)
for device in (memory, file):
    array = device.array("a", 1000, "f8")
    array[:] = 1
view = memory.array("a").read(copy=False)
loan = array.loan().__enter__()
loan.data[:] = 2
block = memory.allocate(4096)
running = [rt.echo().sleep_async(3600), rt.echo().busy_async(0.5)]
running[0].add_done_callback(print)
reading = memory.array("a").read_async()
pid = __import__("os").getpid()
"""


@pytest.mark.parametrize("kill", [False, True], ids=["restart", "kill"])
def test_a_restart_needs_no_cleaning(folder: Path, *, kill: bool) -> None:
    with kernels.kernel(folder) as kernel:
        for _ in range(2):
            kernel.run(BUSY)
            old = kernel.pid
            kernel.restart(kill=kill)
            kernels.wait_for_end(old)
            # For a killed process the next runtime cleans up.
            assert kill or left_in(folder) == []
        kernel.run("import chimaera\nrt = chimaera.local()")
        runtimes = [path for path in left_in(folder) if "chimaera" in path]
        kernel.run("rt.close()")
        after = [path for path in left_in(folder) if "chimaera" in path]
    assert len({Path(path).parent for path in runtimes}) <= 1
    assert after == []


def test_progress_is_one_piece_of_html(folder: Path) -> None:
    with kernels.kernel(folder) as kernel:
        outputs = kernel.run(
            "import chimaera\n"
            "rt = chimaera.local()\n"
            "calls = [rt.echo().echo_async('x') for _ in range(50)]\n"
            "n = len(list(chimaera.progress(calls, label='<calls>')))\n"
            "assert n == 50\n"
        )
    first, *updates = outputs
    assert first["type"] == "display_data"
    identity = first["transient"]["display_id"]
    assert updates
    for update in updates:
        assert update["type"] == "update_display_data"
        assert update["transient"]["display_id"] == identity
    shown = updates[-1]["data"]["text/html"]
    assert "&lt;calls&gt;" in shown
    assert 'value="50" max="50"' in shown


def test_what_a_cell_ends_with_is_shown(folder: Path) -> None:
    with kernels.kernel(folder) as kernel:
        kernel.run("import chimaera\nrt = chimaera.local()")
        (shown,) = kernel.run("rt")
        assert "chimaera_admin" in shown["data"]["text/html"]
        kernel.run("rt.close()")
        (shown,) = kernel.run("rt")
        assert "closed" in shown["data"]["text/html"]

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The rule: a block is run if the line before its opening fence is the comment
# <!-- runnable --> (blank lines between them do not matter). Python blocks of one
# document run in one process, in order; then its bash blocks in one shell, as who
# reads along would run them: from an empty folder, with `chimaera` on the PATH and a
# runtime directory of its own.
"""Code in README.md and docs/ runs as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from python import programs

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(
    r"<!-- runnable -->\s*\n```(python|bash)\n(.*?)^```", re.DOTALL | re.MULTILINE
)


def documents() -> list[Path]:
    """README.md and all of docs/ that have runnable blocks."""
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [path for path in paths if _BLOCK.search(path.read_text())]


def run(command: list[str], folder: str, environment: dict[str, str]) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=10 * programs.TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("path", documents(), ids=lambda p: str(p.relative_to(ROOT)))
def test_runnable_blocks_run(path: Path) -> None:
    blocks = _BLOCK.findall(path.read_text())
    with tempfile.TemporaryDirectory(prefix="chi-") as folder:
        environment = {
            **programs.clean_environment(),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "CHI_RUNTIME_DIR": f"{folder}/run",
        }
        interpreters = {
            "python": [sys.executable, "-W", "error", "-c"],
            "bash": ["bash", "-euo", "pipefail", "-c"],
        }
        for each, interpreter in interpreters.items():
            script = "\n".join(code for language, code in blocks if language == each)
            if script:
                run([*interpreter, script], folder, environment)


def test_the_rule_finds_marked_blocks_only() -> None:
    text = (
        "```python\nno\n```\n<!-- runnable -->\n```bash\nyes\n```\n"
        "<!-- runnable -->\n\n```python\nalso\n```\n```bash\nno\n```\n"
    )
    assert _BLOCK.findall(text) == [("bash", "yes\n"), ("python", "also\n")]

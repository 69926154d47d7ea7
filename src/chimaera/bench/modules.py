# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What an author waits for, in wall-clock time: nearly all of it is the compiler's.
"""From `chimaera new-repo` to the first call, and from an edit to the next."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from chimaera.bench.figure import Figure, NotMeasuredError
from chimaera.installed import installed_path

__all__ = ["measure"]

_SECONDS_MAX = 300
_MODULE = "stats"


def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - see command.py
    """Measure new_module_kit, new_module_first_call and module_rebuild.

    A call is the module's test in Python, which starts a runtime of its own.
    """
    if shutil.which("cmake") is None or shutil.which("c++") is None:
        raise NotMeasuredError("needs cmake and a C++ compiler")
    with tempfile.TemporaryDirectory(prefix="chimaera-bench-") as folder:
        repo = Path(folder) / "mylab"
        binary = repo / "build"
        start = time.monotonic()
        words = (sys.executable, "-m", "chimaera", "new-repo", "mylab")
        _run(*words, "--module", _MODULE, cwd=Path(folder))
        kit_s = time.monotonic() - start
        _run(
            "cmake",
            *("-S", repo, "-B", binary),
            f"-DCMAKE_BUILD_TYPE={'Debug' if quick else 'RelWithDebInfo'}",
            f"-DCMAKE_PREFIX_PATH={installed_path('lib/cmake')}",
            f"-DPython_EXECUTABLE={sys.executable}",
        )
        target = ("--target", f"mylab_{_MODULE}_runtime", f"mylab_{_MODULE}_client")
        jobs = ("--parallel", str(os.cpu_count()))
        _run("cmake", "--build", binary, *target, *jobs)
        _call(repo)
        first_s = time.monotonic() - start

        body = repo / "modules" / _MODULE / "src" / f"{_MODULE}_runtime.cc"
        body.write_text(body.read_text("utf-8").replace("out.total +=", "out.total -="))
        start = time.monotonic()
        _run("cmake", "--build", binary, *target, *jobs)
        rebuild_s = time.monotonic() - start
    return [
        Figure("new_module_kit", kit_s, "s", target=2),
        Figure("new_module_first_call", first_s, "s", target=60),
        Figure("module_rebuild", rebuild_s, "s", target=8),
    ]


def _call(repo: Path) -> None:
    script = repo / "modules" / _MODULE / "tests" / f"test_{_MODULE}.py"
    _run(sys.executable, script, modules=repo / "build" / "lib")


def _run(*command: str | Path, cwd: Path | None = None, modules: Path = Path()) -> None:
    # A cache of compiled files would be measured instead of the compiler.
    environment = {**os.environ, "CHI_REPO_PATH": str(modules), "CCACHE_DISABLE": "1"}
    try:
        done = subprocess.run(
            list(map(str, command)),
            capture_output=True,
            text=True,
            timeout=_SECONDS_MAX,
            check=False,
            cwd=cwd,
            env=environment,
        )
    except subprocess.TimeoutExpired as error:
        raise NotMeasuredError(f"took longer than {_SECONDS_MAX} s") from error
    if done.returncode != 0:
        text = (done.stdout + done.stderr).strip()[-500:]
        raise NotMeasuredError(f"{Path(command[0]).name} failed: {text}")

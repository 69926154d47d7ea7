# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What somebody outside of this project does: configure, build, install, run.
# Everything that starts a process is here, so that each has a time limit.
"""Chimaera as others have it: a prefix or a Python environment."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "HERE",
    "ROOT",
    "Installation",
    "build",
    "configure",
    "fresh_environment",
    "pip_install",
    "run",
]

# Of chimaera, and of building a package.
_DEPENDENCIES = [
    "numpy",
    "yaml",
    "jinja2",
    "markupsafe",
    "rich",
    "scikit_build_core",
    "packaging",
    "pathspec",
]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TIMEOUT_S = 1800.0


def run(
    *command: str | Path, fails: bool = False, **variables: str | Path
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; fail the test with its output otherwise."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CHI_")}
    environment.update({name: str(value) for name, value in variables.items()})
    done = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        env=environment,
    )
    ok = (done.returncode != 0) == fails
    assert ok, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@dataclass(frozen=True)
class Installation:
    """Chimaera installed somewhere.

    Attributes
    ----------
    cmake_path : Path
        For CMAKE_PREFIX_PATH.
    bin : Path
        Where its programs are.
    python : Path
        An interpreter with Jinja2; with `chimaera`, where that is installed.
    """

    cmake_path: Path
    bin: Path
    python: Path

    @contextlib.contextmanager
    def daemon(self, directory: Path, modules: Path, config: Path) -> Iterator[Path]:
        """Run a daemon that finds `modules`; yield its runtime directory."""
        place = directory / "run"
        place.mkdir(mode=0o700)
        with (directory / "log").open("w") as log:
            reader, writer = os.pipe()
            process = subprocess.Popen(
                [
                    self.bin / "chimaera_start_runtime",
                    "--runtime-dir",
                    place,
                    "--config",
                    config,
                    "--ready-fd",
                    str(writer),
                ],
                env={**os.environ, "CHI_REPO_PATH": str(modules)},
                pass_fds=(writer,),
                stderr=log,
            )
            os.close(writer)
            try:
                with os.fdopen(reader) as pipe:
                    said = pipe.readline()
                assert said.startswith("ready"), said
                yield place
            finally:
                run(self.bin / "chimaera_stop_runtime", "--runtime-dir", place)
                process.wait(TIMEOUT_S)


def build(
    source: Path, binary: Path, *definitions: str, target: str = "all"
) -> subprocess.CompletedProcess[str]:
    """Configure and build; the installation is told by `definitions`."""
    configure(source, binary, *definitions)
    return run("cmake", "--build", binary, "--target", target)


def configure(
    source: Path, binary: Path, *definitions: str, fails: bool = False
) -> subprocess.CompletedProcess[str]:
    """Configure, without optimisation, which would only take time."""
    words = [f"-D{definition}" for definition in definitions]
    return run("cmake", "-G", "Ninja", "-S", source, "-B", binary, *words, fails=fails)


def pip_install(python: Path, what: Path) -> None:
    """Install a wheel or a source tree for `python`, without network."""
    pip = (sys.executable, "-m", "pip", "--python", python, "install")
    run(*pip, "--no-build-isolation", "--no-deps", "--no-index", what)


def fresh_environment(directory: Path, wheel: Path) -> Installation:
    """Make a Python environment with `wheel`, without network.

    What it depends on is taken from the environment of this test.
    """
    run(sys.executable, "-m", "venv", "--without-pip", directory)
    python = directory / "bin" / "python"
    pip_install(python, wheel)
    site = next(directory.glob("lib/python*/site-packages"))
    for package in _DEPENDENCIES:
        for found in Path(sys.prefix).glob(f"lib/python*/site-packages/{package}*"):
            (site / found.name).symlink_to(found)
    cmake_dir = run(directory / "bin" / "chimaera", "cmake-dir").stdout.strip()
    assert Path(cmake_dir).is_relative_to(directory.resolve())
    return Installation(Path(cmake_dir), site / "chimaera" / "bin", python)

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What is offered is asked of the function; that a shell shows it, of a real bash on
# a terminal. Other shells at least read their scripts, where they are installed.
"""Completion in shells."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from chimaera import cli, cli_completion, testing
from chimaera.bench import TOPICS
from python import programs

WAIT_S = 200.0


def words(*typed: str) -> list[str]:
    """Tell what is offered in place of the last word."""
    return [word for word, _ in cli_completion.complete(typed)]


def test_commands_are_offered() -> None:
    assert words("") == list(cli.COMMANDS)
    assert words("sta") == ["start", "status"]
    assert words("nonsense", "") == []
    assert words("-") == ["--help"]


@pytest.mark.parametrize(
    ("typed", "offers"),
    [
        (["start", "--bl"], ["--block"]),
        (["start", "--config", ""], []),
        (["start", "--set", "x=1", "--wa"], ["--wait"]),
        (["logs", "--level", "wa"], ["warning"]),
        (["logs", "-f", "--level", "e"], ["error"]),
        (["bench", ""], list(TOPICS)),
        (["bench", "latency", "mem"], ["memory"]),
        (["compose", ""], ["apply", "plan", "export", "down"]),
        (["compose", "plan", "--j"], ["--json"]),
        (["compose", "plan", ""], []),
        (["compose", "pools.yaml", "--j"], []),
        (["config", "s"], ["show", "schema"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["refresh-repo", "--bu"], ["--build-dir"]),
    ],
)
def test_options_and_values_are_offered(
    typed: Sequence[str], offers: Sequence[str]
) -> None:
    assert words(*typed) == list(offers)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_offers_help(name: str) -> None:
    assert "--help" in words(name, "--")


def test_names_of_runtimes_are_offered(
    runtime_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHI_RUNTIME_DIR", str(runtime_dir))
    where = str(runtime_dir)
    try:
        for name in ("left", "right"):
            started = programs.chimaera("start", "--name", name, CHI_RUNTIME_DIR=where)
            assert started.returncode == 0, started.stderr
        assert words("stop", "--name", "") == ["left", "right"]
        assert words("compose", "plan", "--name", "ri") == ["right"]
    finally:
        for name in ("left", "right"):
            programs.chimaera("stop", "--name", name, CHI_RUNTIME_DIR=where)


def test_a_real_bash_completes(tmp_path: Path) -> None:
    """Type into a bash on a terminal, and press Tab."""
    (tmp_path / "pools.yaml").touch()
    environment = with_command(tmp_path)
    (tmp_path / "rc").write_text(
        "PS1='$ '\nbind 'set bell-style none'\nbind 'set enable-bracketed-paste off'\n"
        "source <(chimaera completion bash)\necho set up\n"
    )
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        environment["TERM"] = "dumb"
        os.execvpe("bash", ["bash", "--rcfile", "rc", "-i"], environment)  # noqa: S606
    try:
        until(terminal, "set up")
        for typed, becomes in (
            ("stat\t", "status "),
            ("compose pl\t", "plan "),
            ("logs --lev\t", "--level "),
            ("compose plan po\t", "pools.yaml "),
            ("bench lat\t", "latency "),
        ):
            os.write(terminal, f"echo [\x15chimaera {typed}".encode())
            until(terminal, becomes)
            os.write(terminal, b"\x15")
        os.write(terminal, b"exit\n")
        assert testing.wait_until(
            lambda: os.waitpid(pid, os.WNOHANG)[0] == pid, timeout_s=WAIT_S
        )
    finally:
        os.close(terminal)


def with_command(folder: Path) -> dict[str, str]:
    """Put `chimaera` on the PATH of an environment."""
    command = folder / "chimaera"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m chimaera "$@"\n')
    command.chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    return {**programs.clean_environment(), "PATH": path}


def test_a_real_fish_completes(tmp_path: Path) -> None:
    programs.need("fish")
    (tmp_path / "pools.yaml").touch()

    def offered(line: str) -> list[str]:
        script = f"chimaera completion fish | source; complete -C '{line}'"
        done = subprocess.run(
            ["fish", "--no-config", "-c", script],
            env={**with_command(tmp_path), "HOME": str(tmp_path)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=programs.TIMEOUT_S,
            check=True,
        )
        return [each.split("\t")[0] for each in done.stdout.splitlines()]

    assert offered("chimaera sta") == ["start", "status"]
    assert offered("chimaera logs --level w") == ["warning"]
    assert offered("chimaera compose plan po") == ["pools.yaml"]


def until(terminal: int, text: str) -> str:
    """Read from a terminal until something is there."""
    seen = ""
    deadline = time.monotonic() + WAIT_S
    while not re.search(re.escape(text), seen):
        left = deadline - time.monotonic()
        ready, _, _ = select.select([terminal], [], [], max(left, 0))
        assert ready, f"{text!r} does not come; there is {seen!r}"
        seen += os.read(terminal, 65536).decode(errors="replace")
    return seen


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_read_their_scripts(shell: str) -> None:
    script = programs.chimaera("completion", shell).stdout
    assert "completion words" in script
    programs.need(shell)
    done = subprocess.run(
        [shell, "-n"],
        input=script,
        capture_output=True,
        text=True,
        timeout=programs.TIMEOUT_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# `chimaera dashboard`, and `start --dashboard`: processes that have to end by
# themselves, whatever becomes of the runtime.
"""The live page of a daemon."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import chimaera
from chimaera import cli, errors, testing
from chimaera.dashboard import process
from python import programs

WAIT_S = 200.0


@pytest.fixture
def served(runtime_dir: Path) -> process.Address:
    """Start a daemon with a page."""
    done = programs.chimaera(
        "start", "--runtime-dir", runtime_dir, "--dashboard", "0", "--json"
    )
    assert done.returncode == 0, done.stderr
    address = process.find(runtime_dir)
    assert address is not None
    assert json.loads(done.stdout)["dashboard"] == address.url
    return address


@contextlib.contextmanager
def command(runtime_dir: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run `chimaera dashboard`; it has to end by itself or be ended by the test."""
    running = subprocess.Popen(
        [
            *(sys.executable, "-m", "chimaera", "dashboard", "--no-browser"),
            *("--runtime-dir", str(runtime_dir), *words),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=programs.clean_environment(),
    )
    try:
        yield running
    finally:
        if running.poll() is None:
            running.kill()
        running.communicate()


def url_of(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    line = running.stdout.readline()
    assert line.startswith("live page: "), line + running.communicate()[1]
    return line.removeprefix("live page: ").strip()


def ask(address: process.Address, path: str, token: str = "") -> tuple[int, bytes]:
    """Return status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=WAIT_S)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    return answer.status, answer.read()


def is_gone(address: process.Address) -> bool:
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", address.port), timeout=WAIT_S).close()
        return False
    return True


def test_a_page_starts_and_stops_with_the_daemon(
    runtime_dir: Path, served: process.Address
) -> None:
    file = runtime_dir / "dashboard.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ask(served, "/health")[0] == 200
    assert ask(served, "/api/metrics")[0] == 403
    assert ask(served, "/api/metrics", served.token)[0] == 200
    again = programs.chimaera("dashboard", "--runtime-dir", runtime_dir)
    assert again.returncode == 0, again.stderr
    assert again.stdout == f"live page: {served.url}\n"
    done = programs.chimaera("stop", "--runtime-dir", runtime_dir)
    assert done.returncode == 0, done.stderr
    # Not soon: now.
    assert is_gone(served)
    assert [path.name for path in runtime_dir.iterdir()] == ["runtime.log"]


def test_the_document_is_the_runtimes(
    runtime_dir: Path, served: process.Address
) -> None:
    with chimaera.connect(runtime_dir=runtime_dir) as rt:
        for _ in range(25):
            rt.echo().echo("hello")
        code, body = ask(served, "/api/metrics", served.token)
        assert code == 200
        said = json.loads(body)
        assert said["pid"] == rt.pid
        (pool,) = (pool for pool in said["pools"] if pool["name"] == "echo")
        tasks = {method["name"]: method["tasks"] for method in pool["methods"]}
        assert tasks["Echo"] == 25


def test_a_page_ends_when_the_runtime_is_killed(
    runtime_dir: Path, served: process.Address
) -> None:
    with chimaera.connect(runtime_dir=runtime_dir) as rt:
        pid = rt.pid
    os.kill(pid, signal.SIGKILL)
    assert testing.wait_until(lambda: is_gone(served), timeout_s=WAIT_S)
    assert testing.wait_until(
        lambda: not (runtime_dir / "dashboard.json").exists(), timeout_s=WAIT_S
    )


def test_a_page_that_was_killed_can_be_had_again(
    runtime_dir: Path, served: process.Address
) -> None:
    os.kill(served.pid, signal.SIGKILL)
    assert testing.wait_until(
        lambda: process.find(runtime_dir) is None, timeout_s=WAIT_S
    )
    with command(runtime_dir, "--port", "0") as running:
        assert url_of(running) != served.url
        # The command ends in order when it is told to, and the runtime goes on.
        running.send_signal(signal.SIGTERM)
        assert running.wait(WAIT_S) == 0
    assert not (runtime_dir / "dashboard.json").exists()
    with chimaera.connect(runtime_dir=runtime_dir) as rt:
        rt.check()


def test_the_command_ends_with_the_runtime(daemon: Path) -> None:
    with command(daemon, "--port", "0") as running:
        url_of(running)
        assert programs.chimaera("stop", "--runtime-dir", daemon).returncode == 0
        assert running.wait(WAIT_S) == 0
        assert "the runtime has ended" in running.communicate()[0]


def test_a_token_of_a_file_stays_the_same(daemon: Path, tmp_path: Path) -> None:
    file = tmp_path / "token"
    urls = []
    for _ in range(2):
        with command(daemon, "--port", "0", "--token-file", str(file)) as running:
            urls.append(url_of(running).split("=")[1])
            running.send_signal(signal.SIGINT)
            assert running.wait(WAIT_S) == 130
    assert urls == [file.read_text()] * 2
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_port_that_is_taken_is_said_before_anything_starts(runtime_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = programs.chimaera(
            "start", "--runtime-dir", runtime_dir, "--dashboard", port
        )
    assert done.returncode == 1
    assert port in done.stderr
    assert process.find(runtime_dir) is None
    assert programs.chimaera("stop", "--runtime-dir", runtime_dir).returncode == 3


def test_a_page_that_does_not_come_is_no_failed_start(
    runtime_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def silent(*_: object, **__: object) -> None:
        raise errors.DeadlineExceededError("the live page does not come")

    monkeypatch.setattr(process, "start", silent)
    words = ["start", "--runtime-dir", str(runtime_dir), "--dashboard", "0"]
    assert cli.main(words) == 1
    printed, error = capsys.readouterr()
    assert f"runs in {runtime_dir}\nconnect: " in printed
    assert "page:" not in printed
    assert error.startswith("chimaera: the live page does not come; the runtime runs")
    # It is there: so it is with --wait, and for programs.
    assert cli.main([*words, "--wait", "--json"]) == 1
    assert set(json.loads(capsys.readouterr().out)) == {
        "pid",
        "runtime_dir",
        "log_file",
    }
    with chimaera.connect(runtime_dir=runtime_dir) as rt:
        rt.check()


def test_a_page_that_does_not_come_in_time_does_not_come_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, pid = tmp_path / "page", tmp_path / "pid"
    program.write_text(
        f"#!/bin/sh\necho $$ > {pid}.new\nmv {pid}.new {pid}\nexec sleep 600\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with (
        process.listener(0) as opened,
        pytest.raises(errors.DeadlineExceededError, match="does not come"),
    ):
        process.start(tmp_path, opened, tmp_path / "log", timeout_s=1.0)
    if pid.exists():  # it had begun
        running = int(pid.read_text())
        assert testing.wait_until(lambda: programs.gone(running), timeout_s=WAIT_S)


def test_what_makes_no_sense_is_refused(runtime_dir: Path) -> None:
    where = ("--runtime-dir", runtime_dir)
    done = programs.chimaera("dashboard", *where)
    assert done.returncode == 3
    assert programs.chimaera("dashboard", *where, "--port", "99999").returncode == 2
    done = programs.chimaera("start", *where, "--block", "--dashboard")
    assert done.returncode == 2
    assert "--block" in done.stderr

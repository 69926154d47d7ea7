# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Every daemon has a directory of its own, so that a user's runtimes are not touched.
"""Commands that talk about runtimes: start, list, ps, pools, logs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import chimaera
from chimaera import cli_common, testing
from chimaera.errors import NoRuntimeError
from chimaera.running import running
from python import programs


@pytest.fixture
def home(runtime_dir: Path) -> Iterator[Path]:
    """Make a directory below which runtimes with names have theirs."""
    yield runtime_dir
    for name in ("left", "right"):
        run(runtime_dir, "stop", "--name", name)


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command for runtimes of this home."""
    return programs.chimaera(*words, CHI_RUNTIME_DIR=str(home))


def shown(home: Path, *words: str) -> str:
    done = run(home, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_runtimes_are_told_apart_by_name(home: Path) -> None:
    shown(home, "start", "--name", "left")
    shown(home, "start", "--name", "right", "--set", "runtime.num_threads=2")
    rows = {row["name"]: row for row in json.loads(shown(home, "list", "--json"))}
    assert rows["left"]["runtime_dir"] == str(home / "left")
    assert not rows["right"]["embedded"]
    pids = {
        name: json.loads(shown(home, "status", "--json", "--name", name))["pid"]
        for name in ("left", "right")
    }
    assert pids == {name: rows[name]["pid"] for name in pids}
    shown(home, "stop", "--name", "left")
    assert "right" in shown(home, "list")
    failed = run(home, "status", "--name", "left")
    assert failed.returncode == cli_common.EXIT_NO_RUNTIME
    assert f"no runtime runs in {home / 'left'}" in failed.stderr
    assert "`chimaera start --name left`" in failed.stderr
    assert "right" in failed.stderr.split("Running: ")[1]
    assert len(failed.stderr.splitlines()) == 1


def test_every_command_that_needs_a_runtime_says_how_to_get_one(home: Path) -> None:
    for words in (["status"], ["ps"], ["pools"], ["dump"], ["logs"], ["stop"]):
        failed = run(home, *words, "--name", "left")
        assert failed.returncode == cli_common.EXIT_NO_RUNTIME, words
        assert "start one with `chimaera start --name left`" in failed.stderr


def test_who_looks_elsewhere_is_told_where_it_runs(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ("--runtime-dir", str(tmp_path / "there"))
    monkeypatch.setenv("CHI_RUNTIME_DIR", str(tmp_path / "here"))
    shown(home, "start", *where)
    try:
        with pytest.raises(NoRuntimeError) as none:
            chimaera.connect()
    finally:
        shown(home, "stop", *where)
    before, listed = str(none.value).split(". Running: ")
    assert str(tmp_path / "here") in before
    assert str(tmp_path / "there") in listed
    assert "CHI_RUNTIME_DIR" in listed


def test_a_file_that_is_missing_is_named(home: Path) -> None:
    failed = run(home, "config", "check", "none.yaml")
    assert failed.returncode == cli_common.EXIT_FAILED
    assert failed.stderr == "chimaera: none.yaml: No such file or directory\n"


def test_a_check_of_pools_says_nothing_of_its_own_doing(
    home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "pools.yaml"
    entry = "{mod_name: chimaera_echo, pool_name: echo, pool_id: 200.0}"
    file.write_text(f"compose:\n  - {entry}\n")
    checked = run(home, "config", "check", str(file))
    assert (checked.stdout, checked.stderr) == (f"{file}: no mistakes\n", "")


def test_list_finds_what_runs_in_a_program(
    runtime_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHI_RUNTIME_DIR", str(runtime_dir))
    with testing.runtime() as rt:
        found = {each.runtime_dir: each for each in running()}
        mine = found[Path(rt.runtime_dir)]
        assert (mine.embedded, mine.pid, mine.name) == (True, os.getpid(), None)
        place = mine.runtime_dir
    assert place not in {each.runtime_dir for each in running()}


def test_a_daemon_elsewhere_is_found_and_a_killed_one_is_not(daemon: Path) -> None:
    mine = next(each for each in running() if each.runtime_dir == daemon)
    assert (mine.name, mine.embedded) == (None, False)
    os.kill(mine.pid, signal.SIGKILL)
    assert testing.wait_until(
        lambda: daemon not in {each.runtime_dir for each in running()}
    )


def test_start_waits_where_one_runs_already(home: Path) -> None:
    first = json.loads(shown(home, "start", "--json"))
    again = json.loads(shown(home, "start", "--wait", "--json"))
    assert again == first
    failed = run(home, "start")
    assert failed.returncode == cli_common.EXIT_USAGE
    assert "`chimaera stop` ends it" in failed.stderr


def test_many_starts_at_once_give_one_runtime(home: Path) -> None:
    starts = [
        subprocess.Popen(
            [sys.executable, "-m", "chimaera", "start", "--wait", "--json"],
            stdout=subprocess.PIPE,
            text=True,
            env={**programs.clean_environment(), "CHI_RUNTIME_DIR": str(home)},
        )
        for _ in range(4)
    ]
    facts = [
        json.loads(each.communicate(timeout=programs.TIMEOUT_S)[0]) for each in starts
    ]
    assert {each.returncode for each in starts} == {0}
    assert len({each["pid"] for each in facts}) == 1


def test_block_is_the_runtime_and_ends_with_ctrl_c(home: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "chimaera", "start", "--block"],
        stderr=subprocess.PIPE,
        text=True,
        env={**programs.clean_environment(), "CHI_RUNTIME_DIR": str(home)},
    )
    assert process.stderr is not None
    assert any("runtime ready" in line for line in process.stderr)
    assert json.loads(shown(home, "status", "--json"))["pid"] == process.pid
    process.send_signal(signal.SIGINT)
    assert process.wait(programs.TIMEOUT_S) == 0
    assert "stopped" in process.stderr.read()
    process.stderr.close()


def test_ps_tells_what_waits(daemon: Path) -> None:
    with chimaera.connect(runtime_dir=daemon) as rt:
        echo = rt.echo("talk")
        future = echo.sleep_async(3600)

        def tasks() -> list[dict[str, object]]:
            text = shown(daemon, "ps", "--json", "--runtime-dir", str(daemon))
            rows: list[dict[str, object]] = json.loads(text)["tasks"]
            return rows

        assert testing.wait_until(lambda: len(tasks()) == 1)
        (task,) = tasks()
        assert (task["pool"], task["method"]) == ("talk", "Sleep")
        assert (task["state"], task["waits_for"]) == ("waiting", "sleep")
        text = shown(daemon, "ps", "--runtime-dir", str(daemon))
        assert text.splitlines()[0].split()[:3] == ["TASK", "POOL", "METHOD"]
        assert "sleep" in text
        for _ in range(3):
            echo.sleep_async(3600)
        few = shown(daemon, "ps", "--max-tasks", "2", "--runtime-dir", str(daemon))
        assert "more; --max-tasks" in few
        future.cancel()


def test_pools_lists_them(daemon: Path) -> None:
    with chimaera.connect(runtime_dir=daemon) as rt:
        rt.echo("talk", num_containers=2)
        where = ("--runtime-dir", str(daemon))
        rows = json.loads(shown(daemon, "pools", "--json", *where))
        assert [row["name"] for row in rows] == ["admin", "talk"]
        assert rows[1]["num_containers"] == 2
        assert rows[1]["id"] in shown(daemon, "pools", *where)


def test_logs_prints_tail_and_level(daemon: Path) -> None:
    where = ("--runtime-dir", str(daemon))
    assert "runtime ready" in shown(daemon, "logs", *where)
    line = json.loads(shown(daemon, "logs", "--json", "--lines", "1", *where))
    assert line["level"] in {"info", "warning"}  # of a worker that had to wait
    assert shown(daemon, "logs", "--level", "error", *where) == ""
    shown(daemon, "stop", *where)
    assert "stopped" in shown(daemon, "logs", "--lines", "1", *where)


def test_logs_follows_over_a_restart(daemon: Path) -> None:
    process = programs.python_process(
        "import sys; from chimaera.cli import main; sys.exit(main(sys.argv[1:]))",
        *("logs", "-f", "--runtime-dir", daemon),
    )
    assert process.stdout is not None
    try:
        assert any("runtime ready" in line for line in process.stdout)
        shown(daemon, "stop", "--runtime-dir", str(daemon))
        log = daemon / "runtime.log"
        log.rename(daemon / "runtime.log.1")
        shown(daemon, "start", "--runtime-dir", str(daemon))
        assert any("stopped" in line for line in process.stdout)
        assert any("runtime ready" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        assert process.wait(programs.TIMEOUT_S) == cli_common.EXIT_INTERRUPTED
    finally:
        process.kill()
        process.communicate()


def test_a_reader_that_has_seen_enough_is_no_error(daemon: Path) -> None:
    command = f"{sys.executable} -m chimaera logs --runtime-dir {daemon} | head -c 1"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


def test_modules_tells_what_is_found_and_what_is_loaded(daemon: Path) -> None:
    where = ("--runtime-dir", str(daemon))

    def loaded() -> dict[str, bool]:
        rows = json.loads(shown(daemon, "modules", "--json", *where))
        assert all(Path(row["path"]).exists() for row in rows)
        return {row["name"]: row["loaded"] for row in rows}

    before = loaded()
    assert before["chimaera_admin"]
    assert not before["chimaera_echo"]
    with chimaera.connect(runtime_dir=daemon) as rt:
        rt.echo("talk")
        assert loaded()["chimaera_echo"]
    assert "chimaera_bdev" in shown(daemon, "modules", *where)


def test_modules_without_a_runtime_are_those_it_would_find(
    runtime_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "libother_broken_runtime.so").write_text("no library")
    environment = {"CHI_RUNTIME_DIR": str(runtime_dir), "CHI_REPO_PATH": str(tmp_path)}
    done = programs.chimaera("modules", "--json", **environment)
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert rows["chimaera_bdev"]["version"] == chimaera.__version__
    assert rows["chimaera_bdev"]["mistake"] == ""
    assert not rows["chimaera_bdev"]["loaded"]
    broken = rows["other_broken"]
    assert broken["version"] is None
    assert str(tmp_path) in broken["mistake"]
    assert "cannot be used" in programs.chimaera("modules", **environment).stdout


def test_the_log_is_put_aside_and_followed(runtime_dir: Path) -> None:
    """A daemon that logs a lot keeps as many files as wanted; no line is missed."""
    where = ("--runtime-dir", str(runtime_dir))
    sets = ("logging.level=debug", "logging.max_file_size=64KB", "logging.old_files=3")
    words = [word for each in sets for word in ("--set", each)]
    shown(runtime_dir, "start", *where, *words)
    follower = programs.python_process(
        "import sys; from chimaera.cli import main; sys.exit(main(sys.argv[1:]))",
        *("logs", "-f", *where),
    )
    assert follower.stdout is not None
    try:
        assert any("runtime ready" in line for line in follower.stdout)
        with chimaera.connect(runtime_dir=runtime_dir) as rt:
            log = runtime_dir / "runtime.log"
            names = []
            while not log.with_name("runtime.log.2").exists():
                names.append(f"pool {len(names)} {'x' * 200}")
                rt.echo(names[-1]).destroy()
        files = {path.name for path in runtime_dir.glob("runtime.log*")}
        assert files <= {"runtime.log"} | {f"runtime.log.{n}" for n in (1, 2, 3)}
        for name in names:
            assert any(name in line for line in follower.stdout), name
        printed = shown(runtime_dir, "logs", *where)
        assert printed.index(names[0]) < printed.index(names[-1])
    finally:
        follower.kill()
        follower.communicate()

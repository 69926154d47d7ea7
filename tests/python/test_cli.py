# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The commands as users and scripts run them.
"""The command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import chimaera
from chimaera import errors, testing
from chimaera.daemon import tool_path
from chimaera.installed import installed_path
from python import programs


def test_start_says_how_to_connect_and_where_the_log_is(runtime_dir: Path) -> None:
    done = programs.chimaera("start", "--runtime-dir", runtime_dir)
    assert done.returncode == 0, done.stderr
    assert f"chimaera.connect(runtime_dir='{runtime_dir}')" in done.stdout
    log = runtime_dir / "runtime.log"
    assert f"log:      {log}" in done.stdout
    assert "runtime ready" in log.read_text()
    with chimaera.connect(runtime_dir=runtime_dir) as rt:
        assert not rt.is_local
        assert rt.pid != os.getpid()
        assert f"of pid {rt.pid}" in repr(rt)


def test_a_second_start_says_what_runs(daemon: Path) -> None:
    with chimaera.connect(runtime_dir=daemon) as rt:
        pid = rt.pid
    done = programs.chimaera("start", "--runtime-dir", daemon)
    assert done.returncode == 2
    assert str(pid) in done.stderr
    assert str(daemon) in done.stderr
    with chimaera.connect(runtime_dir=daemon) as rt:
        assert rt.pid == pid


def test_stop_waits_for_the_end_and_leaves_nothing(daemon: Path) -> None:
    with chimaera.connect(runtime_dir=daemon) as rt:
        pid = rt.pid
    done = programs.chimaera("stop", "--runtime-dir", daemon)
    assert done.returncode == 0, done.stderr
    assert testing.wait_until(lambda: programs.gone(pid))
    assert [path.name for path in daemon.iterdir()] == ["runtime.log"]
    assert programs.chimaera("stop", "--runtime-dir", daemon).returncode == 3


def test_stop_answers_what_is_in_flight(daemon: Path) -> None:
    with chimaera.connect(runtime_dir=daemon) as rt:
        future = rt.echo().sleep_async(0.5)
        rt.flush_async()
        rt.stop()
        assert future.exception() is None or isinstance(
            future.exception(), (errors.CancelledError, errors.RuntimeDiedError)
        )


def test_stop_does_not_wait_for_ever_for_a_disk(
    runtime_dir: Path, tmp_path: Path
) -> None:
    path = tmp_path / "device"
    start = ["start", "--runtime-dir", runtime_dir]
    short = ["--set", "runtime.stop_timeout=100ms"]
    faults = "sched.file_io.stall,sched.file_io.stalled=always"
    started = programs.chimaera(*start, *short, CHI_FAULTS=faults)
    assert started.returncode == 0, started.stderr
    with chimaera.connect(runtime_dir=runtime_dir) as rt, ThreadPoolExecutor() as pool:
        making = pool.submit(rt.bdev, path=path, size_bytes=1 << 20, timeout_s=300)
        assert testing.wait_until(
            lambda: any(task.waits_for == "io" for task in rt.dump().tasks),
            timeout_s=60,
        )
        assert not path.exists()
        done = programs.chimaera("stop", "--runtime-dir", runtime_dir)
        assert done.returncode == 0, done.stderr
        assert isinstance(making.exception(60), errors.RuntimeDiedError)
    log = (runtime_dir / "runtime.log").read_text()
    assert f"({path}): GetOrCreatePool has waited for io for" in log
    assert "stopped, and did not wait any longer" in log
    assert programs.chimaera(*start).returncode == 0
    with chimaera.connect(runtime_dir=runtime_dir) as rt:
        assert rt.bdev(path=path, size_bytes=1 << 20).allocate(4096).size_bytes == 4096


def test_sigterm_stops_in_order(daemon: Path) -> None:
    with chimaera.connect(runtime_dir=daemon) as rt:
        pid = rt.pid
    os.kill(pid, signal.SIGTERM)
    assert testing.wait_until(lambda: programs.gone(pid))
    assert "stopping on signal 15" in (daemon / "runtime.log").read_text()
    assert not (daemon / "control.sock").exists()


def test_start_after_a_crash_needs_no_cleaning(daemon: Path) -> None:
    with chimaera.connect(runtime_dir=daemon) as rt:
        pid = rt.pid
    os.kill(pid, signal.SIGKILL)
    assert testing.wait_until(lambda: programs.gone(pid))
    assert programs.chimaera("status", "--runtime-dir", daemon).returncode == 3
    assert programs.chimaera("start", "--runtime-dir", daemon).returncode == 0


def test_python_starts_and_stops_a_daemon(runtime_dir: Path) -> None:
    daemon = chimaera.start(runtime_dir=runtime_dir)
    assert not programs.gone(daemon.pid)
    with pytest.raises(errors.AlreadyExistsError, match=str(daemon.pid)):
        chimaera.start(runtime_dir=runtime_dir)
    assert chimaera.stop(runtime_dir=runtime_dir)
    assert not chimaera.stop(runtime_dir=runtime_dir)


def test_status_for_people_and_for_programs(daemon: Path) -> None:
    done = programs.chimaera("status", "--runtime-dir", daemon)
    assert done.returncode == 0
    assert "chimaera_admin" in done.stdout
    facts = json.loads(
        programs.chimaera("status", "--json", "--runtime-dir", daemon).stdout
    )
    assert facts["runtime_dir"] == str(daemon)
    assert facts["pools"][0]["name"] == "admin"
    assert facts["pools"][0]["heap_bytes"] > 0
    assert "(live, " in done.stdout
    assert len(facts["workers"]) >= 1
    assert facts["tasks"] > 0
    assert "periods missed" in done.stdout
    assert facts["cancelled"] == facts["expired"] == facts["missed_periods"] == 0


def test_status_tells_about_devices(daemon: Path, tmp_path: Path) -> None:
    with chimaera.connect(runtime_dir=daemon) as runtime:
        memory = runtime.bdev(name="ram://told", size_bytes=1 << 20)
        file = runtime.bdev(path=tmp_path / "device", size_bytes=1 << 20, io_depth=4)
        for device in (memory, file):
            blocks = device.allocate_many(4096, 200)
            device.write_many(blocks, np.ones((200, 4096), "u1"))
            device.read_blocks(blocks)
            device.free(blocks[:10])
            device.free(blocks[20:])
        facts = json.loads(
            programs.chimaera("status", "--json", "--runtime-dir", daemon).stdout
        )
        shown = programs.chimaera("status", "--runtime-dir", daemon).stdout
        memory.destroy()
        file.destroy()
    told = {each["name"]: each for each in facts["devices"]}
    assert told.keys() == {"ram://told", str(tmp_path / "device")}
    for name, each in told.items():
        assert (each["num_writes"], each["num_reads"]) == (200, 1)
        assert each["bytes_written"] == each["bytes_read"] == 200 * 4096
        for what in ("read_latency", "write_latency"):
            times = each[what]
            assert 0 < times["p50_ns"] <= times["p90_ns"] <= times["p99_ns"]
            assert times["p99_ns"] <= times["p999_ns"]
        assert each["queue_depth"] == 0
        # Ten pages before the ten that are held, and the rest behind them.
        assert each["fragmentation"] == pytest.approx(10 / 246)
        assert f"{name}: {each['engine']}; 984.0 KiB of 1.0 MiB free" in shown
    assert told["ram://told"]["engine"] == "ram"
    file_stats = told[str(tmp_path / "device")]
    assert file_stats["engine"] in {"io_uring", "threads"}
    assert file_stats["max_queue_depth"] >= 1
    assert "200 of 800.0 KiB; p50 " in shown


def test_status_says_what_a_pool_has_allocated(daemon: Path) -> None:
    with chimaera.connect(runtime_dir=daemon) as runtime:
        echo = runtime.echo("counted")

        def heap_bytes() -> int | None:
            return next(p.heap_bytes for p in runtime.pools() if p.id == echo.id)

        before = heap_bytes()
        assert before is not None
        for _ in range(1000):
            echo.echo("x" * 1000)
        # What a task leaves to be freed is freed after its outcome is told.
        assert testing.wait_until(lambda: heap_bytes() == before)
        assert echo.destroy() == 0


def test_status_counts_what_was_ended_and_shows_costs(daemon: Path) -> None:
    with chimaera.connect(runtime_dir=daemon) as runtime:
        echo = runtime.echo("counted")
        for _ in range(3):
            future = echo.sleep_async(3600)
            assert future.cancel()
            with pytest.raises(chimaera.errors.CancelledError):
                future.result()
        assert runtime.status().cancelled == 3
    command = ("status", "--json", "--runtime-dir", daemon)
    facts = json.loads(programs.chimaera(*command).stdout)
    assert facts["cancelled"] == 3
    ended = {pool["name"]: pool["cancelled"] for pool in facts["pools"]}
    assert ended == {"admin": 0, "counted": 3}
    shown = programs.chimaera("status", "--runtime-dir", daemon).stdout
    assert "counted (live, 3 cancelled" in shown
    assert sum(worker["cancelled"] for worker in facts["workers"]) == 3
    cost = next(cost for cost in facts["costs"] if cost["method"] == "Sleep")
    assert cost["samples"] == 3
    assert cost["error_s"] >= 0
    assert cost["base_s"] > 0


def test_a_bad_configuration_is_told_and_starts_nothing(
    runtime_dir: Path, tmp_path: Path
) -> None:
    config = tmp_path / "bad.yaml"
    config.write_text("runtime:\n  num_treads: 2\nqueue: {deeph: 3}\n")
    done = programs.chimaera("start", "--runtime-dir", runtime_dir, "--config", config)
    assert done.returncode == 1
    assert "bad.yaml:2" in done.stderr
    assert "num_threads" in done.stderr
    assert "depth" in done.stderr
    assert programs.chimaera("status", "--runtime-dir", runtime_dir).returncode == 3


def test_composed_pools_exist_from_the_start(runtime_dir: Path, tmp_path: Path) -> None:
    config = tmp_path / "good.yaml"
    config.write_text(
        "compose:\n"
        "  - {mod_name: chimaera_bdev, pool_name: 'ram://x', pool_id: 300.0,\n"
        "     bdev_type: ram, capacity: 1MB}\n"
    )
    done = programs.chimaera("start", "--runtime-dir", runtime_dir, "--config", config)
    assert done.returncode == 0, done.stderr
    with chimaera.connect(runtime_dir=runtime_dir) as rt:
        device = rt.pool("ram://x")
        assert isinstance(device, chimaera.BlockDevice)
        assert device.id == (300, 0)
        assert device.stats().total_bytes == 1 << 20


def test_fsck_names_what_is_damaged_and_mends_it(tmp_path: Path) -> None:
    golden = Path(__file__).parents[1] / "cpp/chimods/golden/block_file_v1.bin"
    content = bytearray(golden.read_bytes())
    assert programs.chimaera("fsck", golden).stdout.endswith("\nclean\n")
    file = tmp_path / "device"
    content[50] ^= 1
    file.write_bytes(content)
    done = programs.chimaera("fsck", file)
    assert (done.returncode, "superblock A" in done.stdout) == (1, True)
    assert file.read_bytes() == content
    assert programs.chimaera("fsck", "--repair", file).returncode == 0
    assert programs.chimaera("fsck", file).stdout.endswith("\nclean\n")
    assert programs.chimaera("fsck", tmp_path / "missing").returncode == 2


def test_doctor_finds_the_runtime_and_has_json(daemon: Path) -> None:
    done = programs.chimaera("doctor", "--runtime-dir", daemon)
    assert f"answers in {daemon}" in done.stdout
    findings = json.loads(
        programs.chimaera("doctor", "--json", "--runtime-dir", daemon).stdout
    )
    names = {finding["name"] for finding in findings}
    assert {"Python", "extension", "kernel", "open files", "memory", "runtime"} <= names
    assert all(f["mend"] for f in findings if f["level"] != "ok")


def test_cmake_dir_holds_the_package() -> None:
    done = programs.chimaera("cmake-dir")
    assert done.returncode == 0
    assert (Path(done.stdout.strip()) / "chimaera" / "chimaeraConfig.cmake").exists()


def test_an_editable_package_is_in_two_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = tmp_path / "compiled"
    (compiled / "bin").mkdir(parents=True)
    monkeypatch.setattr(chimaera, "__path__", [str(tmp_path), str(compiled)])
    assert installed_path("bin") == compiled / "bin"
    with pytest.raises(errors.NotFoundError, match="lib is missing"):
        installed_path("lib")


def test_help_lists_exit_codes_and_is_light() -> None:
    assert "exit codes" in programs.chimaera("--help").stdout
    done = programs.python(
        """
        import sys
        from chimaera.cli import main
        try:
            main(["demo", "--help"])
        except SystemExit:
            pass
        assert not {"numpy", "rich", "chimaera._core"} & set(sys.modules)
        """
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["start", "--nonsense"]])
def test_wrong_command_lines_exit_2(arguments: list[str]) -> None:
    assert programs.chimaera(*arguments).returncode == 2


@pytest.mark.parametrize("tool", ["chimaera_start_runtime", "chimaera_stop_runtime"])
def test_the_programs_have_help_and_refuse_nonsense(tool: str) -> None:
    for arguments, code in (
        (["--help"], 0),
        (["--nonsense"], 2),
        (["--runtime-dir"], 2),
    ):
        done = subprocess.run(
            [tool_path(tool), *arguments],
            capture_output=True,
            text=True,
            timeout=programs.TIMEOUT_S,
            check=False,
        )
        assert done.returncode == code
        assert "usage:" in done.stdout + done.stderr


def test_the_entry_points_become_the_programs() -> None:
    code = "from chimaera.cli import stop_runtime_main; stop_runtime_main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--help"],
        capture_output=True,
        text=True,
        timeout=programs.TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.startswith("usage: chimaera_stop_runtime")

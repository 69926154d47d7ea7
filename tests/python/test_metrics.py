# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Counts decide, no clock does.
"""The document of figures: its shape, and that its counters are exact."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import chimaera
import chimaera.errors
from chimaera import device_status, testing
from chimaera._extension import core
from chimaera.metrics import set_statistics

CLIENT = """
import sys, chimaera, chimaera.errors

def counted(runtime):
    session = runtime.connection.session_id
    clients = runtime.metrics()["clients"]
    (mine,) = [client for client in clients if client["id"] == session]
    return mine["tasks"], mine["failed"]

with chimaera.connect(runtime_dir=sys.argv[1]) as runtime:
    echo = runtime.echo("shared")
    before = counted(runtime)
    for i in range(200):
        echo.null()
        if i % 20 == 0:
            try:
                echo.throw("no")
            except chimaera.errors.ModuleExceptionError:
                pass
    after = counted(runtime)
    print(*(b - a for a, b in zip(before, after, strict=True)))
"""

# A locale with a decimal comma; all others of its categories are those of C.
COMMA = """
LC_NUMERIC
decimal_point ","
thousands_sep "."
grouping 3
END LC_NUMERIC
"""
IN_LOCALE = """
import locale, chimaera
try:
    locale.setlocale(locale.LC_NUMERIC, "comma")
except locale.Error:
    raise SystemExit(77)
assert locale.localeconv()["decimal_point"] == ","
with chimaera.local() as runtime:
    device = runtime.bdev(size_bytes=1 << 20)
    device.write(device.allocate(4096), b"x" * 4096)
    assert runtime.metrics()["uptime_s"] > 0
    assert device.stats() is not None
    assert runtime.dump() is not None
"""


def _pool(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the pool called `name`."""
    pools: list[dict[str, Any]] = document["pools"]
    return next(pool for pool in pools if pool["name"] == name)


def _method(document: dict[str, Any], pool: str, name: str) -> dict[str, Any]:
    """Return a method of the pool called `pool`."""
    methods: list[dict[str, Any]] = _pool(document, pool)["methods"]
    return next(method for method in methods if method["name"] == name)


def test_document_tells_who_and_what(rt: chimaera.Runtime) -> None:
    """The head names the runtime, and every part is there."""
    document = rt.metrics()
    assert document["version"] == 1
    assert document["runtime_dir"] == str(rt.runtime_dir)
    assert document["uptime_s"] > 0
    assert document["resident_bytes"] > 2**20
    assert document["sampling"] == {"on": True, "one_in": 64}
    assert [pool["id"] for pool in document["pools"]] == ["1.0"]
    assert document["errors"] == document["devices"] == []
    kinds = {worker["kind"] for worker in document["workers"]}
    assert kinds <= {"both", "short", "long"}
    assert document["tasks"] == sum(w["tasks"] for w in document["workers"])


def test_a_runtime_that_moves_is_well(rt: chimaera.Runtime) -> None:
    """A worker that was kept waiting is listed until somebody looks again."""

    def is_well() -> bool:
        document = rt.metrics()
        return document["health"] == "ok" and document["stuck"] == []

    assert testing.wait_until(is_well, timeout_s=60)


def test_counters_are_exact(rt: chimaera.Runtime) -> None:
    """As many tasks and failures as there were, by method, pool and runtime."""
    echo = rt.echo("exact")
    failed = rt.metrics()["failed"]
    for i in range(500):
        echo.null()
        if i % 50 == 0:
            with pytest.raises(chimaera.errors.ModuleExceptionError):
                echo.throw("told")
    document = rt.metrics()
    assert _method(document, "exact", "Null")["tasks"] == 500
    assert _method(document, "exact", "Null")["failed"] == 0
    assert _method(document, "exact", "Throw")["tasks"] == 10
    assert _method(document, "exact", "Throw")["failed"] == 10
    assert _pool(document, "exact")["tasks"] == 510
    assert _pool(document, "exact")["failed"] == 10
    assert document["failed"] == failed + 10
    error = document["errors"][0]
    assert (error["pool"], error["method"]) == ("exact", "Throw")
    assert "told" in error["message"]
    assert error["name"] == "ModuleException"


def test_counters_of_several_processes(daemon: Path) -> None:
    """Each client is counted for itself, and the pool for all of them."""
    with chimaera.connect(runtime_dir=daemon) as runtime:
        runtime.echo("shared")
        clients = [
            subprocess.Popen(
                [sys.executable, "-c", CLIENT, daemon],
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(3)
        ]
        told = [client.communicate(timeout=600)[0].split() for client in clients]
        # To ask takes a task too.
        assert told == [["211", "10"]] * 3
        document = runtime.metrics()
        assert _method(document, "shared", "Null")["tasks"] == 600
        assert _method(document, "shared", "Throw")["tasks"] == 30
        assert _pool(document, "shared")["failed"] == 30


def test_device_is_in_the_document(rt: chimaera.Runtime) -> None:
    """What the devices count stands beside the pools."""
    device = rt.bdev(size_bytes=1 << 20)
    device.write(device.allocate(4096), bytes(4096))
    (told,) = rt.metrics()["devices"]
    assert told["id"] == str(device.id)
    assert told["num_writes"] == 1


@pytest.mark.parametrize(
    "ask",
    [
        lambda rt: rt.metrics()["devices"],
        lambda rt: list(device_status.devices(rt, rt.pools())),
    ],
    ids=["metrics", "status"],
)
def test_silent_devices_are_waited_for_together(
    rt: chimaera.Runtime,
    monkeypatch: pytest.MonkeyPatch,
    ask: Callable[[chimaera.Runtime], list[Any]],
) -> None:
    """Three devices that say nothing take as long as one."""
    for name in ("ram://a", "ram://b", "ram://c"):
        rt.bdev(name=name, size_bytes=1 << 20)
    events = []
    clock = SimpleNamespace(now_s=0.0, monotonic=lambda: clock.now_s)

    class Silent:
        """A task that is never done."""

        def __init__(self, *_: object) -> None:
            events.append("asked")

        def wait(self, timeout_s: float) -> bool:
            events.append("waited for")
            clock.now_s += timeout_s
            return False

        def done(self) -> bool:
            return False

        def cancel(self) -> bool:
            return True

    monkeypatch.setattr(core, "bdev_stats", Silent)
    monkeypatch.setattr(device_status, "time", clock)
    assert ask(rt) == []
    assert events == ["asked"] * 3 + ["waited for"] * 3
    assert clock.now_s == device_status.ANSWER_TIMEOUT_S


def test_histograms_stand_for_all_runs(rt: chimaera.Runtime) -> None:
    """With every run timed, the histogram counts every run."""
    set_statistics(rt, on=True, one_in=1)
    echo = rt.echo("timed")
    for _ in range(300):
        echo.null()
    document = rt.metrics()
    runs = _method(document, "timed", "Null")["run_s"]
    # The worker may be on its way to its next sample at the rate before.
    assert 100 <= runs["count"] <= 300
    assert sum(count for _, count in runs["buckets"]) == runs["count"]
    bounds = [bound for bound, _ in runs["buckets"]]
    assert bounds == sorted(bounds)
    assert 0 < runs["p50_s"] <= runs["p99_s"] <= runs["max_s"] <= bounds[-1]
    assert runs["sum_s"] >= runs["max_s"]
    set_statistics(rt, on=True, one_in=64)


def test_memory_tells_who_has_it(rt: chimaera.Runtime) -> None:
    """Segments by owner; a view pins its block until it is gone."""
    device = rt.bdev(size_bytes=1 << 20)
    block = device.allocate(4096)
    device.write(block, bytes(4096))

    def pinned() -> int:
        document = rt.metrics()
        (client,) = document["clients"]
        assert document["memory"]["pinned_bytes"] == client["pinned_bytes"]
        told: int = client["pinned_bytes"]
        return told

    memory = rt.metrics()["memory"]
    kinds = {row["kind"] for row in memory["segments"]}
    assert kinds == {"runtime_data", "main", "client_data"}
    assert memory["free_bytes"] > 0
    assert pinned() == 0
    view = device.read(block, copy=False)
    assert pinned() == 4096
    del view
    assert testing.wait_until(lambda: pinned() == 0)


def test_statistics_are_switched_while_it_runs(rt: chimaera.Runtime) -> None:
    """The switch is told; a wrong rate is refused and changes nothing."""
    set_statistics(rt, on=False, one_in=8)
    assert rt.metrics()["sampling"] == {"on": False, "one_in": 8}
    with pytest.raises(chimaera.errors.BadRequestError, match="at most 4096"):
        set_statistics(rt, on=True, one_in=5000)
    assert rt.metrics()["sampling"] == {"on": False, "one_in": 8}
    set_statistics(rt, on=True, one_in=64)
    assert rt.metrics()["sampling"] == {"on": True, "one_in": 64}


def test_a_locale_with_a_decimal_comma_changes_no_document(tmp_path: Path) -> None:
    """A program may speak German: JSON does not."""
    localedef = shutil.which(
        "localedef", path=os.environ.get("PATH", "") + ":/usr/sbin"
    )
    if localedef is None:
        pytest.skip("no localedef")
    (tmp_path / "source").write_text(COMMA)
    subprocess.run(
        [localedef, "-c", "-i", tmp_path / "source", tmp_path / "comma"],
        check=False,  # it complains about the categories that are not there
        capture_output=True,
    )
    done = subprocess.run(
        [sys.executable, "-c", IN_LOCALE],
        env={**os.environ, "LOCPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode == 77:
        pytest.skip("this C library takes no locale of one's own")
    assert done.returncode == 0, done.stderr

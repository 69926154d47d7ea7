# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Counts and order decide, never how long something took.
"""Traces: of several clients, whole, bounded, and gone when they are over."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import chimaera
from chimaera.testing import wait_until
from chimaera.trace_events import events
from chimaera.trace_records import Part, Run
from python import programs

Event = dict[str, Any]

_CLIENT = """
import sys, chimaera
with chimaera.connect(runtime_dir=sys.argv[1]) as rt:
    echo = rt.echo("traced")
    print("ready", flush=True)
    for line in sys.stdin:
        for _ in range(int(line)):
            echo.null()
        print("done", flush=True)
"""


def spans(document: dict[str, Any], category: str) -> list[Event]:
    return [
        event
        for event in document["traceEvents"]
        if event["ph"] == "X" and event["cat"] == category
    ]


def check(document: dict[str, Any]) -> None:
    """Whatever is traced: well formed, and every part in its place."""
    json.loads(json.dumps(document, allow_nan=False))
    tracks: dict[tuple[int, int], list[Event]] = defaultdict(list)
    named = set()
    for event in document["traceEvents"]:
        assert {"ph", "name", "pid", "tid"} <= set(event), event
        if event["ph"] == "M":
            named.add((event["pid"], event["tid"]))
        else:
            assert event["ts"] >= 0, event
        if event["ph"] == "X":
            assert event["dur"] >= 0, event
            tracks[event["pid"], event["tid"]].append(event)
    assert set(tracks) <= named
    for track in tracks.values():
        check_nesting(track)
    for category in ("run", "submit"):
        tasks = Counter(key(event) for event in spans(document, category))
        assert set(tasks.values()) <= {1}
    check_arrows(document)


def check_nesting(track: list[Event]) -> None:
    """Spans of one track lie beside or in each other."""
    open_until: list[float] = []
    for event in sorted(track, key=lambda each: (each["ts"], -each["dur"])):
        # Times are sums of floats: a tenth of a nanosecond is none.
        while open_until and open_until[-1] <= event["ts"] + 1e-4:
            open_until.pop()
        end = event["ts"] + event["dur"]
        assert not open_until or end <= open_until[-1] + 1e-3, event
        if event["dur"]:
            open_until.append(end)
        if event["cat"] in {"wait", "io"}:
            assert len(open_until) > 1 or not event["dur"], "outside of a run"


def check_arrows(document: dict[str, Any]) -> None:
    ends: dict[int, dict[str, Event]] = defaultdict(dict)
    for event in document["traceEvents"]:
        if event["ph"] in {"s", "f"}:
            ends[event["id"]][event["ph"]] = event
    runs = {(run["pid"], run["tid"], run["ts"]) for run in spans(document, "run")}
    for arrow in ends.values():
        assert arrow["s"]["ts"] <= arrow["f"]["ts"]
        assert (arrow["f"]["pid"], arrow["f"]["tid"], arrow["f"]["ts"]) in runs


def key(event: Event) -> tuple[int, str]:
    return event["args"]["client"], event["args"]["task"]


@pytest.fixture
def clients(daemon: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Three processes that run so many null tasks as a line asks for."""
    with chimaera.connect(runtime_dir=daemon) as rt:
        rt.echo("traced")
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _CLIENT, str(daemon)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=programs.clean_environment(),
        )
        for _ in range(3)
    ]
    for client in started:
        assert answer(client) == "ready"
    yield started
    for client in started:
        client.kill()
        client.communicate()


def answer(client: subprocess.Popen[str]) -> str:
    assert client.stdout is not None
    return client.stdout.readline().strip()


def ask(client: subprocess.Popen[str], count: int) -> None:
    assert client.stdin is not None
    client.stdin.write(f"{count}\n")
    client.stdin.flush()


def test_each_task_of_every_client_has_one_submission_and_one_run(
    daemon: Path, clients: list[subprocess.Popen[str]]
) -> None:
    with chimaera.connect(runtime_dir=daemon) as rt:
        with rt.trace(one_in=1) as trace:
            for client in clients:
                ask(client, 40)
            for client in clients:
                assert answer(client) == "done"
        document = trace.document
        check(document)
        nulls = [e for e in spans(document, "run") if e["name"] == "traced.Null"]
        assert len(nulls) == 120
        assert len({event["args"]["client"] for event in nulls}) == 3
        submitted = {key(event): event for event in spans(document, "submit")}
        for run in nulls:
            submit = submitted[key(run)]
            assert submit["pid"] in {client.pid for client in clients}
            assert submit["ts"] + submit["dur"] <= run["ts"]
            assert submit["args"]["site"].startswith("<string>:8 ")
            assert run["pid"] == rt.pid
            assert run["args"]["code"] == 0
        assert document["otherData"]["dropped"] == 0
        assert document["otherData"]["tasks"] == len(spans(document, "run"))


def test_a_submission_names_the_line_that_asked_for_it(rt: chimaera.Runtime) -> None:
    echo = rt.echo()
    with rt.trace(one_in=1) as trace:
        line = inspect.currentframe().f_lineno + 1  # type: ignore[union-attr]
        echo.null()
    (submit,) = (
        e for e in spans(trace.document, "submit") if e["name"].endswith(".Null")
    )
    site, function = submit["args"]["site"].split(" ")
    assert Path(__file__).as_posix().endswith(site.rpartition(":")[0][-40:])
    assert site.rpartition(":")[2] == str(line)
    assert function == "test_a_submission_names_the_line_that_asked_for_it"
    check(trace.document)


def test_waits_lie_in_their_runs_and_subtasks_hang_on_theirs(
    rt: chimaera.Runtime,
) -> None:
    echo = rt.echo()
    with rt.trace(one_in=1) as trace:
        sleeps = [echo.sleep_async(0.02) for _ in range(5)]
        assert echo.spawn(3) == 3
        for sleep in sleeps:
            sleep.result()
    document = trace.document
    check(document)
    waits = Counter(event["args"]["for"] for event in spans(document, "wait"))
    assert waits["sleep"] == 5
    names = Counter(event["name"].split(".")[-1] for event in spans(document, "run"))
    assert names["Sleep"] == 5
    assert names["Spawn"] == 1
    (spawn,) = (e for e in spans(document, "run") if e["name"].endswith(".Spawn"))
    made = [
        event
        for event in spans(document, "submit")
        if event["pid"] == rt.pid
        and event["tid"] == spawn["tid"]
        and spawn["ts"] <= event["ts"] <= spawn["ts"] + spawn["dur"]
    ]
    assert len(made) >= 3
    assert spans(document, "slice")


def test_reading_and_writing_files_is_io_of_a_run(
    rt: chimaera.Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So often the disk is told to begin while an array is written.
    monkeypatch.setattr("chimaera.array_write._SYNC_BYTES", 1 << 20)
    device = rt.bdev(path=tmp_path / "device", size_bytes=8 << 20)
    with rt.trace(one_in=1) as trace:
        block = device.allocate(1 << 20)
        device.write(block, b"x" * (1 << 20))
        device.read(block)
        device.array("a", (1 << 20,), "f4", chunks=(1 << 18,))[:] = 1
    document = trace.document
    check(document)
    names = {event["name"].rsplit(" ", 2)[0] for event in spans(document, "io")}
    assert names == {"read", "write", "sync", "begin sync"}
    moved = sum(event["args"]["bytes"] for event in spans(document, "io"))
    assert moved >= 2 << 20


def test_what_is_not_over_is_unfinished(rt: chimaera.Runtime) -> None:
    echo = rt.echo()
    with rt.trace(one_in=1) as trace:
        sleep = echo.sleep_async(60)
        echo.null()

        def sleeps() -> bool:
            return any(task.method == "Sleep" for task in rt.dump().tasks)

        assert wait_until(sleeps)
    sleep.cancel()
    (run,) = (e for e in spans(trace.document, "run") if e["name"].endswith("Sleep"))
    assert run["args"]["unfinished"] is True
    assert "code" not in run["args"]
    assert trace.document["otherData"]["unfinished"] >= 1
    check(trace.document)


def test_one_task_in_so_many_is_traced(rt: chimaera.Runtime) -> None:
    echo = rt.echo()
    with rt.trace(one_in=10) as trace:
        for _ in range(1000):
            echo.null()
    count = trace.document["otherData"]["tasks"]
    assert 1000 // 15 <= count <= 1000 // 5 + 2
    check(trace.document)


def test_a_batch_that_waits_for_its_ring_is_stamped_once() -> None:
    with chimaera.local({"queue": {"depth": 32}}) as rt:
        echo = rt.echo()
        with rt.trace(one_in=10) as trace:
            echo.null_many(20_000)
    assert 1900 <= trace.document["otherData"]["tasks"] <= 2100
    check(trace.document)


_SHORT_OF_MEMORY = """
import resource, chimaera
with chimaera.local() as rt:
    echo = rt.echo()
    echo.null()
    with open("/proc/self/status") as status:
        (kib,) = (line.split()[1] for line in status if line.startswith("VmSize"))
    limit = int(kib) * 1024 + (300 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    with rt.trace(one_in=1, max_records=4_000_000) as trace:  # 512 MB a worker
        for _ in range(20):
            echo.null()
    print(trace.document["otherData"]["tasks"])
"""


def test_without_memory_for_it_tasks_run_untraced() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SHORT_OF_MEMORY],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["0"]


def test_buffers_are_bounded_and_say_what_they_dropped(rt: chimaera.Runtime) -> None:
    echo = rt.echo()
    with rt.trace(one_in=1, max_records=50) as trace:
        for _ in range(300):
            echo.null()
    facts = trace.document["otherData"]
    assert facts["tasks"] <= 50 * rt.num_workers
    assert facts["dropped"] > 0
    assert sum(facts["dropped_by_worker"].values()) == facts["dropped"]
    assert facts["tasks"] + facts["dropped"] >= 300
    check(trace.document)


def test_two_traces_at_once_are_refused(daemon: Path) -> None:
    with chimaera.connect(runtime_dir=daemon) as rt:
        with rt.trace(one_in=1):
            refused = programs.chimaera(
                "trace", "--runtime-dir", daemon, "--seconds", "0"
            )
            assert refused.returncode == 1
            assert "traces already" in refused.stderr
        # The first one is over: another one may begin.
        assert rt.trace(0).document["otherData"]["dropped"] == 0


def test_a_traced_client_may_die(
    daemon: Path, clients: list[subprocess.Popen[str]]
) -> None:
    with chimaera.connect(runtime_dir=daemon) as rt:
        with rt.trace(one_in=1) as trace:
            # First: soon there is no room for more records.
            for client in clients[:2]:
                ask(client, 20)
                assert answer(client) == "done"
            ask(clients[0], 1_000_000_000)
            ask(clients[1], 20)
            assert answer(clients[1]) == "done"
            clients[0].kill()
            clients[0].wait()
        check(trace.document)
        runs = Counter(e["args"]["client"] for e in spans(trace.document, "run"))
        assert sum(count >= 20 for count in runs.values()) >= 2
        rt.echo("traced").null()


def test_the_trace_of_a_client_that_dies_is_over(daemon: Path) -> None:
    program = (
        "import sys, chimaera, os\n"
        "rt = chimaera.connect(runtime_dir=sys.argv[1])\n"
        "rt.trace().start()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    assert programs.python(program, daemon).returncode == -9
    with chimaera.connect(runtime_dir=daemon) as rt:

        def may_trace() -> bool:
            try:
                rt.trace(0)
            except chimaera.AlreadyExistsError:
                return False
            return True

        assert wait_until(may_trace)


def test_nothing_is_left_when_it_is_over(rt: chimaera.Runtime) -> None:
    echo = rt.echo()
    with rt.trace(one_in=1) as first:
        echo.null()
    echo.null()
    with rt.trace(one_in=1_000_000) as second:
        pass
    assert first.document["otherData"]["tasks"] >= 1
    assert not [e for e in spans(second.document, "run") if "Null" in e["name"]]


def test_many_tasks_at_once_name_their_line(rt: chimaera.Runtime) -> None:
    echo = rt.echo()
    with rt.trace(one_in=1) as trace:
        echo.null_many(500)
    runs = [e for e in spans(trace.document, "run") if e["name"].endswith(".Null")]
    assert len(runs) == 500
    sites = {e["args"]["site"] for e in runs}
    assert len(sites) == 1
    assert sites.pop().endswith("test_many_tasks_at_once_name_their_line")
    check(trace.document)


def test_the_command_writes_a_file(
    daemon: Path, clients: list[subprocess.Popen[str]], tmp_path: Path
) -> None:
    for client in clients:
        ask(client, 1_000_000_000)  # a runtime under load
    path = tmp_path / "t.json"
    done = programs.chimaera(
        "trace", "--runtime-dir", daemon, "--seconds", "0.5", "-o", path
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(path.read_text("utf-8"))
    check(document)
    assert document["otherData"]["tasks"] > 0
    assert str(path) in done.stdout


def test_runs_that_overlap_get_rows_of_their_own() -> None:
    def run(number: int, begin: int, end: int, *waits: tuple[int, int]) -> Run:
        parts = [Part("wait", "sleep", *wait, 0, "", 0) for wait in waits]
        return Run(
            worker=0,
            number=number,
            begin_ns=begin,
            end_ns=end,
            submit_ns=begin - 2,
            sent_ns=begin - 1,
            client=1,
            task=f"{number}.{number}",
            pool_id="9.0",
            pool="p",
            method="M",
            pid=77,
            thread=78,
            parent=(0, 0),
            site="",
            code=0,
            parts=parts,
        )

    runs = [
        run(1, 1010, 1100, (1020, 1090)),
        run(2, 1030, 1040),
        run(3, 1050, 1200, (1060, 1180)),
        run(4, 1110, 1175, (1120, 1170)),
    ]
    document = {"traceEvents": events(runs, pid=5, start_ns=1000, stop_ns=2000)}
    check(document)
    rows = {key(e)[1]: e["tid"] for e in spans(document, "run")}
    assert len(set(rows.values())) == 3
    assert rows["1.1"] == rows["4.4"]

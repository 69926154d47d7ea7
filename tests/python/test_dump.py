# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What a runtime tells of its live tasks.
"""Dumps, from Python and from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import chimaera
from chimaera import testing
from chimaera.dump import dump_of
from python import programs


def test_a_sleeping_task_is_listed_with_its_client(daemon: Path) -> None:
    with chimaera.connect(runtime_dir=daemon) as rt:
        sleep = rt.echo().sleep_async(3600)
        tasks = []
        while not tasks and not sleep.done():
            dump = rt.dump()
            tasks = [task for task in dump.tasks if task.method == "Sleep"]
        (task,) = tasks
        assert task.waits_for == "sleep"
        assert task.state == "waiting"
        assert task.client == rt.connection.session_id
        assert "Sleep of" in str(dump)
        sleep.cancel()
        assert sleep.exception() is not None
        assert testing.wait_until(
            lambda: not any(task.method == "Sleep" for task in rt.dump().tasks)
        )


def test_max_tasks_bounds_the_list(rt: chimaera.Runtime) -> None:
    dump = rt.dump(max_tasks=0)
    assert dump.tasks == ()
    assert dump.omitted >= 1
    assert "more" in str(dump)


def test_everything_in_a_dump_is_printed() -> None:
    group = {"client": 2, "task": 7}
    thread = {"client": None}
    dump = dump_of(
        json.dumps(
            {
                "tasks": [],
                "omitted": 3,
                "locks": [
                    {
                        "object": "0xbeef",
                        "kind": "mutex",
                        "owners": [group, thread],
                        "waiting": [group],
                    }
                ],
                "cycles": ["a waits for b, b waits for a"],
                "stuck": [
                    {"worker": 1, "for_ms": 30.5, "run": " in Busy", "stack": "#0 f"}
                ],
                "silent_workers": [1],
            }
        )
    )
    assert str(dump).splitlines() == [
        "3 tasks have begun and are not over",
        "  ... and 3 more",
        "mutex at 0xbeef: held by client 2 task 7, a thread of the runtime; 1 wait",
        "deadlock: a waits for b, b waits for a",
        "stuck: worker 1 for 30 ms in Busy",
        "#0 f",
        "worker 1 does not answer",
    ]


def test_dump_for_people_and_for_programs(daemon: Path) -> None:
    done = programs.chimaera("dump", "--runtime-dir", daemon)
    assert done.returncode == 0, done.stderr
    assert "1 tasks have begun and are not over" in done.stdout
    assert "Dump of 1.0 (admin)" in done.stdout
    done = programs.chimaera("dump", "--json", "--runtime-dir", daemon)
    facts = json.loads(done.stdout)
    assert facts["tasks"][0]["method"] == "Dump"
    assert facts["silent_workers"] == []

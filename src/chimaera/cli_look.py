# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Arguments and printing; the runtime answers.
"""The commands ``chimaera ps``, ``pools``, ``modules`` and ``dump``."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from chimaera.cli_common import (
    EXIT_OK,
    add_json,
    add_where,
    attach,
    directory_of,
    new_parser,
    print_table,
)
from chimaera.figure_text import size_text

if TYPE_CHECKING:
    from chimaera.dump import LiveTask

__all__ = ["parser"]

# The tasks that look are not what one looks for.
_ASKING = {("1.0", "Dump"), ("1.0", "GetMetrics")}


def parser(name: str) -> argparse.ArgumentParser:
    """Make the parser of one of the commands."""
    run, what = {
        "ps": (_ps, "Tasks that have begun and are not over."),
        "pools": (_pools, "Pools of a runtime."),
        "modules": (_modules, "Modules that a runtime finds, and has loaded."),
        "dump": (_dump, "What every live task waits for; locks, deadlocks."),
    }[name]
    made = new_parser(name, run, what)
    add_where(made)
    if name in {"ps", "dump"}:
        made.add_argument(
            "--max-tasks",
            type=int,
            default=10_000,
            metavar="N",
            help="list so many (10000)",
        )
    add_json(made)
    return made


# ---- ps -----------------------------------------------------------------------


def _ps(options: argparse.Namespace) -> int:
    from chimaera.metrics import document_async

    with attach(options) as runtime:
        dump = runtime.dump(max_tasks=options.max_tasks)
        # Without the devices: this is asked when something hangs.
        metrics = document_async(runtime).result_or_cancel()
    pids = {client["id"]: client["pid"] for client in metrics["clients"]}
    rows = [
        _running(worker)
        for worker in metrics["workers"]
        if (run := worker.get("running"))
        and (run["pool_id"], run["method"]) not in _ASKING
    ]
    rows += [
        _begun(task, pids.get(task.client))
        for task in dump.tasks
        if (task.pool, task.method) not in _ASKING
    ]
    if options.json:
        print(json.dumps({"tasks": rows, "omitted": dump.omitted}, indent=2))
        return EXIT_OK
    if not rows:
        print("no task has begun and is not over")
        return EXIT_OK
    print_table(
        ("TASK", "POOL", "METHOD", "PID", "WORKER", "STATE", "WAITS FOR", "FOR"),
        [
            (
                row["task"] or "-",
                f"{row['pool_id']} {row['pool']}",
                row["method"],
                str(row["client_pid"] or "-"),
                str(row["worker"]),
                row["state"],
                row["waits_for"] or "-",
                f"{row['for_s']:.3f} s",
            )
            for row in rows
        ],
    )
    if dump.omitted:
        print(f"and {dump.omitted} more; --max-tasks N lists them")
    return EXIT_OK


def _begun(task: LiveTask, pid: int | None) -> dict[str, Any]:
    waits = task.waits_for if task.state == "waiting" else None
    return {
        "task": task.task,
        "pool_id": task.pool,
        "pool": task.pool_name,
        "module": task.module,
        "method": task.method,
        "client": task.client,
        "client_pid": pid,
        "worker": task.worker,
        "state": task.state,
        "waits_for": waits,
        "object": task.object,
        "for_s": task.waited_ms / 1e3,
    }


def _running(worker: dict[str, Any]) -> dict[str, Any]:
    """Tell what a worker runs just now; it does not say for whom."""
    run = worker["running"]
    return {
        "task": None,
        "pool_id": run["pool_id"],
        "pool": run["pool"],
        "module": None,
        "method": run["method"],
        "client": None,
        "client_pid": None,
        "worker": worker["index"],
        "state": "running",
        "waits_for": None,
        "object": None,
        "for_s": run["since_s"],
    }


# ---- pools, dump --------------------------------------------------------------


def _pools(options: argparse.Namespace) -> int:
    with attach(options) as runtime:
        pools = runtime.pools()
    if options.json:
        rows = [{**asdict(pool), "id": str(pool.id)} for pool in pools]
        print(json.dumps(rows, indent=2))
        return EXIT_OK
    print_table(
        ("ID", "MODULE", "CONTAINERS", "STATE", "PARKED", "HEAP", "ENDED", "NAME"),
        [
            (
                str(pool.id),
                pool.module,
                str(pool.num_containers),
                pool.state,
                str(pool.held_runs),
                "-" if pool.heap_bytes is None else size_text(pool.heap_bytes),
                str(pool.cancelled + pool.expired),
                pool.name,
            )
            for pool in pools
        ],
    )
    return EXIT_OK


def _modules(options: argparse.Namespace) -> int:
    from chimaera.modules import find, of_runtime
    from chimaera.running import is_running

    # Without a runtime: what one would find.
    if options.name or options.runtime_dir or is_running(directory_of(options)):
        with attach(options) as runtime:
            modules = of_runtime(runtime)
    else:
        modules = find()
    if options.json:
        rows = [{**asdict(module), "path": str(module.path)} for module in modules]
        print(json.dumps(rows, indent=2))
        return EXIT_OK
    print_table(
        ("NAME", "VERSION", "LOADED", "PATH"),
        [
            (
                module.name,
                module.version or "-",
                "yes" if module.loaded else "no",
                str(module.path),
            )
            for module in modules
        ],
    )
    for module in modules:
        if module.mistake:
            print(f"{module.name} cannot be used: {module.mistake}")
    return EXIT_OK


def _dump(options: argparse.Namespace) -> int:
    with attach(options) as runtime:
        dump = runtime.dump(max_tasks=options.max_tasks)
    print(json.dumps(asdict(dump), indent=2) if options.json else dump)
    return EXIT_OK

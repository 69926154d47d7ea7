# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Arguments and printing; the runtime answers.
"""The command ``chimaera status``."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from chimaera.cli_common import EXIT_OK, add_json, add_where, attach, new_parser
from chimaera.figure_text import size_text

if TYPE_CHECKING:
    from chimaera.status import MethodCost

__all__ = ["parser"]

SHOWN_COSTS = 10


def parser(name: str) -> argparse.ArgumentParser:
    """Make the parser of the command."""
    made = new_parser(name, _status, "What a runtime does.")
    add_where(made)
    add_json(made)
    return made


def _cost_line(cost: MethodCost) -> str:
    """Tell what a task costs: ``200.0 Write  3.1 us + 0.1 ns per unit, +- ...``."""
    grows = f" + {cost.s_per_unit * 1e9:.3g} ns per unit" if cost.s_per_unit else ""
    return (
        f"{cost.pool_id!s:8} {cost.method:18} {cost.base_s * 1e6:.3g} us{grows}, "
        f"+- {cost.error_s * 1e6:.2g} us{', long' if cost.is_long else ''}"
    )


def _status(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from chimaera.device_status import device_lines, devices

    with attach(options) as runtime:
        status = runtime.status()
        pools = runtime.pools()
        found = list(devices(runtime, pools))
        facts = {
            **asdict(status),
            "runtime_dir": str(runtime.runtime_dir),
            "tasks": status.tasks,
            "cancelled": status.cancelled,
            "expired": status.expired,
            "missed_periods": status.missed_periods,
            "rings": sum(worker.rings for worker in status.workers),
            "pools": [{**asdict(pool), "id": str(pool.id)} for pool in pools],
            "devices": [
                {"id": str(pool.id), "name": pool.name, **asdict(stats)}
                for pool, stats in found
            ],
            "costs": [
                {**asdict(cost), "pool_id": str(cost.pool_id)} for cost in status.costs
            ],
        }
    if options.json:
        print(json.dumps(facts, indent=2))
        return EXIT_OK
    print(f"runtime of pid {status.pid} in {facts['runtime_dir']}")
    print(f"  up for    {status.uptime_s:.1f} s")
    print(f"  memory    {status.resident_bytes / 2**20:.1f} MiB")
    print(f"  workers   {len(status.workers)}, {status.tasks} tasks so far")
    print(
        f"  ended     {status.cancelled} cancelled, {status.expired} past their "
        f"deadline, {status.missed_periods} periods missed"
    )
    print(f"  clients   attached threads: {facts['rings']}")
    print(f"  pools     {len(pools)}")
    for pool in pools:
        heap = "" if pool.heap_bytes is None else f", {size_text(pool.heap_bytes)}"
        ended = f", {pool.cancelled} cancelled" if pool.cancelled else ""
        ended += f", {pool.expired} expired" if pool.expired else ""
        state = f"{pool.state}{ended}{heap}"
        print(f"    {pool.id!s:12} {pool.module:18} {pool.name} ({state})")
    print(f"  devices   {len(found)}")
    for pool, stats in found:
        for line in device_lines(pool, stats):
            print(f"    {line}")
    print("  costs     of a task, as seen so far")
    for cost in status.costs[:SHOWN_COSTS]:
        print(f"    {_cost_line(cost)}")
    return EXIT_OK

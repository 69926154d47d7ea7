# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# A runtime that is made up, for what no real one does on demand: hostile names, stuck
# workers, thousands of methods, an end in the middle of an answer.
"""Metrics documents for the tests of the live page."""

from __future__ import annotations

from typing import Any

from chimaera import errors
from chimaera.dump import Dump

__all__ = ["HOSTILE", "FakeRuntime", "document", "histogram"]

HOSTILE = "<script>document.title='run'</script><img src=x onerror=alert(1)>"


def histogram(count: int, p50_s: float) -> dict[str, Any]:
    """Make percentiles that look like some."""
    if count == 0:
        return {"count": 0, "sum_s": 0.0, "p50_s": None, "p90_s": None, "p99_s": None,
                "p999_s": None, "max_s": None, "buckets": []}  # fmt: skip
    return {
        "count": count,
        "sum_s": count * p50_s,
        "p50_s": p50_s,
        "p90_s": p50_s * 2,
        "p99_s": p50_s * 5,
        "p999_s": p50_s * 12,
        "max_s": p50_s * 40,
        "buckets": [[p50_s, count // 2], [p50_s * 5, count - count // 2]],
    }


def document(uptime_s: float = 3725.0, *, name: str = "analysis") -> dict[str, Any]:
    """Make the metrics of a busy runtime `uptime_s` after its start."""
    steps = int(uptime_s * 10)
    pools = [
        _pool("200.0", "ram://default", "chimaera_bdev",
              [("Read", 8100, 2.1e-6), ("Write", 5200, 3.4e-6)], steps),
        _pool("300.0", "echo", "chimaera_echo", [("Echo", 90_000, 0.4e-6)], steps),
        _pool("400.0", "terrain", "chimaera_stats",
              [("Reduce", 31, 5.2e-3), ("HillShade", 2, 0.41)], steps),
        _pool("500.0", HOSTILE, "chimaera_echo", [("Echo", 12, 1e-6)], steps),
    ]  # fmt: skip
    running = [
        None,
        {"pool_id": "400.0", "pool": "terrain", "method": "HillShade", "since_s": 2.4},
        {"pool_id": "300.0", "pool": "echo", "method": "Echo", "since_s": 1e-6},
        {"pool_id": "200.0", "pool": "ram://default", "method": "Read", "since_s": 0.0},
    ]
    tasks = sum(pool["tasks"] for pool in pools)
    return {
        "version": 1,
        "pid": 4711,
        "name": name,
        "runtime_dir": "/tmp/chimaera-1000",  # noqa: S108 - only shown
        "time_s": 1.79e9 + uptime_s,
        "uptime_s": uptime_s,
        "resident_bytes": 734 << 20,
        "health": "ok",
        "sampling": {"on": True, "one_in": 64},
        "tasks": tasks,
        "failed": 7,
        "cancelled": 3,
        "expired": 1,
        "workers": [
            _worker(index, steps, running[(index + steps // 40) % 4])
            for index in range(4)
        ],
        "pools": pools,
        "clients": [_client(index, steps) for index in range(3)],
        "devices": [
            _device("200.0", "ram://default", "ram", steps),
            _device("210.0", "/data/scratch/terrain.dev", "io_uring", steps // 9),
        ],
        "memory": _memory(),
        "stuck": [],
        "errors": [
            _error(
                1.79e9 + 3500,
                "terrain",
                "Reduce",
                "block 3 of 512 bytes is freed",
                None,
            ),
            _error(
                1.79e9 + 3100,
                HOSTILE,
                "Echo",
                f"module threw: {HOSTILE}",
                "#0 chimaera::echo::Runtime::Echo\n#1 chi::Dispatcher::Run",
            ),
        ],
    }


def _memory() -> dict[str, Any]:
    def segment(kind: str, owner: str, size: int, used: int | None) -> dict[str, Any]:
        return {"kind": kind, "owner": owner, "bytes": size, "used_bytes": used}

    segments = [segment("runtime_data", "runtime", 512 << 20, 201 << 20)]
    for index in range(1, 4):
        owner = f"client {index}"
        segments.append(segment("main", owner, 16 << 20, None))
        segments.append(segment("client_data", owner, 256 << 20, None))
    return {
        "segments": segments,
        "loaned_bytes": 105 << 20,
        "pinned_bytes": 12 << 20,
        "free_bytes": 311 << 20,
    }


def _pool(
    pool_id: str, name: str, module: str, methods: list[tuple[str, int, float]],
    steps: int,
) -> dict[str, Any]:  # fmt: skip
    rows = [
        {
            "id": 10 + index,
            "name": method,
            "tasks": each * steps,
            "failed": steps // 9000,
            "run_s": histogram(each * steps // 64, p50_s),
            "cost": None,
        }
        for index, (method, each, p50_s) in enumerate(methods)
    ]
    tasks = sum(row["tasks"] for row in rows)
    return {
        "id": pool_id,
        "name": name,
        "module": module,
        "state": "live",
        "num_containers": 1,
        "heap_bytes": None,
        "held_runs": 0,
        "tasks": tasks,
        "failed": 0,
        "cancelled": 0,
        "expired": 0,
        "methods": rows,
    }


def _worker(index: int, steps: int, running: dict[str, Any] | None) -> dict[str, Any]:
    wave = abs((steps + 70 * index) % 200 - 100) / 100
    return {
        "index": index,
        "kind": "both" if index < 3 else "long",
        "asleep": running is None,
        "tasks": 26_000 * steps,
        "parks": 2 * steps,
        "sleeps": steps,
        "parked": index,
        "rings": 2,
        "fibers": 8,
        "load": 0.0 if running is None else 0.2 + 0.8 * wave,
        "busy_s": 0.0,
        "handed_over": 12,
        "long_waiting": 0,
        "rings_moved": 1,
        "cancelled": 0,
        "expired": 0,
        "missed_periods": 0,
        "running": running,
        "run_s": histogram(4000, 1e-6),
    }


def _client(index: int, steps: int) -> dict[str, Any]:
    return {
        "id": index + 1,
        "pid": 5000 + 17 * index,
        "uid": 1000,
        "tasks": (index + 1) * 17_000 * steps,
        "failed": index,
        "in_flight": 40 * index,
        "memory_bytes": (30 + 70 * index) << 20,
        "loaned_bytes": (35 * index) << 20,
        "pinned_bytes": (4 * index) << 20,
        "run_s": histogram(900, 8e-7),
    }


def _device(pool_id: str, name: str, engine: str, steps: int) -> dict[str, Any]:
    return {
        "id": pool_id,
        "name": name,
        "engine": engine,
        "direct": engine != "ram",
        "total_bytes": 4 << 30,
        "remaining_bytes": 3 << 30,
        "num_reads": 8100 * steps,
        "num_writes": 5200 * steps,
        "bytes_read": 8100 * 4096 * steps,
        "bytes_written": 5200 * 4096 * steps,
        "queue_depth": 3,
        "max_queue_depth": 32,
        "bad_pages": 0,
        "read_s": histogram(8100, 2.1e-6),
        "write_s": histogram(5200, 3.4e-6),
    }


def _error(
    time_s: float, pool: str, method: str, message: str, stack: str | None
) -> dict[str, Any]:
    return {
        "time_s": time_s,
        "pool_id": "400.0",
        "pool": pool,
        "method": method,
        "code": 10020,
        "message": message,
        "client": 2,
        "stack": stack,
    }


class FakeRuntime:
    """Says what a test wants it to say.

    Attributes
    ----------
    answer : dict
        Of `metrics`; a new one for each call if None.
    error : Exception or None
        What `metrics` raises instead.
    ended : bool
    asked : int
        Calls of `metrics`.
    """

    def __init__(self, answer: dict[str, Any] | None = None) -> None:
        self.answer = answer
        self.error: Exception | None = None
        self.ended = False
        self.asked = 0

    def check(self) -> None:
        if self.ended:
            raise errors.RuntimeDiedError("the runtime of pid 4711 is gone")

    def metrics(self, *, timeout_s: float) -> dict[str, Any]:
        del timeout_s
        self.asked += 1
        self.check()
        if self.error is not None:
            raise self.error
        if self.answer is not None:
            return self.answer
        return document(3725.0 + self.asked)

    def dump(self, *, max_tasks: int, timeout_s: float) -> Dump:
        del max_tasks, timeout_s
        self.check()
        return Dump((), 0, (), (), (), ())

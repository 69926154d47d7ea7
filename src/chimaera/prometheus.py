# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Needs nothing but the document, so that whoever has it can serve it.
"""The metrics document in Prometheus' text format."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["CONTENT_TYPE", "prometheus_text"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = dict[str, str]
_PREFIX = "chimaera_"
# Of a histogram, bounds in seconds: 1 us to 17 min in steps of 2. The document's
# own buckets are 1/16 of that and would be too many to scrape.
_BOUNDS = tuple(1e-6 * 2**power for power in range(31))

# key in the document, its name here without what the type adds, and what it is
_TOTALS = {
    "tasks": ("tasks", "Tasks begun"),
    "failed": ("failed_tasks", "Tasks that ended with an error"),
    "cancelled": ("cancelled_tasks", "Tasks ended since they were cancelled"),
    "expired": ("expired_tasks", "Tasks ended at their deadline"),
}
_WORKER_COUNTERS = {
    "tasks": ("worker_tasks", "Tasks begun"),
    "parks": ("worker_parks", "Times a method was parked"),
    "sleeps": ("worker_sleeps", "Times the worker went to sleep"),
    "handed_over": ("worker_handed_over_tasks", "Long tasks given to another queue"),
    "rings_moved": ("worker_moved_rings", "Rings given to another worker"),
    "missed_periods": ("worker_missed_periods", "Times a periodic task was not run"),
    "busy_s": ("worker_busy_seconds", "Time in clients' tasks, estimated"),
}
_WORKER_GAUGES = {
    "parked": ("worker_parked_methods", "Methods parked now"),
    "rings": ("worker_rings", "Rings of client threads attached now"),
    "fibers": ("worker_fibers", "Stacks that exist"),
    "long_waiting": ("worker_waiting_long_tasks", "Long tasks that wait now"),
    "load": ("worker_load_ratio", "Part of its time in clients' tasks lately"),
}
_POOL_COUNTERS = {
    "cancelled": ("pool_cancelled_tasks", "Tasks ended since they were cancelled"),
    "expired": ("pool_expired_tasks", "Tasks ended at their deadline"),
}
_POOL_GAUGES = {
    "heap_bytes": ("pool_heap_bytes", "Heap that its containers hold"),
    "held_runs": ("pool_parked_methods", "Methods that have parked and are not over"),
}
_METHOD_COUNTERS = {
    "tasks": ("method_tasks", "Tasks begun"),
    "failed": ("method_failed_tasks", "Tasks that ended with an error"),
}
_CLIENT_COUNTERS = {
    "tasks": ("client_tasks", "Tasks taken from the client"),
    "failed": ("client_failed_tasks", "Tasks that ended with an error"),
}
_CLIENT_GAUGES = {
    "in_flight": ("client_tasks_in_flight", "Tasks that wait in a method"),
    "memory_bytes": ("client_memory_bytes", "Shared memory of the client"),
    "loaned_bytes": ("client_loaned_bytes", "Results that it has not given back"),
    "pinned_bytes": ("client_pinned_bytes", "Bytes of devices that it looks at"),
}
_DEVICE_COUNTERS = {
    "num_reads": ("device_reads", "Reads"),
    "num_writes": ("device_writes", "Writes"),
    "bytes_read": ("device_read_bytes", "Bytes read"),
    "bytes_written": ("device_written_bytes", "Bytes written"),
    "bad_pages": ("device_bad_pages", "Bad pages found in the background"),
}
_DEVICE_GAUGES = {
    "total_bytes": ("device_size_bytes", "Size of the device"),
    "remaining_bytes": ("device_free_bytes", "Free bytes"),
    "queue_depth": ("device_queued_requests", "Requests at the device now"),
    "num_blocks": ("device_blocks", "Blocks in use"),
    "num_pins": ("device_pins", "Copies under way and blocks looked at"),
}
_MEMORY_GAUGES = {
    "loaned_bytes": ("memory_loaned_bytes", "Results that clients hold"),
    "pinned_bytes": ("memory_pinned_bytes", "Bytes of devices that clients look at"),
    "free_bytes": ("memory_free_bytes", "Free bytes of runtime data"),
}


class _Families:
    """Samples by family: those of one name must stand together."""

    def __init__(self) -> None:
        self._families: dict[str, tuple[str, str, list[str]]] = {}

    def add(self, kind: str, name: str, text: str, labels: Labels, value: Any) -> None:
        """Add a sample of a counter or a gauge; None is none."""
        if value is None:
            return
        suffix = "_total" if kind == "counter" else ""
        self._lines(kind, f"{_PREFIX}{name}{suffix}", text).append(
            f"{_PREFIX}{name}{suffix}{_labels(labels)} {_number(value)}"
        )

    def add_all(
        self,
        kind: str,
        names: Mapping[str, tuple[str, str]],
        row: Mapping[str, Any],
        labels: Labels,
    ) -> None:
        """Add what `row` has of `names`."""
        for key, (name, text) in names.items():
            self.add(kind, name, text, labels, row.get(key))

    def add_histogram(
        self, name: str, text: str, labels: Labels, row: Mapping[str, Any] | None
    ) -> None:
        """Add a histogram of the document; None is none."""
        if not row:
            return
        name = _PREFIX + name
        lines = self._lines("histogram", name, text)
        for bound, count in _cumulative(row["buckets"]):
            bounded = {**labels, "le": _number(bound)}
            lines.append(f"{name}_bucket{_labels(bounded)} {count}")
        lines.append(f"{name}_sum{_labels(labels)} {_number(row['sum_s'])}")
        lines.append(f"{name}_count{_labels(labels)} {row['count']}")

    def text(self) -> str:
        """Return all families."""
        return "".join(
            f"# HELP {name} {_help(text)}\n# TYPE {name} {kind}\n"
            + "".join(f"{line}\n" for line in lines)
            for name, (kind, text, lines) in self._families.items()
        )

    def _lines(self, kind: str, name: str, text: str) -> list[str]:
        return self._families.setdefault(name, (kind, text, []))[2]


def prometheus_text(document: Mapping[str, Any]) -> str:
    """Write a metrics document as Prometheus reads it.

    Parameters
    ----------
    document : mapping
        What `Runtime.metrics` returns.

    Returns
    -------
    str
        To be served as `CONTENT_TYPE`. Names begin with ``chimaera_``; times are
        seconds, sizes bytes. What the document does not have is left out.

    References
    ----------
    .. [1] https://prometheus.io/docs/instrumenting/exposition_formats/
    """
    families = _Families()
    who = {
        "name": str(document.get("name", "")),
        "runtime_dir": str(document.get("runtime_dir", "")),
        "pid": str(document.get("pid", "")),
    }
    families.add("gauge", "runtime_info", "1, labelled with the runtime", who, 1)
    healthy = int(document.get("health") == "ok")
    families.add("gauge", "healthy", "1 if no worker is held up", {}, healthy)
    families.add("gauge", "uptime_seconds", "Since its start", {}, document["uptime_s"])
    resident = document.get("resident_bytes")
    families.add("gauge", "resident_bytes", "Memory of the process", {}, resident)
    families.add_all("counter", _TOTALS, document, {})
    families.add_all("gauge", _MEMORY_GAUGES, document.get("memory") or {}, {})
    stuck = len(document.get("stuck", ()))
    families.add("gauge", "stuck_workers", "Workers that a method holds", {}, stuck)
    _add_workers(families, document.get("workers", ()))
    _add_pools(families, document.get("pools", ()))
    for client in document.get("clients", ()):
        labels = {"client": str(client["id"]), "pid": str(client["pid"])}
        families.add_all("counter", _CLIENT_COUNTERS, client, labels)
        families.add_all("gauge", _CLIENT_GAUGES, client, labels)
        families.add_histogram(
            "client_run_seconds", "Runs of tasks", labels, client.get("run_s")
        )
    for device in document.get("devices", ()):
        labels = {"device": str(device["id"]), "name": str(device["name"])}
        families.add_all("counter", _DEVICE_COUNTERS, device, labels)
        families.add_all("gauge", _DEVICE_GAUGES, device, labels)
        for way in ("read", "write"):
            families.add_histogram(
                f"device_{way}_seconds",
                f"{way.capitalize()}s, their turn awaited",
                labels,
                device.get(f"{way}_s"),
            )
    return families.text()


def _add_workers(families: _Families, workers: Any) -> None:
    for worker in workers:
        labels = {"worker": str(worker["index"]), "kind": str(worker["kind"])}
        families.add_all("counter", _WORKER_COUNTERS, worker, labels)
        families.add_all("gauge", _WORKER_GAUGES, worker, labels)
        families.add_histogram(
            "worker_run_seconds", "Runs of tasks", labels, worker.get("run_s")
        )


def _add_pools(families: _Families, pools: Any) -> None:
    for pool in pools:
        labels = {
            "pool": str(pool["id"]),
            "name": str(pool["name"]),
            "module": str(pool["module"]),
        }
        families.add_all("counter", _POOL_COUNTERS, pool, labels)
        families.add_all("gauge", _POOL_GAUGES, pool, labels)
        for method in pool.get("methods", ()):
            named = {**labels, "method": str(method["name"])}
            families.add_all("counter", _METHOD_COUNTERS, method, named)
            families.add_histogram(
                "method_run_seconds", "Runs of tasks", named, method.get("run_s")
            )


def _cumulative(buckets: Any) -> Iterator[tuple[float, int]]:
    """Count what is at most each of _BOUNDS, and all of it at infinity.

    A bucket counts where its own upper bound fits, so that nothing is told to
    have been quicker than it was.
    """
    rows = sorted((float(bound), int(count)) for bound, count in buckets)
    total, at = 0, 0
    for bound in (*_BOUNDS, math.inf):
        while at < len(rows) and (rows[at][0] <= bound):
            total += rows[at][1]
            at += 1
        yield bound, total


def _number(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return "+Inf" if value == math.inf else repr(value)
    return str(value)


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    pairs = (f'{name}="{_escape(value)}"' for name, value in labels.items())
    return "{" + ",".join(pairs) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Plain values; the extension answers with rows of numbers.
"""What a runtime says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["RuntimeStatus", "WorkerStatus", "status_of"]


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """Counters of one worker thread of a runtime since its start.

    Attributes
    ----------
    tasks : int
        Begun.
    parks, sleeps : int
        Times a method was parked; times the worker went to sleep.
    parked : int
        Methods parked now.
    rings : int
        Rings of client threads attached now.
    fibers : int
        Stacks that exist.
    """

    tasks: int
    parks: int
    sleeps: int
    parked: int
    rings: int
    fibers: int


@dataclass(frozen=True, slots=True)
class RuntimeStatus:
    """What a runtime says of itself.

    Attributes
    ----------
    pid : int
    uptime_s : float
    resident_bytes : int
        Memory of the process, shared memory too.
    num_pools, pools_created, pools_destroyed : int
    workers : tuple of WorkerStatus
    """

    pid: int
    uptime_s: float
    resident_bytes: int
    num_pools: int
    pools_created: int
    pools_destroyed: int
    workers: tuple[WorkerStatus, ...]

    @property
    def tasks(self) -> int:
        """Tasks begun by all workers."""
        return sum(worker.tasks for worker in self.workers)


def status_of(row: tuple[Any, ...]) -> RuntimeStatus:
    """Make the status of what _core.get_stats answers."""
    pid, uptime_ns, resident, num_pools, created, destroyed, rows = row
    workers = tuple(WorkerStatus(*each) for each in rows)
    return RuntimeStatus(
        pid, uptime_ns / 1e9, resident, num_pools, created, destroyed, workers
    )

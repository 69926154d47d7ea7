# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Plain values; the extension answers with rows of numbers.
"""What a runtime says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chimaera.pool import PoolId

__all__ = ["MethodCost", "RuntimeStatus", "WorkerStatus", "status_of"]


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
    kind : str
        Which tasks it is for: "short", "long" or "both".
    load : float
        Part of its time in clients' tasks lately, 0 to 1; 0 where rings cannot
        move, so that nobody measures it.
    busy_s : float
        Time in clients' tasks, estimated from samples, seconds.
    handed_over : int
        Tasks that it gave away since they are likely to run long.
    long_waiting : int
        Such tasks that wait for this worker now.
    rings_moved : int
        Rings that it gave to another worker.
    cancelled, expired : int
        Tasks that it ended since they were cancelled or past their deadline.
    missed_periods : int
        Times that a periodic task was not run.
    """

    tasks: int
    parks: int
    sleeps: int
    parked: int
    rings: int
    fibers: int
    kind: str
    load: float
    busy_s: float
    handed_over: int
    long_waiting: int
    rings_moved: int
    cancelled: int
    expired: int
    missed_periods: int


@dataclass(frozen=True, slots=True)
class MethodCost:
    """What a method of a pool costs, as the runtime has learned: a line.

    Attributes
    ----------
    pool_id : PoolId
    method : str
    samples : int
        Runs learned from: all at first, one in about 64 later.
    base_s : float
        Time of a run of size 0, without the time it was parked, seconds.
    s_per_unit : float
        And for each unit of the size that its module states, seconds.
    error_s : float
        Typical distance of a run from that line, seconds.
    is_long : bool
        Whether its tasks are handed to where long ones wait.
    changes : int
        Times that the method was found changed and learning began anew.
    """

    pool_id: PoolId
    method: str
    samples: int
    base_s: float
    s_per_unit: float
    error_s: float
    is_long: bool
    changes: int


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
    costs : tuple of MethodCost
        The 256 methods that were learned from most often.
    """

    pid: int
    uptime_s: float
    resident_bytes: int
    num_pools: int
    pools_created: int
    pools_destroyed: int
    workers: tuple[WorkerStatus, ...]
    costs: tuple[MethodCost, ...]

    @property
    def tasks(self) -> int:
        """Tasks begun by all workers."""
        return sum(worker.tasks for worker in self.workers)

    @property
    def cancelled(self) -> int:
        """Tasks that were cancelled, subtasks too."""
        return sum(worker.cancelled for worker in self.workers)

    @property
    def expired(self) -> int:
        """Tasks that were ended at their deadline, subtasks too."""
        return sum(worker.expired for worker in self.workers)

    @property
    def missed_periods(self) -> int:
        """Times that a periodic task was not run."""
        return sum(worker.missed_periods for worker in self.workers)


def status_of(row: tuple[Any, ...]) -> RuntimeStatus:
    """Make the status of what _core.get_stats answers."""
    pid, uptime_ns, resident, num_pools, created, destroyed, rows, costs = row
    return RuntimeStatus(
        pid,
        uptime_ns / 1e9,
        resident,
        num_pools,
        created,
        destroyed,
        tuple(WorkerStatus(*each) for each in rows),
        tuple(MethodCost(PoolId(*pool), *rest) for pool, *rest in costs),
    )

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The runtime is a process of its own. Neither side is bound to a CPU: the executor of
# Python may use them all, and so may a client and its runtime.
"""Null calls by the thousand, beside Python's own executor."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from chimaera.bench.calls import daemon
from chimaera.bench.figure import Figure, NotMeasuredError, compared
from chimaera.bench.rounds import Effort, take_turns
from chimaera.echo import Echo
from chimaera.opening import connect

__all__ = ["measure", "ns_per_call"]

_PER_SECOND_MIN = 2e6
_TIMES_FASTER_MIN = 50
# Calls at once: some milliseconds of either.
_CROSSING, _SUBMITTED = 50_000, 500


def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - see command.py
    """Measure call_many, call_many_vs_executor and calls_one_by_one."""
    with contextlib.ExitStack() as stack:
        runtime_dir = stack.enter_context(daemon())
        runtime = stack.enter_context(connect(runtime_dir=runtime_dir))
        echo = runtime.create_pool(Echo.module, "bench_call_many")
        if not isinstance(echo, Echo):
            raise NotMeasuredError(f"{echo} is no echo pool")
        threads = stack.enter_context(ThreadPoolExecutor())

        def submit_all() -> None:
            for future in [threads.submit(_nothing) for _ in range(_SUBMITTED)]:
                future.result()

        rows = take_turns(
            [
                lambda ns: (
                    ns_per_call(lambda: echo.null_many(_CROSSING), ns) / _CROSSING
                ),
                lambda ns: ns_per_call(echo.null, ns),
                lambda ns: ns_per_call(submit_all, ns) / _SUBMITTED,
            ],
            Effort.of(quick=quick),
        )
    many, single, executor = ([1e9 / each for each in row] for row in rows)
    return [
        Figure(
            "call_many",
            statistics.median(many),
            "1/s",
            target=_PER_SECOND_MIN,
            bound=">=",
        ),
        compared(
            "call_many_vs_executor",
            many,
            "1/s",
            "ThreadPoolExecutor",
            executor,
            target=_TIMES_FASTER_MIN,
            bound=">=",
        ),
        Figure("calls_one_by_one", statistics.median(single), "1/s"),
    ]


def _nothing() -> None:
    """Be as little as a null task is."""


def ns_per_call(operation: Callable[[], object], slice_ns: int) -> float:
    """Call until the time is over, at least once; the mean in nanoseconds."""
    begin = now = time.perf_counter_ns()
    calls = 0
    while calls == 0 or now < begin + slice_ns:
        operation()
        calls += 1
        now = time.perf_counter_ns()
    return (now - begin) / calls

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The counterpart of src/cpp/tools/bench/harness.h.
"""Slices of operations that take turns."""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Effort", "Slice", "median_ns", "pinned", "take_turns"]

# Runs an operation for so many nanoseconds; returns its median duration.
Slice = Callable[[int], float]


@dataclass(frozen=True, slots=True)
class Effort:
    """How often, and how long."""

    num_rounds: int
    slice_ns: int

    @classmethod
    def of(cls, *, quick: bool) -> Effort:
        """Return that of a measurement, or that of a test."""
        return cls(3, 2_000_000) if quick else cls(24, 80_000_000)


def median_ns(operation: Callable[[], object], slice_ns: int) -> float:
    """Call again and again; the median of single calls, in nanoseconds.

    What the loop and the clock take is part of it: about 0.1 us.
    """
    clock = time.perf_counter_ns
    samples: list[int] = []
    add = samples.append
    before = clock()
    end = before + slice_ns
    while before < end:
        operation()
        after = clock()
        add(after - before)
        before = after
    return float(statistics.median(samples))


def take_turns(slices: Sequence[Slice], effort: Effort) -> list[list[float]]:
    """Return the medians of each slice, round by round.

    The order alternates, so that a drift favours none; a first round warms up.
    """
    rows: list[list[float]] = [[] for _ in slices]
    for each in slices:
        each(effort.slice_ns // 4)
    turns = list(zip(slices, rows, strict=True))
    for number in range(effort.num_rounds):
        for each, row in turns if number % 2 == 0 else reversed(turns):
            row.append(each(effort.slice_ns))
    return rows


@contextlib.contextmanager
def pinned(cpu: int) -> Iterator[None]:
    """Bind the calling thread to a CPU."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)

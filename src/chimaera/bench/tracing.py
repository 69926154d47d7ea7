# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# On and off take turns in one runtime; what the file costs when a trace is over is
# its user's own time and not measured.
"""What a trace costs those who are traced."""

from __future__ import annotations

import contextlib

from chimaera.bench.calls import daemon
from chimaera.bench.crossings import ns_per_call
from chimaera.bench.figure import Figure, NotMeasuredError, compared
from chimaera.bench.rounds import Effort, Slice, take_turns
from chimaera.echo import Echo
from chimaera.opening import connect
from chimaera.runtime import Runtime

__all__ = ["measure_trace"]

_KEPT_MIN = 0.9
_CROSSING = 50_000


def measure_trace(quick: bool) -> list[Figure]:  # noqa: FBT001 - see command.py
    """Measure trace_cost: null tasks per second, one in 64 traced, to not traced."""
    with contextlib.ExitStack() as stack:
        runtime_dir = stack.enter_context(daemon())
        runtime = stack.enter_context(connect(runtime_dir=runtime_dir))
        echo = runtime.create_pool(Echo.module, "bench_trace")
        if not isinstance(echo, Echo):
            raise NotMeasuredError(f"{echo} is no echo pool")

        def untraced(slice_ns: int) -> float:
            return ns_per_call(lambda: echo.null_many(_CROSSING), slice_ns)

        rows = take_turns(
            [lambda ns: _traced(runtime, untraced, ns), untraced],
            Effort.of(quick=quick),
        )
    traced, plain = ([_CROSSING * 1e9 / each for each in row] for row in rows)
    return [
        compared(
            "trace_cost",
            traced,
            "1/s",
            "not traced",
            plain,
            target=_KEPT_MIN,
            bound=">=",
        )
    ]


def _traced(runtime: Runtime, run: Slice, slice_ns: int) -> float:
    with runtime.trace() as trace:
        took = run(slice_ns)
    if trace.document["otherData"]["tasks"] == 0:
        raise NotMeasuredError("nothing was traced")
    return took

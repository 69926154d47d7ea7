# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The runtime is a process of its own, as users have it; a C++ client of the same
# runtime takes turns with Python on the same CPU.
"""What a null call costs from Python."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from chimaera.bench import peers
from chimaera.bench.figure import Figure, NotMeasuredError, compared
from chimaera.bench.rounds import Effort, median_ns, pinned, take_turns
from chimaera.bench.tool import installed_tool
from chimaera.daemon import start, stop
from chimaera.echo import Echo
from chimaera.opening import connect

__all__ = ["daemon", "measure"]

_EXTRA_US_MAX = 1.5
_TIMES_FASTER_MIN = 10
_CONFIG = "runtime:\n  num_threads: 1\n"


def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - see command.py
    """Measure python_null_extra and python_null_vs_pipe."""
    cpus = sorted(os.sched_getaffinity(0))
    here, there = cpus[0], cpus[-1]
    with contextlib.ExitStack() as stack:
        pipe = stack.enter_context(peers.pipe(there))
        queue = stack.enter_context(peers.queue(there))
        runtime_dir = stack.enter_context(daemon())
        cxx = stack.enter_context(_cxx_client(runtime_dir))
        runtime = stack.enter_context(connect(runtime_dir=runtime_dir))
        echo = runtime.create_pool(Echo.module, "bench_python_echo")
        if not isinstance(echo, Echo):
            raise NotMeasuredError(f"{echo} is no echo pool")
        stack.enter_context(pinned(here))
        python_ns, cxx_ns, pipe_ns, queue_ns = take_turns(
            [
                lambda ns: median_ns(echo.null, ns),
                cxx,
                lambda ns: median_ns(pipe, ns),
                lambda ns: median_ns(queue, ns),
            ],
            Effort.of(quick=quick),
        )
    return [
        _extra(python_ns, cxx_ns),
        compared(
            "python_null_vs_pipe",
            [1e9 / each for each in python_ns],
            "1/s",
            "multiprocessing pipe",
            [1e9 / each for each in pipe_ns],
            target=_TIMES_FASTER_MIN,
            bound=">=",
        ),
        Figure("multiprocessing_queue", statistics.median(queue_ns), "ns"),
    ]


def _extra(python_ns: list[float], cxx_ns: list[float]) -> Figure:
    differences = [
        (mine - other) / 1e3 for mine, other in zip(python_ns, cxx_ns, strict=True)
    ]
    return Figure(
        "python_null_extra",
        statistics.median(differences),
        "us",
        target=_EXTRA_US_MAX,
    )


@contextlib.contextmanager
def daemon() -> Iterator[Path]:
    """Run a runtime of one worker in the background."""
    with tempfile.TemporaryDirectory(prefix="chimaera-bench-") as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(_CONFIG, "utf-8")
        runtime_dir = Path(folder) / "runtime"
        start(runtime_dir=runtime_dir, config=config)
        try:
            yield runtime_dir
        finally:
            stop(runtime_dir=runtime_dir)


@contextlib.contextmanager
def _cxx_client(runtime_dir: Path) -> Iterator[Callable[[int], float]]:
    """Yield what runs null tasks from C++ and returns their median in ns."""
    with subprocess.Popen(
        [installed_tool("chimaera_bench"), "null-slices", runtime_dir],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as client:
        requests, answers = client.stdin, client.stdout
        if requests is None or answers is None:
            raise NotMeasuredError("chimaera_bench has no pipes")

        def run(slice_ns: int) -> float:
            requests.write(f"{slice_ns}\n")
            requests.flush()
            answer = answers.readline()
            if not answer:
                raise NotMeasuredError("chimaera_bench null-slices has ended")
            return float(answer)

        yield run
        # Its standard input ends here, and so does the program.

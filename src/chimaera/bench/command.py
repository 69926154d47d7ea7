# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Which figures there are, and who measures them.
"""The command ``chimaera bench``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence

from chimaera.bench import (
    arrays,
    calls,
    copies,
    crossings,
    instructions,
    modules,
    product,
    tool,
    tracing,
)
from chimaera.bench.figure import Figure, NotMeasuredError, report

__all__ = ["TOPICS", "main"]

Measure = Callable[[bool], list[Figure]]

# Topic, to the groups of figures that are measured together: their names, and
# the function that takes "quick".
TOPICS: dict[str, list[tuple[tuple[str, ...], Measure]]] = {
    "latency": [
        (
            (
                "null_task_p50",
                "null_task_p99",
                "null_task_vs_zeromq",
                "one_line_ping_pong",
                "unix_socket_ping_pong",
                "one_core_p50",
            ),
            tool.measurer("latency"),
        ),
    ],
    "throughput": [
        (
            (
                "null_task_depth64",
                "null_task_vs_boost_queue",
                "boost_fiber_launch",
                "stats_cost",
            ),
            tool.measurer("throughput"),
        ),
        (("null_task_instructions",), instructions.measure),
    ],
    "memory": [
        (
            ("ram_write_1m", "ram_write_4k", "memcpy_1m_one_thread"),
            tool.measurer("memory"),
        ),
    ],
    "idle": [(("idle_cpu", "first_answer"), tool.measurer("idle"))],
    "tasks": [
        (
            (
                "park_wake",
                "comutex_uncontended",
                "blocked_tasks",
                "blocked_tasks_rss",
                "blocked_release",
                "short_p99_beside_long",
                "many_pools",
                "many_clients",
            ),
            tool.measurer("tasks"),
        ),
        (
            ("call_many", "call_many_vs_executor", "calls_one_by_one"),
            crossings.measure,
        ),
    ],
    "storage": [
        (
            (
                "file_4k_qd1",
                "file_4k_qd1_crc",
                "file_4k_qd32",
                "file_4k_qd32_crc",
                "file_1m",
                "file_1m_crc",
                "file_buffered",
                "allocate_extra",
                "allocate_full",
            ),
            tool.measurer("storage"),
        ),
        (("array_ram", "array_file", "array_vs_zarr"), arrays.measure_arrays),
        (("view_read",), arrays.measure_views),
    ],
    "python": [
        (
            ("python_null_extra", "python_null_vs_pipe", "multiprocessing_queue"),
            calls.measure,
        ),
        (("python_zero_copy",), copies.measure),
    ],
    "modules": [
        (("typed_vs_handwritten",), instructions.measure_typed),
        (
            ("new_module_kit", "new_module_first_call", "module_rebuild"),
            modules.measure,
        ),
    ],
    "product": [
        (
            (
                "python_start",
                "start_ready",
                "status_time",
                "help_time",
                "import_time",
            ),
            product.measure_commands,
        ),
        (("trace_cost",), tracing.measure_trace),
    ],
}


def main(topics: Sequence[str], *, as_json: bool = False, quick: bool = False) -> int:
    """Measure and print.

    Parameters
    ----------
    topics : sequence of str
        Keys of `TOPICS`; all of them if empty.
    as_json : bool
        Print one JSON object instead of a table.
    quick : bool
        Take seconds; the figures mean nothing then.

    Returns
    -------
    int
        0, or 1 if something could not be measured.
    """
    figures: list[Figure] = []
    for topic in topics or TOPICS:
        figures += _measure(topic, quick=quick)
    print(report(figures, as_json=as_json))
    return 1 if any(figure.value is None for figure in figures) else 0


def _measure(topic: str, *, quick: bool) -> Iterator[Figure]:
    for names, measure in TOPICS[topic]:
        try:
            yield from measure(quick)
        except NotMeasuredError as error:
            print(f"not measured: {', '.join(names)}: {error}", file=sys.stderr)
            yield from (Figure(name, None, "") for name in names)

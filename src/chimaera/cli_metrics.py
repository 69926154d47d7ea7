# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Arguments and printing; the runtime answers.
"""The command ``chimaera metrics``."""

from __future__ import annotations

import argparse
import json
from typing import Any

from chimaera.cli_common import (
    EXIT_OK,
    add_where,
    attach,
    new_parser,
    print_table,
)
from chimaera.figure_text import time_text

__all__ = ["parser"]

_TIMES = ("p50_s", "p99_s", "max_s")


def parser(name: str) -> argparse.ArgumentParser:
    """Make the parser of the command."""
    made = new_parser(name, _metrics, "All figures of a runtime.")
    add_where(made)
    how = made.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="for programs")
    how.add_argument("--prometheus", action="store_true", help="in Prometheus' format")
    how.add_argument("--on", action="store_true", help="fill histograms from now on")
    how.add_argument("--off", action="store_true", help="leave histograms as they are")
    made.add_argument(
        "--one-in",
        type=int,
        default=0,
        metavar="N",
        help="with --on: time one run in so many, 1 to 4096",
    )
    return made


def _metrics(options: argparse.Namespace) -> int:
    from chimaera.metrics import set_statistics
    from chimaera.prometheus import prometheus_text

    with attach(options) as runtime:
        if options.on or options.off:
            set_statistics(runtime, on=options.on, one_in=options.one_in)
            return EXIT_OK
        document = runtime.metrics()
    if options.json:
        print(json.dumps(document, indent=2))
    elif options.prometheus:
        print(prometheus_text(document), end="")
    else:
        _print(document)
    return EXIT_OK


def _print(document: dict[str, Any]) -> None:
    sampling = document["sampling"]
    timed = f"one run in {sampling['one_in']}" if sampling["on"] else "none"
    print(
        f"{document['tasks']} tasks, {document['failed']} failed; "
        f"{document['health']}; timed: {timed}"
    )
    print_table(
        ("POOL", "METHOD", "TASKS", "FAILED", "P50", "P99", "MAX", "NAME"),
        [
            (
                pool["id"],
                method["name"],
                str(method["tasks"]),
                str(method["failed"]),
                *(time_text(method["run_s"][key]) for key in _TIMES),
                pool["name"],
            )
            for pool in document["pools"]
            for method in pool["methods"]
        ],
    )

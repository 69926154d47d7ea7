# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Arguments and printing; the work is trace.py's.
"""The command ``chimaera trace``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from chimaera.cli_common import EXIT_OK, add_where, attach, new_parser

__all__ = ["parser"]

_EPILOG = """Ctrl-C ends the trace earlier; the file is written all the same.
Open it at https://ui.perfetto.dev, or chrome://tracing."""


def parser(name: str) -> argparse.ArgumentParser:
    """Make the parser of the command."""
    what = "Record what becomes of tasks, of all clients, for Perfetto."
    made = new_parser(name, _run, what, _EPILOG)
    add_where(made)
    made.add_argument(
        "--seconds", type=float, default=5.0, metavar="S", help="how long (5)"
    )
    made.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("trace.json"),
        metavar="FILE",
        help="what to write (trace.json)",
    )
    made.add_argument(
        "--one-in",
        type=int,
        default=64,
        metavar="N",
        help="trace one of so many tasks, 1 for all (64)",
    )
    made.add_argument(
        "--max-records",
        type=int,
        default=100_000,
        metavar="N",
        help="room for each worker; a task takes one, and each wait of it (100000)",
    )
    return made


def _run(options: argparse.Namespace) -> int:
    with attach(options) as runtime:
        trace = runtime.trace(one_in=options.one_in, max_records=options.max_records)
        with trace:
            try:
                time.sleep(options.seconds)
            except KeyboardInterrupt:
                print("ended by Ctrl-C", file=sys.stderr)
    trace.save(options.output)
    facts = trace.document["otherData"]
    print(
        f"{options.output}: {facts['tasks']} tasks, one in {facts['one_in']}, in "
        f"{facts['seconds']:.3f} s; {facts['unfinished']} are not over"
    )
    if facts["dropped"]:
        print(f"no room for {facts['dropped']} records: --max-records gives more")
    return EXIT_OK

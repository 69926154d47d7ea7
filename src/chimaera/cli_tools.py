# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Arguments and exit codes only; what a command does is imported when it runs.
"""The commands ``chimaera doctor``, ``fsck``, ``bench``, ``demo`` and ``version``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from chimaera.cli_common import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_USAGE,
    add_json,
    add_where,
    completed_by,
    new_parser,
)

__all__ = ["parser"]


def parser(name: str) -> argparse.ArgumentParser:
    """Make the parser of one of the commands."""
    makers: dict[str, Callable[[], argparse.ArgumentParser]] = {
        "doctor": _doctor_parser,
        "fsck": _fsck_parser,
        "bench": _bench_parser,
        "demo": _demo_parser,
        "version": lambda: new_parser("version", _version, "Print the version."),
    }
    return makers[name]()


# ---- doctor -------------------------------------------------------------------


def _doctor_parser() -> argparse.ArgumentParser:
    made = new_parser(
        "doctor",
        _doctor,
        "Look for what keeps a runtime from working.",
        "Exits with 1 if there is an error; a warning is none.",
    )
    add_where(made)
    add_json(made)
    return made


def _doctor(options: argparse.Namespace) -> int:
    from chimaera.doctor import examine

    findings = list(examine(options.runtime_dir, name=options.name))
    if options.json:
        print(json.dumps([finding.as_dict() for finding in findings], indent=2))
    else:
        for finding in findings:
            print(f"{finding.level:8} {finding.name:14} {finding.found}")
            if finding.mend:
                print(f"{'':8} {'':14} -> {finding.mend}")
    bad = any(finding.level == "error" for finding in findings)
    return EXIT_FAILED if bad else EXIT_OK


# ---- fsck ---------------------------------------------------------------------


def _fsck_parser() -> argparse.ArgumentParser:
    made = new_parser(
        "fsck",
        _fsck,
        "Check the file of a block device.",
        "exit codes: 0 clean, or it is now; 1 damaged; 2 it cannot be checked",
    )
    made.add_argument("file", type=Path, metavar="FILE", help="that no runtime uses")
    made.add_argument(
        "--repair",
        action="store_true",
        help="write damaged metadata anew from their second copy",
    )
    made.add_argument(
        "--no-data",
        action="store_true",
        help="do not compare data with their checksums",
    )
    return made


def _fsck(options: argparse.Namespace) -> int:
    from chimaera.daemon import become

    words = ["--repair"] if options.repair else []
    words += ["--no-data"] if options.no_data else []
    # Absolute: a name that begins with a dash is no option.
    become("chimaera_fsck", [*words, os.fspath(options.file.absolute())])


# ---- bench, demo, version -----------------------------------------------------


def _bench_parser() -> argparse.ArgumentParser:
    made = new_parser(
        "bench",
        _bench,
        "Measure this installation against references.",
        "A missed target is a measurement and exits with 0.",
    )
    topic = made.add_argument(
        "topic",
        nargs="*",
        metavar="topic",
        help="latency, throughput, memory, idle, tasks, storage, python, modules "
        "or product (all, in seven minutes)",
    )
    completed_by(topic, "topics")
    made.add_argument(
        "--quick", action="store_true", help="in seconds; the figures mean nothing"
    )
    add_json(made)
    return made


def _bench(options: argparse.Namespace) -> int:
    from chimaera.bench import TOPICS
    from chimaera.bench import main as bench

    for topic in options.topic:
        if topic not in TOPICS:
            names = ", ".join(TOPICS)
            print(f"chimaera: no topic {topic!r}: {names}", file=sys.stderr)
            return EXIT_USAGE
    return bench(options.topic, as_json=options.json, quick=options.quick)


def _demo_parser() -> argparse.ArgumentParser:
    made = new_parser("demo", _demo, "A near-data pipeline on a real terrain.")
    made.add_argument(
        "--connect",
        action="store_true",
        help="use a runtime that runs already, instead of one of its own",
    )
    add_where(made)
    made.add_argument(
        "--size", default="256MiB", help="bytes of terrain to process (256MiB)"
    )
    made.add_argument(
        "--output",
        default="demo-output",
        metavar="DIR",
        help="folder for the picture (demo-output)",
    )
    add_json(made)
    return made


def _demo(options: argparse.Namespace) -> int:
    from chimaera.demo import main as demo

    return demo(
        connect=options.connect,
        name=options.name,
        runtime_dir=options.runtime_dir,
        size=options.size,
        output=Path(options.output),
        as_json=options.json,
    )


def _version(_options: argparse.Namespace) -> int:
    import chimaera

    print(chimaera.__version__)
    return EXIT_OK

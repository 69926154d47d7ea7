# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Arguments and printing; the work is compose.py's.
"""The command ``chimaera compose``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from chimaera.cli_common import (
    EXIT_DIFFERS,
    EXIT_OK,
    add_json,
    add_where,
    attach,
    new_parser,
)

if TYPE_CHECKING:
    from chimaera.compose import Step

__all__ = ["main", "parser"]

_COMMANDS = {
    "apply": "make the pools of a file that do not run yet, all or none",
    "plan": "what apply would make (+), what is so (=), what differs (!)",
    "export": "write the file of what runs",
    "down": "destroy the pools of a file, the last one first",
}

_EPILOG = """`chimaera compose FILE` is short for `chimaera compose apply FILE`.

exit codes:
  0    done; of plan: the runtime has what the file says
  1    failed, and nothing has changed unless standard error says so
  2    a wrong command line
  3    no runtime runs there
  4    of plan: something is to be made, or differs
"""


def main(argv: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    words = list(argv)
    if words and words[0] not in {*_COMMANDS, "-h", "--help"}:
        words.insert(0, "apply")
    return _run(parser("compose").parse_args(words))


def parser(name: str) -> argparse.ArgumentParser:
    """Make the parser of the command."""
    made = new_parser(name, None, "Pools of a YAML file in a running runtime.", _EPILOG)
    subparsers = made.add_subparsers(required=True, metavar="command", dest="command")
    for each, what in _COMMANDS.items():
        command = subparsers.add_parser(each, help=what, description=what)
        add_where(command)
        command.add_argument(
            "--timeout",
            type=float,
            default=30.0,
            metavar="S",
            help="seconds for each pool (30)",
        )
        if each == "export":
            command.add_argument(
                "-o", "--output", type=Path, metavar="FILE", help="instead of printing"
            )
        else:
            command.add_argument("file", metavar="FILE", help="with a list `compose`")
            add_json(command)
    return made


def _run(options: argparse.Namespace) -> int:
    from chimaera import compose

    timeout_s = options.timeout
    with attach(options) as runtime:
        if options.command == "export":
            text = compose.export(runtime, timeout_s=timeout_s)
            if options.output is None:
                print(text, end="")
            else:
                options.output.write_text(text, encoding="utf-8")
            return EXIT_OK
        act = {"apply": compose.apply, "plan": compose.plan, "down": compose.down}
        steps = act[options.command](runtime, options.file, timeout_s=timeout_s)
    _print(steps, as_json=options.json)
    if options.command == "plan" and any(step.action != "=" for step in steps):
        return EXIT_DIFFERS
    return EXIT_OK


def _print(steps: list[Step], *, as_json: bool) -> None:
    if as_json:
        rows = [{**asdict(step), "pool_id": str(step.pool_id)} for step in steps]
        print(json.dumps(rows, indent=2))
    else:
        for step in steps:
            print(step)

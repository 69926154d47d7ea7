# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Arguments and printing; the work is config.py's.
"""The command ``chimaera config``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

__all__ = ["main"]

_EXIT_OK, _EXIT_WRONG, _EXIT_USAGE = 0, 1, 2

_EPILOG = """exit codes:
  0    done; of check and show: no mistakes
  1    mistakes, one line for each on standard error; or no such file
  2    a wrong command line
"""


def main(argv: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="chimaera config",
        description="What a runtime is told before it starts.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="command", dest="command")
    show = commands.add_parser(
        "show",
        help="what would hold for a runtime started here, and where it is set",
    )
    show.add_argument("--config", metavar="FILE", help="default: $CHI_SERVER_CONF")
    show.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="as for chimaera start; may be given several times",
    )
    check = commands.add_parser(
        "check", help="all mistakes of a file, with line and key"
    )
    check.add_argument("file", metavar="FILE")
    for command in (show, check):
        command.add_argument("--json", action="store_true", help="for programs")
    commands.add_parser("schema", help="the JSON schema of a file, for editors")
    commands.add_parser("default", help="a file with all settings and their meaning")
    commands.add_parser("table", help="the same as a Markdown table")
    options = parser.parse_args(argv)
    if options.command == "show":
        return _show(options)
    if options.command == "check":
        return _check(options)
    return _print(options.command)


def _print(command: str) -> int:
    from chimaera import config

    if command == "schema":
        print(json.dumps(config.schema(), indent=2))
    else:
        text = config.default_file if command == "default" else config.reference_table
        print(text(), end="")
    return _EXIT_OK


def _show(options: argparse.Namespace) -> int:
    from chimaera import config

    pairs = [tuple(each.partition("=")[::2]) for each in options.set]
    values, errors = config.show(options.config, arguments=pairs)
    if options.json:
        facts = {
            "values": [asdict(value) for value in values],
            "errors": [asdict(error) for error in errors],
        }
        print(json.dumps(facts, indent=2))
    else:
        for value in values:
            print(f"{value.key:30} {json.dumps(value.value):18} {value.origin}")
        for error in errors:
            print(f"chimaera: {error}", file=sys.stderr)
    return _EXIT_WRONG if errors else _EXIT_OK


def _check(options: argparse.Namespace) -> int:
    from chimaera import config

    errors = config.check(options.file)
    if options.json:
        print(json.dumps([asdict(error) for error in errors], indent=2))
    else:
        for error in errors:
            print(error, file=sys.stderr)
        if not errors:
            print(f"{options.file}: no mistakes")
    return _EXIT_WRONG if errors else _EXIT_OK

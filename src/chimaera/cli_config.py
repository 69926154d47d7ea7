# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Arguments and printing; the work is config.py's.
"""The command ``chimaera config``."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from chimaera.cli_common import (
    EXIT_FAILED,
    EXIT_OK,
    add_json,
    add_where,
    attach,
    new_parser,
)

if TYPE_CHECKING:
    from chimaera.config import ConfigError, Value


__all__ = ["parser"]

_EPILOG = """exit codes:
  0    done; of check and show: no mistakes
  1    mistakes, one line for each on standard error; or no such file
  2    a wrong command line
"""


def parser(name: str) -> argparse.ArgumentParser:
    """Make the parser of the command."""
    made = new_parser(
        name, _run, "What a runtime is told before it starts, or was told.", _EPILOG
    )
    commands = made.add_subparsers(required=True, metavar="command", dest="command")
    show = commands.add_parser(
        "show",
        help="what would hold for a runtime started here, and where it is set",
        description="What would hold for a runtime started here, and where it is set; "
        "with --running, --name or --runtime-dir: what holds for one that runs.",
    )
    show.add_argument("--running", action="store_true", help="of the runtime that runs")
    add_where(show)
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
        add_json(command)
    commands.add_parser("schema", help="the JSON schema of a file, for editors")
    commands.add_parser("default", help="a file with all settings and their meaning")
    commands.add_parser("table", help="the same as a Markdown table")
    return made


def _run(options: argparse.Namespace) -> int:
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
    return EXIT_OK


def _show(options: argparse.Namespace) -> int:
    from chimaera import config

    if options.running or options.name or options.runtime_dir:
        with attach(options) as runtime:
            return _print_values(config.show_running(runtime), [], options)
    pairs = [tuple(each.partition("=")[::2]) for each in options.set]
    values, errors = config.show(options.config, arguments=pairs)
    return _print_values(values, errors, options)


def _print_values(
    values: list[Value], errors: list[ConfigError], options: argparse.Namespace
) -> int:
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
    return EXIT_FAILED if errors else EXIT_OK


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
    return EXIT_FAILED if errors else EXIT_OK

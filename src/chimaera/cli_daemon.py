# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Arguments and printing; the work is daemon.py's and running.py's.
"""The commands ``chimaera start``, ``stop`` and ``list``."""

from __future__ import annotations

import argparse
import json
import socket
import sys
from typing import TYPE_CHECKING

from chimaera.cli_common import (
    EXIT_FAILED,
    EXIT_NO_RUNTIME,
    EXIT_OK,
    EXIT_USAGE,
    add_json,
    add_seconds,
    add_where,
    directory_of,
    failed,
    new_parser,
    no_runtime,
    print_table,
)
from chimaera.cli_dashboard import port_number

if TYPE_CHECKING:
    from chimaera.daemon import Daemon

__all__ = ["parser"]

_ANY_PORT = -1

_START_EPILOG = """exit codes:
  0    it runs and has answered; with --block: it has stopped in order
  1    it could not start, or runs without the page; standard error says why
  2    a runtime runs there already, or a wrong command line
"""
_STOP_EPILOG = """exit codes:
  0    its process is gone
  1    it still runs
  3    none ran
"""


def parser(name: str) -> argparse.ArgumentParser:
    """Make the parser of one of the commands."""
    return {"start": _start_parser, "stop": _stop_parser, "list": _list_parser}[name]()


def _start_parser() -> argparse.ArgumentParser:
    made = new_parser(
        "start", _start, "Start a runtime in the background.", _START_EPILOG
    )
    add_where(made)
    made.add_argument("--config", metavar="FILE", help="YAML file of settings")
    made.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="one setting, as runtime.num_threads=3; may be given several times",
    )
    made.add_argument(
        "--log-file",
        metavar="FILE",
        help="default: runtime.log in its directory; with --block: standard error",
    )
    how = made.add_mutually_exclusive_group()
    how.add_argument(
        "--block",
        action="store_true",
        help="stay in the foreground until it stops; Ctrl-C stops it",
    )
    how.add_argument(
        "--wait",
        action="store_true",
        help="where one runs or starts already, wait until it answers: no error",
    )
    made.add_argument(
        "--dashboard",
        nargs="?",
        type=port_number,
        const=_ANY_PORT,
        metavar="PORT",
        help="serve its live page, too, by default at the first free port from 8420 on",
    )
    add_seconds(made)
    add_json(made)
    return made


def _start(options: argparse.Namespace) -> int:
    from chimaera.daemon import run_here

    if options.block and options.dashboard is not None:
        print("chimaera: --dashboard does not go with --block", file=sys.stderr)
        return EXIT_USAGE
    if options.block:
        run_here(
            options.name,
            runtime_dir=options.runtime_dir,
            config=options.config,
            settings=options.set,
            log_file=options.log_file,
        )
    if options.dashboard is None:
        return _start_behind(options, None)
    from chimaera.dashboard.process import listener

    # First: that a port is taken is said before anything runs.
    port = None if options.dashboard == _ANY_PORT else options.dashboard
    with listener(port) as opened:
        return _start_behind(options, opened)


def _start_behind(options: argparse.Namespace, opened: socket.socket | None) -> int:
    from chimaera.daemon import start, wait_for
    from chimaera.errors import AlreadyExistsError

    try:
        daemon = start(
            options.name,
            runtime_dir=options.runtime_dir,
            config=options.config,
            settings=options.set,
            log_file=options.log_file,
            timeout_s=options.timeout,
        )
    except AlreadyExistsError as error:
        if not options.wait:
            where = f" --name {options.name}" if options.name else ""
            advice = f"`chimaera stop{where}` ends it, another --name starts another"
            print(f"chimaera: {error}; {advice}", file=sys.stderr)
            return EXIT_USAGE
        # Somebody else's start is under way, or long done.
        daemon = wait_for(directory_of(options), options.timeout)
    if opened is None:
        _tell(options, daemon)
        return EXIT_OK
    return _tell_with_page(options, daemon, opened)


def _tell_with_page(
    options: argparse.Namespace, daemon: Daemon, opened: socket.socket
) -> int:
    """Start the page of a runtime if it has none; without it, the runtime runs."""
    from chimaera.dashboard import process
    from chimaera.errors import ChimaeraError

    directory = daemon.runtime_dir
    try:
        address = process.find(directory) or process.start(
            directory, opened, daemon.log_file, timeout_s=options.timeout
        )
    except (ChimaeraError, OSError) as error:
        _tell(options, daemon)
        advice = "the runtime runs; `chimaera dashboard` serves its page, too"
        print(f"chimaera: {error}; {advice}", file=sys.stderr)
        return EXIT_FAILED
    _tell(options, daemon, address.url)
    return EXIT_OK


def _tell(options: argparse.Namespace, daemon: Daemon, page: str | None = None) -> None:
    how = ""
    if options.name:
        how = repr(options.name)
    elif options.runtime_dir:
        how = f"runtime_dir={str(daemon.runtime_dir)!r}"
    if options.json:
        facts = {
            "pid": daemon.pid,
            "runtime_dir": str(daemon.runtime_dir),
            "log_file": str(daemon.log_file),
        }
        if page is not None:
            facts["dashboard"] = page
        print(json.dumps(facts, indent=2))
        return
    print(f"runtime of pid {daemon.pid} runs in {daemon.runtime_dir}")
    print(f"connect:  chimaera.connect({how})")
    print(f"log:      {daemon.log_file}")
    if page is not None:
        print(f"page:     {page}")


def _stop_parser() -> argparse.ArgumentParser:
    made = new_parser(
        "stop", _stop, "Stop a runtime and wait for its end.", _STOP_EPILOG
    )
    add_where(made)
    add_seconds(made)
    return made


def _stop(options: argparse.Namespace) -> int:
    from chimaera.daemon import stop
    from chimaera.running import PAGE_FILE

    directory = directory_of(options)
    if stop(runtime_dir=directory, timeout_s=options.timeout):
        print(f"the runtime in {directory} has stopped")
        if (directory / PAGE_FILE).exists():
            from chimaera.dashboard import process

            process.stop(directory, timeout_s=options.timeout)
        return EXIT_OK
    return failed(no_runtime(options), EXIT_NO_RUNTIME)


def _list_parser() -> argparse.ArgumentParser:
    made = new_parser(
        "list",
        _list,
        "Runtimes of this user that run: daemons, and those inside of programs.",
    )
    add_json(made)
    return made


def _list(options: argparse.Namespace) -> int:
    from chimaera.running import running

    found = running()
    if options.json:
        facts = [
            {
                "name": each.name,
                "pid": each.pid,
                "runtime_dir": str(each.runtime_dir),
                "embedded": each.embedded,
            }
            for each in found
        ]
        print(json.dumps(facts, indent=2))
    elif not found:
        print("none runs; `chimaera start` starts one")
    else:
        rows = [
            (
                "-" if each.name is None else each.label,
                str(each.pid),
                "in a program" if each.embedded else "daemon",
                str(each.runtime_dir),
            )
            for each in found
        ]
        print_table(("NAME", "PID", "KIND", "DIRECTORY"), rows)
    return EXIT_OK

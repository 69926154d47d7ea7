# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# A table: which module a command is in is looked up here, and only that one is
# imported, so that --help and completion answer at once.
"""The command ``chimaera``, also ``python -m chimaera``."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import NamedTuple, NoReturn

from chimaera.cli_common import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_NO_RUNTIME, failed

__all__ = [
    "COMMANDS",
    "Command",
    "compose_main",
    "main",
    "module_of",
    "parser",
    "start_runtime_main",
    "stop_runtime_main",
]


class Command(NamedTuple):
    """One row of the table.

    Parameters
    ----------
    module : str
        It has ``parser(name)``, which gives an ArgumentParser whose default ``run``
        takes the options and returns the exit code; or ``main(argv)``, or both: then
        `main` runs it, and completion reads `parser`.
    what : str
        One line for ``--help``.
    """

    module: str
    what: str


COMMANDS = {
    "start": Command("cli_daemon", "start a runtime in the background"),
    "stop": Command("cli_daemon", "stop a runtime and wait for its end"),
    "list": Command("cli_daemon", "runtimes of this user that run"),
    "status": Command("cli_status", "what a runtime does"),
    "top": Command("cli_top", "the same, live and full screen"),
    "metrics": Command("cli_metrics", "all figures: for people, JSON, Prometheus"),
    "ps": Command("cli_look", "tasks that have begun and are not over"),
    "pools": Command("cli_look", "pools of a runtime"),
    "modules": Command("cli_look", "modules that are found, and those that are loaded"),
    "dump": Command("cli_look", "what every live task waits for, and deadlocks"),
    "dashboard": Command("cli_dashboard", "the live page of a runtime"),
    "trace": Command("cli_trace", "record what becomes of tasks, for Perfetto"),
    "logs": Command("cli_logs", "the log of a runtime"),
    "compose": Command("cli_compose", "pools of a YAML file: plan, apply, export"),
    "config": Command("cli_config", "settings: show, check, schema, default"),
    "doctor": Command("cli_tools", "look for what keeps a runtime from working"),
    "fsck": Command("cli_tools", "check the file of a block device"),
    "bench": Command("cli_tools", "measure this installation against references"),
    "demo": Command("cli_tools", "a near-data pipeline on a real terrain"),
    "new-repo": Command("cli_author", "make a repository with a first module"),
    "new-module": Command("cli_author", "make a module in a repository"),
    "refresh-repo": Command("cli_refresh", "generate the method tables of modules"),
    "cmake-dir": Command("cli_author", "print where find_package(chimaera) looks"),
    "completion": Command("cli_completion", "print what completes commands in a shell"),
    "version": Command("cli_tools", "print the version"),
}

_EPILOG = """exit codes:
  0    done
  1    failed; standard error says why
  2    a wrong command line, or `start` where a runtime runs already
  3    no runtime runs there
  4    of `compose plan`: the runtime has not what the file says
  130  stopped by Ctrl-C

Every command tells more with --help. A runtime is meant by --name or --runtime-dir,
else by CHI_RUNTIME_DIR, else it is the unnamed one. With --json the commands that
read print JSON.
"""


def parser() -> argparse.ArgumentParser:
    """Make the parser of ``chimaera`` itself: the table, and nothing behind it."""
    made = argparse.ArgumentParser(
        prog="chimaera",
        description="Tasks over shared memory, next to the data.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = made.add_subparsers(required=True, metavar="command")
    for name, row in COMMANDS.items():
        commands.add_parser(name, help=row.what, add_help=False)
    return made


def module_of(name: str) -> ModuleType:
    """Import the module of a command."""
    return importlib.import_module(f"chimaera.{COMMANDS[name].module}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process by default.

    Returns
    -------
    int
        The exit code; ``chimaera --help`` lists them.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(words)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read along has seen enough; nothing is left to be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except ImportError as error:
        return failed(error, EXIT_FAILED)
    except Exception as error:
        from chimaera.errors import ChimaeraError, NoRuntimeError

        if isinstance(error, NoRuntimeError):
            return failed(error, EXIT_NO_RUNTIME)
        if isinstance(error, (ChimaeraError, OSError)):
            return failed(error, EXIT_FAILED)
        raise


def _run(words: list[str]) -> int:
    if not words or words[0] not in COMMANDS:
        parser().parse_args(words)  # prints help, or what is wrong, and exits
    name, *rest = words
    module = module_of(name)
    if hasattr(module, "main"):
        return int(module.main(rest))
    options = module.parser(name).parse_args(rest)
    return int(options.run(options))


def compose_main() -> int:
    """Run the command chimaera_compose, short for ``chimaera compose``."""
    return main(["compose", *sys.argv[1:]])


def start_runtime_main() -> NoReturn:
    """Become the program chimaera_start_runtime."""
    _become("chimaera_start_runtime")


def stop_runtime_main() -> NoReturn:
    """Become the program chimaera_stop_runtime."""
    _become("chimaera_stop_runtime")


def _become(tool: str) -> NoReturn:
    from chimaera.daemon import become
    from chimaera.errors import NotFoundError

    try:
        become(tool, sys.argv[1:])
    except NotFoundError as error:
        sys.exit(failed(error, EXIT_FAILED))

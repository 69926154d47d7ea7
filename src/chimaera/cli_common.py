# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Light: whatever is heavier is imported by the function that needs it.
"""What the commands share: exit codes, options, and how a runtime is found."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chimaera.errors import NoRuntimeError
    from chimaera.runtime import Runtime

__all__ = [
    "EXIT_DIFFERS",
    "EXIT_FAILED",
    "EXIT_INTERRUPTED",
    "EXIT_NO_RUNTIME",
    "EXIT_OK",
    "EXIT_USAGE",
    "add_json",
    "add_seconds",
    "add_where",
    "attach",
    "completed_by",
    "directory_of",
    "failed",
    "new_parser",
    "no_runtime",
    "print_table",
]

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2  # also: a runtime runs already
EXIT_NO_RUNTIME = 3
EXIT_DIFFERS = 4  # of compose plan
EXIT_INTERRUPTED = 130

Run = Callable[[argparse.Namespace], int]


def new_parser(
    name: str, run: Run | None, what: str, epilog: str | None = None
) -> argparse.ArgumentParser:
    """Make the parser of ``chimaera NAME``; `run` takes its options."""
    made = argparse.ArgumentParser(
        prog=f"chimaera {name}",
        description=what,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if run is not None:
        made.set_defaults(run=run)
    return made


def add_where(command: argparse.ArgumentParser) -> None:
    """Add the options that say which runtime is meant."""
    place = command.add_mutually_exclusive_group()
    name = place.add_argument("--name", help="which of several runtimes")
    completed_by(name, "runtimes")
    place.add_argument(
        "--runtime-dir", metavar="DIR", help="where runtime and clients meet"
    )


def add_seconds(command: argparse.ArgumentParser) -> None:
    """Add the option for how long to wait."""
    command.add_argument(
        "--timeout", type=float, default=30.0, metavar="S", help="seconds (30)"
    )


def add_json(command: argparse.ArgumentParser) -> None:
    """Add the option for programs."""
    command.add_argument("--json", action="store_true", help="for programs")


def completed_by(action: argparse.Action, what: str) -> None:
    """Say what a shell offers for it: a key of ``cli_completion.WORDS``."""
    action.completed_by = what  # type: ignore[attr-defined]


def failed(error: BaseException, code: int) -> int:
    """Print an error; return `code`."""
    text = str(error)
    if isinstance(error, OSError) and error.filename and error.strerror:
        text = f"{error.filename}: {error.strerror}"  # without the number
    print(f"chimaera: {text}", file=sys.stderr)
    return code


def directory_of(options: argparse.Namespace) -> Path:
    """Return the directory of the runtime that the options of `add_where` mean."""
    from chimaera.daemon import runtime_dir_of

    return runtime_dir_of(options.name, options.runtime_dir)


def attach(options: argparse.Namespace, *, timeout_s: float = 10.0) -> Runtime:
    """Connect to the runtime that the options of `add_where` mean.

    Raises
    ------
    NoRuntimeError
        None runs there; the message says which run, and how to start this one.
    """
    from chimaera.errors import NoRuntimeError
    from chimaera.opening import connect

    directory = directory_of(options)
    try:
        return connect(runtime_dir=directory, timeout_s=timeout_s)
    except NoRuntimeError as error:
        raise no_runtime(options) from error


def no_runtime(options: argparse.Namespace) -> NoRuntimeError:
    """Make the error that no runtime runs where the options say."""
    from chimaera.errors import NoRuntimeError
    from chimaera.running import others_text

    how = ""
    if options.name:
        how = f" --name {options.name}"
    elif options.runtime_dir:
        how = f" --runtime-dir {options.runtime_dir}"
    said = f"no runtime runs in {directory_of(options)}"
    said += f"; start one with `chimaera start{how}`"
    return NoRuntimeError(said + others_text())


def print_table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print columns, each as wide as its widest cell; the last is not padded."""
    lines = [list(heads), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)]
        print("  ".join(cells).rstrip())

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# chi_refresh_repo: arguments, writing, exit codes.
"""Command ``chi_refresh_repo``, also ``chimaera refresh-repo``.

Exit codes: 0 done or up to date; 1 bad YAML, ids that have changed, stale files
under ``--check`` or files that cannot be read or written; 2 a wrong command line.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from chimaera.codegen.document import Problem, nearest
from chimaera.codegen.ids import LOCK_FILE, changed_ids, locked_text
from chimaera.codegen.python_client import write_index
from chimaera.codegen.render import Output, render_module
from chimaera.codegen.schema import Module, SchemaError, load_repo

__all__ = ["main", "parser_of"]


def main(argv: Sequence[str] | None = None, *, prog: str = "chi_refresh_repo") -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process by default.
    prog : str
        The name under which help and errors speak of the command.

    Returns
    -------
    int
        The exit code, 0 or 1.

    Raises
    ------
    SystemExit
        With code 2 on a wrong command line, with 0 after ``--help``.
    """
    parser = parser_of(prog)
    options = parser.parse_args(argv)
    directory: Path = options.directory
    if not directory.is_dir():
        parser.error(f"{directory}: not a directory")
    try:
        modules = load_repo(directory).modules
        if options.module is not None:
            modules = _only(options.module, modules, parser)
        return _deliver(_outputs(modules, options), options)
    except SchemaError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{prog}: {error.filename}: {error.strerror}", file=sys.stderr)
    return 1


def parser_of(prog: str) -> argparse.ArgumentParser:
    """Make the parser of the command, for completion too."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Generate the method ids and dispatch tables of ChiMods.",
        epilog="Files whose content does not change are not touched.",
    )
    parser.add_argument(
        "directory",
        metavar="DIR",
        type=Path,
        help="the repository: holds chimaera_repo.yaml and the module directories",
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--build-dir",
        metavar="OUT",
        type=Path,
        help="write to OUT/include and OUT/src",
    )
    where.add_argument(
        "--in-place",
        action="store_true",
        help="write to include/.../autogen and src/autogen of each module",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--check",
        action="store_true",
        help="write nothing; name stale files and exit with 1 if there are any",
    )
    what.add_argument(
        "--list-outputs",
        action="store_true",
        help="write nothing; print the path of every generated file",
    )
    parser.add_argument(
        "--allow-id-changes",
        action="store_true",
        help="let methods and enums have other numbers than they had before",
    )
    parser.add_argument(
        "--lock",
        action="store_true",
        help=f"record the numbers that clients send in {LOCK_FILE} of each module",
    )
    parser.add_argument(
        "--module", metavar="NAME", help="only this module; all are validated"
    )
    return parser


def _only(
    name: str, modules: tuple[Module, ...], parser: argparse.ArgumentParser
) -> tuple[Module, ...]:
    chosen = tuple(module for module in modules if module.name == name)
    if not chosen:
        hint = nearest(name, [module.name for module in modules])
        parser.error(f"--module: no module '{name}' in the repository{hint}")
    return chosen


def _outputs(modules: tuple[Module, ...], options: argparse.Namespace) -> list[Output]:
    """Render all files. Raises SchemaError if numbers have changed."""
    outputs: list[Output] = []
    problems: list[Problem] = []
    for module in modules:
        rendered = render_module(module, options.build_dir)
        outputs += rendered
        problems += changed_ids(module, rendered[0].path)
        if options.lock:
            lock = module.directory / LOCK_FILE
            outputs.append(Output(lock, locked_text(module).encode()))
    if problems and not options.allow_id_changes:
        raise SchemaError(problems)
    return outputs


def _deliver(outputs: list[Output], options: argparse.Namespace) -> int:
    """Print, compare or write `outputs`; return the exit code."""
    if options.list_outputs:
        for output in outputs:
            print(output.path)
        return 0
    stale = [output for output in outputs if not output.is_current()]
    for output in stale:
        if options.check:
            print(f"{output.path}: stale", file=sys.stderr)
        else:
            _write(output)
            print(f"wrote {output.path}")
    if options.build_dir is not None and not options.check:
        write_index(options.build_dir / "python")
    return 1 if options.check and stale else 0


def _write(output: Output) -> None:
    """Replace the file in one step: a parallel build never reads half of it."""
    output.path.parent.mkdir(parents=True, exist_ok=True)
    partial = output.path.with_name(f".{output.path.name}.{os.getpid()}")
    try:
        partial.write_bytes(output.content)
        partial.replace(output.path)
    finally:
        partial.unlink(missing_ok=True)

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Arguments and printing; the work is codegen's.
"""The commands for who writes modules: ``new-repo``, ``new-module``, ``cmake-dir``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from chimaera.cli_common import EXIT_OK, new_parser

__all__ = ["parser"]


def parser(name: str) -> argparse.ArgumentParser:
    """Make the parser of one of the commands."""
    makers: dict[str, Callable[[], argparse.ArgumentParser]] = {
        "new-repo": _new_repo_parser,
        "new-module": _new_module_parser,
        "cmake-dir": lambda: new_parser(
            "cmake-dir", _cmake_dir, "Print where find_package(chimaera) has to look."
        ),
    }
    return makers[name]()


def _new_repo_parser() -> argparse.ArgumentParser:
    made = new_parser("new-repo", _new_repo, "Make a repository with a first module.")
    made.add_argument("name", metavar="NAME", help="folder and namespace")
    made.add_argument(
        "--module", default="core", metavar="NAME", help="its module (core)"
    )
    _add_methods(made)
    return made


def _new_module_parser() -> argparse.ArgumentParser:
    made = new_parser("new-module", _new_module, "Make a module in a repository.")
    made.add_argument("name", metavar="NAME", help="of the module")
    made.add_argument(
        "--repo", default=".", type=Path, metavar="DIR", help="the repository (.)"
    )
    _add_methods(made)
    return made


def _add_methods(command: argparse.ArgumentParser) -> None:
    def methods(text: str) -> list[str]:
        return text.split(",")

    command.add_argument(
        "--methods",
        default=[],
        type=methods,
        metavar="A,B",
        help="names such as GetStats (Reduce)",
    )


def _new_repo(options: argparse.Namespace) -> int:
    from chimaera.codegen.scaffold import new_repo

    made = new_repo(
        options.name,
        parent=Path(),
        module=options.module,
        methods=options.methods,
    )
    print(
        f"made {made} with module {options.name}.{options.module}; "
        f"{made / 'README.md'} says how to build and test it"
    )
    return EXIT_OK


def _new_module(options: argparse.Namespace) -> int:
    from chimaera.codegen.scaffold import missing_in_build, new_module

    made = new_module(options.name, repo=options.repo, methods=options.methods)
    print(f"made {made}; {made / 'README.md'} says what is where")
    if hint := missing_in_build(made, options.repo):
        print(hint)
    return EXIT_OK


def _cmake_dir(_options: argparse.Namespace) -> int:
    from chimaera.installed import installed_path

    print(installed_path("lib/cmake"))
    return EXIT_OK

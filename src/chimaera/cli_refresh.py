# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# A name: the command is codegen's, which is also a program of its own.
"""The command ``chimaera refresh-repo``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from chimaera.codegen import cli

__all__ = ["main", "parser"]

_PROGRAM = "chimaera refresh-repo"


def main(argv: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    return cli.main(argv, prog=_PROGRAM)


def parser(_name: str) -> argparse.ArgumentParser:
    """Make the parser of the command."""
    return cli.parser_of(_PROGRAM)

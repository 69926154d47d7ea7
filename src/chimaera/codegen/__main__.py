# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# `python -m chimaera.codegen`: how CMake runs the generator.
"""Entry point of ``python -m chimaera.codegen``."""

from __future__ import annotations

import sys

from chimaera.codegen.cli import main

sys.exit(main(prog="python -m chimaera.codegen"))

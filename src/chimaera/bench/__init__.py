# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The command imports this when it runs, and nothing else of the package does.
"""Measures this installation: what ``chimaera bench`` does.

Figures of the C++ side come from the program ``chimaera_bench``, instructions
from callgrind, those of Python from here. A figure is a ratio to a reference that
took turns with it on the same CPUs (see src/cpp/tools/bench/harness.h).
"""

from __future__ import annotations

from chimaera.bench.command import TOPICS, main
from chimaera.bench.figure import Figure

__all__ = ["TOPICS", "Figure", "main"]

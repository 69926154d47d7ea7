# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Import-light on purpose: the build runs `chimaera.codegen` from the source
# tree before the extension exists and before the package is installed.
"""Chimaera: tasks over shared memory, next to the data."""

from __future__ import annotations

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    """Look the version up when asked for: installation metadata is slow."""
    if name != "__version__":
        raise AttributeError(f"module 'chimaera' has no attribute {name!r}")
    from importlib.metadata import version

    return version("chimaera")

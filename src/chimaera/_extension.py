# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The one place that imports the extension, so that a failure is explained once.
"""Loads chimaera._core."""

from __future__ import annotations

__all__ = ["core"]

try:
    from chimaera import _core as core
except ImportError as error:
    import platform
    import sys
    from pathlib import Path

    _here = Path(__file__).parent
    _found = sorted(path.name for path in _here.glob("_core*.so"))
    _hint = (
        f"found {', '.join(_found)}; it was perhaps built for another Python, or "
        "libchimaera.so is missing from chimaera/lib"
        if _found
        else "the extension is not built; `make install` or `pip install .` builds it"
    )
    raise ImportError(
        f"chimaera._core cannot be loaded: {error}\n"
        f"  package: {_here}\n"
        f"  Python:  {sys.version.split()[0]} on {platform.platform()}\n"
        f"  {_hint}"
    ) from error

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Programs, headers and CMake files lie in the package; but where it is installed
# editable, the Python files are in the source tree and the others are not.
"""Where the files of the package are that are not Python's."""

from __future__ import annotations

from pathlib import Path

import chimaera

__all__ = ["installed_path"]


def installed_path(name: str) -> Path:
    """Return the path of a file or folder of the package.

    Parameters
    ----------
    name : str
        Relative, such as ``lib/cmake``.

    Raises
    ------
    NotFoundError
        The package is not installed completely.
    """
    for folder in chimaera.__path__:
        path = Path(folder, name)
        if path.exists():
            return path
    from chimaera.errors import NotFoundError

    path = Path(chimaera.__path__[-1], name)
    raise NotFoundError(f"{path} is missing: install chimaera with pip")

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# `python -m chimaera` is the command `chimaera`.
"""Run the command line."""

from __future__ import annotations

import sys

from chimaera.cli import main

if __name__ == "__main__":
    sys.exit(main())

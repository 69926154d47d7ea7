# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Runs chimaera.codegen for CMake without importing the package `chimaera`, whose
# compiled half may not exist yet, or may belong to another Python.
#
#   python chimaera_codegen.py <directory that holds codegen/> <arguments>...
"""Stand-alone start of the code generator."""

from __future__ import annotations

import sys
import types

package = types.ModuleType("chimaera")
package.__path__ = [sys.argv[1]]
sys.modules["chimaera"] = package

from chimaera.codegen.cli import main  # noqa: E402 - after the stand-in

sys.exit(main(sys.argv[2:]))

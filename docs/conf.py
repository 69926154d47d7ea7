# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The pages of this folder as a site that needs no network: `make docs`. Markdown by
# MyST, the reference of Python from its docstrings; that of C++ is made by Doxygen
# beforehand, into a folder of its own.
"""Settings of Sphinx."""

from __future__ import annotations

import os
from importlib.metadata import version as version_of

project = "Chimaera"
author = "The Chimaera Authors"
copyright = "2026, The Chimaera Authors"  # noqa: A001 - the name that Sphinx reads
release = version_of("chimaera")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["design/_template.md", "examples"]
html_theme = "furo"
html_title = f"Chimaera {release}"
# What the Makefile made before: cpp/, and the schema of configurations.
html_extra_path = list(filter(None, [os.environ.get("CHIMAERA_SITE_EXTRA")]))

# As GitHub makes them, so that links work in both places.
myst_heading_anchors = 3
# `[x](../src/file.h)` is a link to a file of the repository, which the site holds
# as a download; folders and notebooks are named only.
suppress_warnings = ["myst.xref_missing"]

autodoc_typehints = "none"  # the docstrings tell them, with shapes and units
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "inherited-members": True}
autodoc_inherit_docstrings = False  # those of the standard library are not ours
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

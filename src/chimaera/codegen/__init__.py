# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Package marker of the code generator; the docstring is its map.
"""Method ids and dispatch tables of ChiMods, generated from their YAML.

Read in this order: `schema` says what a repository and a module are and
refuses everything else, with `methods` for ids; `document` reads bounded YAML
with line numbers; `names` knows which words C++ and Chimaera keep for
themselves; `render` turns a module into two small C++ files; `cli` is
`chi_refresh_repo`.

The build runs this before the compiled extension exists: nothing here may
import `chimaera._core` or NumPy. Only PyYAML and Jinja2 are needed.
"""

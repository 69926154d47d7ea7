# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Package marker of the code generator; the docstring is its map.
"""Method ids, dispatch tables and typed methods of ChiMods, from their YAML.

Read in this order: `schema` says what a repository and a module are and
refuses everything else, with `methods` for ids, `typed` for the parameters of
methods, and `types`, `named_types` and `values` for what these may be; `document`
reads bounded YAML with line numbers; `names` knows which words C++ and Chimaera
keep for themselves; `ids` keeps numbers what they were; `render` turns a module
into C++, with `render_typed` for the words of the templates; `cli` is
`chi_refresh_repo`.

The build runs this before the compiled extension exists: nothing here may
import `chimaera._core` or NumPy. Only PyYAML and Jinja2 are needed.
"""

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Imports nothing: the code generator uses `description` and `source` before the
# extension exists.
"""Python clients of modules, made from what the modules say of themselves.

description.py  what a module says: methods, parameters, types
library.py      finds a module's client library and reads its description
source.py       the Python source of a client, of a description
stub.py         its types, for type checkers and editors
settings.py     settings of pools: checks
builds.py       modules that were built again
values.py       values on their way into tasks: checks, and bytes
results.py      values on their way back
packed.py       both for values without a fixed size
columns.py      the same for many tasks at once
client.py       what that source uses: the class of its pools
"""

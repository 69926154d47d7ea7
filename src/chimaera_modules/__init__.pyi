# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What type checkers know of `Runtime.module` where nobody says more: README.md.

from chimaera.module import Module

class KnownModules:
    def module(self, name: str) -> Module: ...

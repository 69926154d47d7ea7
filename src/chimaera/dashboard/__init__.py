# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# access.py who may ask, source.py what the runtime says, handler.py requests,
# server.py their limits, process.py the program that serves the page of a daemon.
# page/ holds what the browser gets: plain modules, nothing is built.
"""The live page of a runtime; docs/live_page.md tells how to open it."""

from __future__ import annotations

from chimaera.dashboard.server import Dashboard

__all__ = ["Dashboard"]

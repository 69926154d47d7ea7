# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The part of _core.pyi that chimaera.metrics calls. There is no such module: the
# extension has these functions itself.

from chimaera._core import Call, Connection

# The document as JSON.
def get_metrics(connection: Connection, timeout_ms: int = 0) -> Call: ...
def set_sampling(
    connection: Connection, on: bool, one_in: int, timeout_ms: int = 0
) -> Call: ...

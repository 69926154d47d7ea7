# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The part of _core.pyi that is src/cpp/python/bind_trace.cc. There is no such
# module: the extension has these functions itself.

from chimaera._core import Call, Connection

TRACE_RECORD_BYTES: int

# Call of (id, start_ns)
def start_trace(
    connection: Connection, one_in: int, max_records: int, max_ns: int
) -> Call: ...

# stop_ns
def stop_trace(connection: Connection, trace_id: int, forget: bool) -> Call: ...

# (number of buffers, worker, dropped, records)
def read_trace(
    connection: Connection, trace_id: int, buffer: int, first: int
) -> Call: ...

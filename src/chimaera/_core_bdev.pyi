# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# A part of _core.pyi, of src/cpp/python/bind_bdev.cc and bind_chunks.cc. There is
# no such module: the extension has these functions itself.

from typing import Any, TypeAlias

from chimaera._core import Call, Connection

_PoolId: TypeAlias = tuple[int, int]
_Query: TypeAlias = tuple[int, int, int]

# None
def bdev_sync(
    connection: Connection,
    pool_id: _PoolId,
    query: _Query,
    timeout_ms: int = 0,
    begins: bool = False,
) -> Call: ...

# Status code and message of the first task that failed, or None
def bdev_move_chunks(
    connection: Connection,
    pool_id: _PoolId,
    blocks: Any,
    data: Any,
    write: bool,
    compare: bool,
    task_bytes: int,
    timeout_s: float,
) -> tuple[int, str] | None: ...

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The part of _core.pyi that is src/cpp/python/bind_config.cc and stop.cc. There is
# no such module: the extension has these itself.

from typing import Any, TypeAlias

from chimaera._core import Call, Connection
from chimaera._core_log import *  # noqa: F403
from chimaera._core_metrics import *  # noqa: F403

_PoolId: TypeAlias = tuple[int, int]

class Stop:
    def enter(self) -> None: ...
    def leave(self) -> bool: ...
    def ask(self) -> bool: ...

def check_stop() -> None: ...
def forbid_stop() -> None: ...

# list of (key, type, default, min, max, possible, choices, doc, variable)
def settings() -> list[tuple[Any, ...]]: ...

# lists of (key, value, origin, line, name there), of (origin, line, key, message),
# and of (module, name, id, num_containers, query, config)
def read_config(
    text: bytes, origin: str, environment: bool, arguments: list[tuple[str, str]]
) -> tuple[list[Any], list[Any], list[Any]]: ...

# list of (origin, line, key, message)
def check_config(text: bytes, origin: str) -> list[tuple[str, int, str, str]]: ...

# (errors, a line each; list of the settings of each pool)
def check_compose(
    connection: Connection, text: bytes, origin: str, timeout_ms: int = 0
) -> Call: ...

# (its YAML, settings, serial, num_containers)
def describe_pool(
    connection: Connection, pool_id: _PoolId, timeout_ms: int = 0
) -> Call: ...
def write_compose(entries: list[tuple[str, str, _PoolId, int, str]]) -> str: ...

# ---- bind_objects.cc ----
# (total_bytes, part_bytes, list of (used, sealed))
def bdev_map(
    connection: Connection,
    pool_id: _PoolId,
    query: tuple[int, int, int],
    num_cells: int,
    timeout_ms: int = 0,
) -> Call: ...

# (rows of five texts as read_config's, directories, pairs of module and path, log)
def describe_runtime(connection: Connection, timeout_ms: int = 0) -> Call: ...

# list of (key, type, min, max, default); loads the module
def module_settings(module: str) -> list[tuple[str, str, int, int, str]]: ...

# empty: the file holds this module and fits
def module_mistake(module: str, path: str) -> str: ...

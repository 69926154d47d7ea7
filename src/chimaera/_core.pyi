# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Types of the extension, written by hand after src/cpp/python/bind_*.cc. What a
# Call's value is stands beside the function that makes it.

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chimaera._core_bdev import *  # noqa: F403
from chimaera._core_config import *  # noqa: F403
from chimaera._core_trace import *  # noqa: F403
from chimaera.block import Block

_PoolId: TypeAlias = tuple[int, int]
_Query: TypeAlias = tuple[int, int, int]
_Block: TypeAlias = tuple[int, int, int, int]

class Connection:
    @staticmethod
    def local(
        config_text: str | None, origin: str, is_argument: bool, log_level: str
    ) -> Connection: ...
    @staticmethod
    def attach(runtime_dir: str, name: str, timeout_s: float) -> Connection: ...
    def close(self) -> None: ...
    def num_views(self, pool_id: _PoolId | None = None) -> int: ...
    def check(self) -> None: ...
    @property
    def closed(self) -> bool: ...
    @property
    def forked(self) -> bool: ...
    @property
    def is_local(self) -> bool: ...
    @property
    def runtime_dir(self) -> str: ...
    @property
    def num_workers(self) -> int: ...
    @property
    def session_id(self) -> int: ...
    @property
    def incarnation(self) -> str: ...
    @property
    def runtime_pid(self) -> int: ...
    @property
    def buffer_bytes(self) -> int: ...
    @property
    def task_bytes(self) -> int: ...
    bytes_staged: int
    task_timeout_ms: int

class Buffer:
    def __init__(self, c: Connection, size: int, for_view: bool = False) -> None: ...
    def __len__(self) -> int: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

class View:
    def __init__(
        self, connection: Connection, pool_id: _PoolId, copy: Buffer
    ) -> None: ...
    def __len__(self) -> int: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

class Exporter:
    def __init__(self) -> None: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

class Call:
    def done(self) -> bool: ...
    def cancel(self) -> bool: ...
    def wait(self, timeout_s: float) -> bool: ...
    def error(self) -> BaseException | None: ...
    def value(self) -> Any: ...

class CallSet:
    def __init__(self) -> None: ...
    def __len__(self) -> int: ...
    def add(self, call: Call, token: Any) -> None: ...
    def wait(self, timeout_s: float, poll: bool) -> list[Any]: ...
    def wake(self) -> None: ...

def status_code_name(code: int) -> str: ...
def close_current() -> None: ...
def locate(name: str) -> str: ...

# None
def call(
    connection: Connection,
    pool_id: _PoolId,
    method: int,
    query: _Query,
    timeout_ms: int = 0,
) -> Call: ...

# None: it is done; Call: it was submitted; False: `call` says what is wrong.
# Positional arguments only.
def run(
    connection: Connection,
    pool_id: _PoolId,
    method: int,
    query: _Query,
    timeout_s: float,
    /,
) -> Call | Literal[False] | None: ...

# ---- modules by their description
class TypedMethod: ...

def module_directories() -> list[str]: ...

# As bind_typed.cc makes it and chimaera/typed/library.py reads it
def describe_module(path: str, library: str, opened: str = "") -> Any: ...

# The result, in the forms of src/cpp/python/typed_value.h
def typed_call(
    method: TypedMethod,
    connection: Connection,
    pool_id: _PoolId,
    query: _Query,
    timeout_ms: int,
    arguments: tuple[Any, ...],
) -> Call: ...

# The result; Call: submitted; NotImplemented: `typed_call` has to be asked
def run_typed(
    method: TypedMethod,
    connection: Connection,
    pool_id: _PoolId,
    query: _Query,
    timeout_s: float,
    arguments: tuple[Any, ...],
    /,
) -> Any: ...

# The first failure, and a list per result that has no place in `out`
def typed_many(
    method: TypedMethod,
    connection: Connection,
    pool_id: _PoolId,
    query: _Query,
    columns: tuple[Any, ...],
    out: tuple[NDArray[Any] | None, ...],
    codes: NDArray[np.uint32],
    timeout_s: float,
) -> tuple[tuple[int, str] | None, list[list[Any] | None]]: ...

# ---- admin ----
# (_PoolId, bool: made by this call)
def create_pool(
    connection: Connection,
    module: str,
    name: str,
    pool_id: _PoolId,
    num_containers: int,
    config: str,
    timeout_ms: int = 0,
    query: str = "dynamic",
) -> Call: ...

# None
def destroy_pool(
    connection: Connection, pool_id: _PoolId, timeout_ms: int = 0
) -> Call: ...

# bool: its code is out of memory
def unload_module(connection: Connection, module: str, timeout_ms: int = 0) -> Call: ...

# list of (id, name, module, num_containers, state, held_runs, heap_bytes or None,
#  cancelled, expired)
def list_pools(connection: Connection, timeout_ms: int = 0) -> Call: ...

# (pid, uptime_ns, resident_bytes, num_pools, pools_created, pools_destroyed,
#  list of (tasks, parks, sleeps, parked, rings, fibers))
def get_stats(connection: Connection, timeout_ms: int = 0) -> Call: ...

# JSON, as chimaera.dump reads it
def dump(connection: Connection, max_tasks: int, timeout_ms: int = 0) -> Call: ...

# None both
def flush(connection: Connection, wait_s: float, timeout_ms: int = 0) -> Call: ...
def stop_runtime(connection: Connection, timeout_ms: int = 0) -> Call: ...

# ---- echo ----
# None
def echo_null(
    connection: Connection, pool_id: _PoolId, query: _Query, timeout_ms: int = 0
) -> Call: ...

# bytes and container_id
def echo_echo(
    connection: Connection,
    pool_id: _PoolId,
    query: _Query,
    text: bytes | str,
    timeout_ms: int = 0,
) -> Call: ...

# None
def echo_sleep(
    connection: Connection,
    pool_id: _PoolId,
    query: _Query,
    duration_ns: int,
    timeout_ms: int = 0,
) -> Call: ...

# None
def echo_busy(
    connection: Connection,
    pool_id: _PoolId,
    query: _Query,
    duration_ns: int,
    timeout_ms: int = 0,
) -> Call: ...

# None
def echo_throw(
    connection: Connection, pool_id: _PoolId, query: _Query, text: str
) -> Call: ...

# None
def echo_crash(
    connection: Connection,
    pool_id: _PoolId,
    query: _Query,
    kind: int,
    timeout_ms: int = 0,
) -> Call: ...

# int
def echo_spawn(
    connection: Connection, pool_id: _PoolId, query: _Query, count: int
) -> Call: ...

# ---- bdev ----
# list of _Block
def bdev_allocate(
    connection: Connection,
    pool_id: _PoolId,
    query: _Query,
    size: int,
    timeout_ms: int = 0,
) -> Call: ...

# None
def bdev_free(
    connection: Connection,
    pool_id: _PoolId,
    blocks: Sequence[_Block],
    timeout_ms: int = 0,
) -> Call: ...

# int: bytes written
def bdev_write(
    connection: Connection,
    pool_id: _PoolId,
    block: _Block,
    data: Any,
    offset: int,
    timeout_ms: int = 0,
) -> Call: ...

# out
def bdev_read(
    connection: Connection,
    pool_id: _PoolId,
    block: _Block,
    out: Any,
    offset: int,
    timeout_ms: int = 0,
) -> Call: ...

# int: bytes written; ranges are block, offset, size
def bdev_write_blocks(
    connection: Connection,
    pool_id: _PoolId,
    ranges: Sequence[tuple[_Block, int, int]],
    data: Any,
    timeout_ms: int = 0,
) -> Call: ...

# out
def bdev_read_blocks(
    connection: Connection,
    pool_id: _PoolId,
    ranges: Sequence[tuple[_Block, int, int]],
    out: Any,
    timeout_ms: int = 0,
) -> Call: ...

# Array of uint8
def bdev_view(
    connection: Connection,
    pool_id: _PoolId,
    block: _Block,
    offset: int,
    timeout_ms: int,
) -> Call: ...

# The same at once, if that takes no time; None: bdev_view says what is wrong
def bdev_look(
    connection: Connection, pool_id: _PoolId, block: Block, offset: int, /
) -> NDArray[np.uint8] | Call | None: ...

# int: the loan
def bdev_borrow(
    connection: Connection,
    pool_id: _PoolId,
    name: str,
    wait_ns: int,
    timeout_ms: int = 0,
) -> Call: ...

# None
def bdev_give(
    connection: Connection,
    pool_id: _PoolId,
    name: str,
    loan: int,
    numbers: Sequence[int],
    blocks: Sequence[_Block],
    timeout_ms: int = 0,
) -> Call: ...

# dict of int, _Block
def bdev_collect(
    connection: Connection, pool_id: _PoolId, name: str, loan: int, timeout_ms: int = 0
) -> Call: ...

# None
def bdev_return_loan(
    connection: Connection, pool_id: _PoolId, name: str, loan: int, timeout_ms: int = 0
) -> Call: ...

# (total, remaining, largest_free, num_blocks, num_pins, alignment, num_reads,
#  num_writes, bytes_read, bytes_written, read_ns, write_ns, scrubbed_pages,
#  bad_pages, io_depth, queue_depth, max_queue_depth, oldest_ns, fragmentation, engine,
#  direct, reads, writes), the last two (p50, p90, p99, p999)
def bdev_stats(
    connection: Connection, pool_id: _PoolId, query: _Query, timeout_ms: int = 0
) -> Call: ...

# None
def bdev_put_object(
    connection: Connection,
    pool_id: _PoolId,
    name: bytes,
    blocks: Sequence[_Block],
    attributes: bytes,
    replace: bool,
    timeout_ms: int = 0,
) -> Call: ...

# (attributes, list of _Block)
def bdev_get_object(
    connection: Connection,
    pool_id: _PoolId,
    query: _Query,
    name: bytes,
    timeout_ms: int = 0,
) -> Call: ...

# None
def bdev_delete_object(
    connection: Connection,
    pool_id: _PoolId,
    query: _Query,
    name: bytes,
    timeout_ms: int = 0,
) -> Call: ...

# list of (name, bytes)
def bdev_list_objects(
    connection: Connection,
    pool_id: _PoolId,
    query: _Query,
    prefix: bytes,
    after: bytes,
    limit: int,
    timeout_ms: int = 0,
) -> Call: ...

# ---- stats ----
# (count, nans, min, max, sum, below, above, list of bins)
def stats_reduce(
    connection: Connection,
    pool_id: _PoolId,
    query: _Query,
    bdev_pool: _PoolId,
    blocks: Sequence[_Block],
    dtype: int,
    histogram: tuple[float, float, int],
    timeout_ms: int = 0,
) -> Call: ...

# None
def stats_hill_shade(
    connection: Connection,
    pool_id: _PoolId,
    query: _Query,
    bdev_pool: _PoolId,
    source: _Block,
    target: _Block,
    how: tuple[int, int, float, float, float, float, int, int],
    timeout_ms: int = 0,
) -> Call: ...

# ---- many tasks in one crossing ----
#
# Arrays have one row per task: codes u4, numbers u8, blocks u8 of four columns,
# summaries as chimaera.stats has them. They return None, or index and message of the
# first task that failed.

_Failure: TypeAlias = tuple[int, str] | None

def call_many(
    connection: Connection,
    pool_id: _PoolId,
    method: int,
    query: _Query,
    codes: Any,
    timeout_s: float,
) -> _Failure: ...
def echo_many(
    connection: Connection,
    pool_id: _PoolId,
    query: _Query,
    numbers: Any,
    out: Any,
    codes: Any,
    timeout_s: float,
) -> _Failure: ...

# The failure, and pieces that came where one block was asked for.
def bdev_allocate_many(
    connection: Connection,
    pool_id: _PoolId,
    query: _Query,
    size: int,
    out: Any,
    codes: Any,
    timeout_s: float,
) -> tuple[_Failure, list[_Block]]: ...
def bdev_write_many(
    connection: Connection,
    pool_id: _PoolId,
    blocks: Any,
    data: Any,
    offset: int,
    codes: Any,
    timeout_s: float,
) -> _Failure: ...
def bdev_read_many(
    connection: Connection,
    pool_id: _PoolId,
    blocks: Any,
    out: Any,
    offset: int,
    codes: Any,
    timeout_s: float,
) -> _Failure: ...
def bdev_copy_many(
    connection: Connection,
    pool_id: _PoolId,
    blocks: Any,
    out: Any,
    offset: int,
    codes: Any,
    timeout_s: float,
) -> _Failure: ...
def stats_reduce_many(
    connection: Connection,
    pool_id: _PoolId,
    query: _Query,
    bdev_pool: _PoolId,
    blocks: Any,
    dtype: int,
    out: Any,
    codes: Any,
    timeout_s: float,
) -> _Failure: ...

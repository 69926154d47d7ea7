# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# For `chimaera status` and the metrics document.
"""What the block devices of a runtime say of themselves."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from chimaera.bdev import BlockDevice
from chimaera.errors import ChimaeraError
from chimaera.figure_text import size_text
from chimaera.pool import PoolInfo, PoolQuery

if TYPE_CHECKING:
    from chimaera.block import BdevStats, Latency
    from chimaera.runtime import Runtime
    from chimaera.task import Future

__all__ = ["answers", "device_lines", "devices"]

# Devices that do not answer must not keep the others from being seen: all are asked
# at once, and have so long together.
ANSWER_TIMEOUT_S = 5.0
# A request that has been under way for so long is worth a word, nanoseconds.
STALL_NS = 10**9

K = TypeVar("K")
T = TypeVar("T")


def answers(
    asked: Sequence[tuple[K, Future[T]]], timeout_s: float = ANSWER_TIMEOUT_S
) -> Iterator[tuple[K, T]]:
    """Collect what was asked of devices; those that are gone or silent are left out."""
    until = time.monotonic() + timeout_s
    for key, future in asked:
        try:
            answer = future.result_or_cancel(max(0.0, until - time.monotonic()))
        except ChimaeraError:
            continue
        yield key, answer


def devices(
    runtime: Runtime, pools: Iterable[PoolInfo]
) -> Iterator[tuple[PoolInfo, BdevStats]]:
    """Ask all devices; those that are gone or silent are left out."""
    return answers(
        [
            (
                pool,
                BlockDevice(runtime, pool.id, pool.name).stats_async(
                    query=PoolQuery.broadcast(), timeout_s=ANSWER_TIMEOUT_S
                ),
            )
            for pool in pools
            if pool.module == BlockDevice.module and pool.state == "live"
        ]
    )


def device_lines(pool: PoolInfo, stats: BdevStats) -> list[str]:
    """Tell people about one device."""
    direct = ", direct" if stats.direct else ""
    pieces = (
        f", {stats.fragmentation:.0%} of it in pieces" if stats.fragmentation else ""
    )
    queue = (
        f"; {stats.queue_depth} requests under way, at most {stats.max_queue_depth}"
        if stats.engine != "ram"
        else ""
    )
    if stats.oldest_ns >= STALL_NS:
        queue += f", the oldest for {stats.oldest_ns / 1e9:.1f} s"
    bad = f"; {stats.bad_pages} bad pages" if stats.bad_pages else ""
    lines = [
        f"{pool.id!s:12} {pool.name}: {stats.engine}{direct}; "
        f"{size_text(stats.remaining_bytes)} of {size_text(stats.total_bytes)} "
        f"free{pieces}{queue}{bad}"
    ]
    if stats.num_reads:
        lines.append(
            _moved("reads", stats.num_reads, stats.bytes_read, stats.read_latency)
        )
    if stats.num_writes:
        lines.append(
            _moved("writes", stats.num_writes, stats.bytes_written, stats.write_latency)
        )
    return lines


def _moved(what: str, count: int, size_bytes: int, latency: Latency) -> str:
    times = ", ".join(
        f"{name} {ns / 1e3:.3g} us"
        for name, ns in (
            ("p50", latency.p50_ns),
            ("p90", latency.p90_ns),
            ("p99", latency.p99_ns),
            ("p99.9", latency.p999_ns),
        )
    )
    return f"  {what:7} {count} of {size_text(size_bytes)}; {times}"

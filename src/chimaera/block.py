# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Kept apart from the device, so that what handles blocks of any device needs no more.
"""Pieces of block devices, and their counters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["BdevStats", "Block", "Latency", "stats_of"]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a device, as `BlockDevice.allocate` gives it out.

    Attributes
    ----------
    offset : int
        Where it begins on the device, bytes; for information.
    size_bytes : int
        Usable bytes.
    block_id : int
        Generation and slot: a freed block's id is never valid again.
    container_id : int
        The container that has it.
    """

    offset: int
    size_bytes: int
    block_id: int
    container_id: int

    def row(self) -> tuple[int, int, int, int]:
        """Return the four numbers as the extension wants them."""
        return self.offset, self.size_bytes, self.block_id, self.container_id

    def __repr__(self) -> str:
        slot, generation = self.block_id & (2**32 - 1), self.block_id >> 32
        return f"<Block {slot}.{generation} [{self.offset}, +{self.size_bytes})>"


@dataclass(frozen=True, slots=True)
class Latency:
    """How long operations took, their turn at the device awaited, nanoseconds.

    Attributes
    ----------
    p50_ns, p90_ns, p99_ns, p999_ns : int
        Within which 50 %, 90 %, 99 % and 99.9 % of them were over, right to 3.2 %.
        Of those below 64 KiB one in 15 is timed, for all. 0 if there were none.
    """

    p50_ns: int
    p90_ns: int
    p99_ns: int
    p999_ns: int


@dataclass(frozen=True, slots=True)
class BdevStats:
    """Counters of a device since it was created.

    Attributes
    ----------
    total_bytes, remaining_bytes, largest_free_bytes : int
    num_blocks : int
        Blocks given out now.
    num_pins : int
        Blocks that are being copied or looked at in place now.
    alignment_bytes : int
    num_reads, num_writes : int
    bytes_read, bytes_written : int
    read_ns, write_ns : int
        Time of the copies, nanoseconds; of small ones some are timed for all.
    scrubbed_pages, bad_pages : int
        Pages of objects in a file that were read in the background, and how many
        were not what was written; each round counts.
    io_depth : int
        Transfers of a file that go to the kernel at a time.
    queue_depth, max_queue_depth : int
        Requests at a file now, those that wait for their turn too; the most there
        were.
    oldest_ns : int
        How long the oldest of them has been under way, nanoseconds, exact to a few
        milliseconds; 0 if there is none. One of seconds: the disk does not answer.
    fragmentation : float
        Part of the free bytes that is not in the largest free piece, 0 to 1.
    engine : str
        Who does the transfers: "ram", "io_uring" or "threads".
    direct : bool
        Whether they go past the page cache where that is possible.
    read_latency, write_latency : Latency
    """

    total_bytes: int
    remaining_bytes: int
    largest_free_bytes: int
    num_blocks: int
    num_pins: int
    alignment_bytes: int
    num_reads: int
    num_writes: int
    bytes_read: int
    bytes_written: int
    read_ns: int
    write_ns: int
    scrubbed_pages: int
    bad_pages: int
    io_depth: int
    queue_depth: int
    max_queue_depth: int
    oldest_ns: int
    fragmentation: float
    engine: str
    direct: bool
    read_latency: Latency
    write_latency: Latency


def stats_of(row: tuple[Any, ...]) -> BdevStats:
    """Make the counters of what _core.bdev_stats answers."""
    *numbers, reads, writes, _, _ = row  # and the histograms, for chimaera.metrics
    fields = (*numbers, Latency(*reads), Latency(*writes))
    return BdevStats(*fields)

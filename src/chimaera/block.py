# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Kept apart from the device, so that what handles blocks of any device needs no more.
"""Pieces of block devices, and their counters."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BdevStats", "Block"]


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

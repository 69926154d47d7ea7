# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Short, for tables; commands, bars and notebooks write figures alike.
"""Counts, sizes and times as text."""

from __future__ import annotations

__all__ = ["count_text", "size_text", "time_text"]

_ROUNDS_UP = 0.9995  # to 1.00 with three digits


def count_text(count: float) -> str:
    """Write a number in at most five characters, as ``12.3k``."""
    for unit, factor in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= factor * _ROUNDS_UP:
            return f"{_three_digits(count / factor)}{unit}"
    return f"{count:.0f}"


def size_text(count: int) -> str:
    """Tell how many bytes, as ``1.5 MiB``."""
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} B"


def time_text(seconds: float | None) -> str:
    """Write a time, as ``3.10us``; ``-`` if there is none."""
    if seconds is None:
        return "-"
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= factor * _ROUNDS_UP:
            value = seconds / factor
            return f"{f'{value:.0f}' if value >= 999.5 else _three_digits(value)}{unit}"
    return f"{seconds * 1e9:.0f}ns"


def _three_digits(value: float) -> str:
    return f"{value:#.3g}".rstrip(".")

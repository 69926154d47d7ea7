# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Module stats: numbers are found where they lie, and only answers travel.
"""Client of module stats: computes on blocks of a device in memory."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chimaera._extension import core
from chimaera.bdev import BlockDevice
from chimaera.block import Block
from chimaera.errors import BadRequestError
from chimaera.many import Errors, block_rows, codes_of, run_many, with_codes
from chimaera.pool import LOCAL, Pool, PoolQuery
from chimaera.task import DEFAULT_TIMEOUT_S, Future, deadline_ms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import DTypeLike, NDArray

__all__ = ["Stats", "Summary"]

# The numbers of chimaera::stats::DType, by NumPy's kind and size.
_DTYPES = {
    "f4": 0,
    "f8": 1,
    "i2": 2,
    "i4": 3,
    "u1": 4,
    "u2": 5,
    "u4": 6,
    "i8": 7,
}

# The fields of chimaera::stats::Summary, as NumPy lays them out.
_SUMMARY = [
    ("count", "u8"),
    ("nans", "u8"),
    ("min", "f8"),
    ("max", "f8"),
    ("sum", "f8"),
    ("below", "u8"),
    ("above", "u8"),
]


@dataclass(frozen=True, eq=False)
class Summary:
    """What `Stats.reduce` found. NaNs are counted and otherwise left out.

    Attributes
    ----------
    count : int
        Numbers that are not NaN.
    nans : int
    min, max : float
        inf and -inf when `count` is 0.
    sum : float
        The same data gives the same sum always; see the module's README for its
        rounding error.
    below, above : int
        Numbers outside the histogram's range.
    histogram : (bins,) ndarray of int64
        As `numpy.histogram` counts; empty if none was asked for.
    """

    count: int
    nans: int
    min: float
    max: float
    sum: float
    below: int
    above: int
    histogram: NDArray[np.int64]

    @property
    def mean(self) -> float:
        """Mean of the numbers; NaN of none."""
        return self.sum / self.count if self.count else float("nan")


class Stats(Pool):
    """A pool of module stats. The blocks are of a `BlockDevice` in memory.

    Every method has a twin ``…_async`` that returns a `Future`; the waiting one
    takes ``timeout_s``, seconds to wait at most.
    """

    module = "chimaera_stats"

    def reduce(
        self,
        device: BlockDevice,
        blocks: Block | Iterable[Block],
        *,
        dtype: DTypeLike = "f4",
        bins: int = 0,
        value_range: tuple[float, float] = (0.0, 0.0),
        query: PoolQuery = LOCAL,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Summary:
        """Summarise the numbers in blocks.

        Parameters
        ----------
        device : BlockDevice
        blocks : Block or iterable of Block
            Read one after the other.
        dtype : dtype_like
            f4, f8, i2, i4, i8, u1, u2 or u4, in the machine's byte order.
        bins : int
            Steps of the histogram, at most 65536; 0 for none.
        value_range : (float, float)
            Low and high end of the histogram.
        query : PoolQuery
            Which container computes.
        timeout_s : float
            Seconds to wait at most.

        Returns
        -------
        Summary

        Raises
        ------
        BadRequestError
            A block is no whole number of them, or the histogram makes no sense.
        """
        return self.reduce_async(
            device,
            blocks,
            dtype=dtype,
            bins=bins,
            value_range=value_range,
            query=query,
        ).result_or_cancel(timeout_s)

    def reduce_async(
        self,
        device: BlockDevice,
        blocks: Block | Iterable[Block],
        *,
        dtype: DTypeLike = "f4",
        bins: int = 0,
        value_range: tuple[float, float] = (0.0, 0.0),
        query: PoolQuery = LOCAL,
        timeout_s: float | None = None,
    ) -> Future[Summary]:
        """Submit `reduce`."""
        several = [blocks] if isinstance(blocks, Block) else list(blocks)
        if not 0 <= bins < 2**32:
            raise BadRequestError(f"a histogram of {bins} bins")
        low, high = value_range
        call = core.stats_reduce(
            self.runtime.connection,
            self.id,
            query,
            device.id,
            [block.row() for block in several],
            _dtype_number(dtype),
            (float(low), float(high), bins),
            deadline_ms(timeout_s),
        )
        return Future(call, f"{self} reduce", _summary)

    def reduce_many(
        self,
        device: BlockDevice,
        blocks: Iterable[Block],
        *,
        dtype: DTypeLike = "f4",
        query: PoolQuery = LOCAL,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        errors: Errors = "raise",
    ) -> Any:
        """Summarise the numbers in each of many blocks, in one crossing.

        Parameters
        ----------
        device, dtype, query
            As for `reduce`.
        blocks : iterable of Block
            n of them; a task for each.
        timeout_s, errors
            As for `Pool.call_many`.

        Returns
        -------
        (n,) structured ndarray
            Fields ``count``, ``nans``, ``min``, ``max``, ``sum``, ``below`` and
            ``above``, as of `Summary`. With ``errors="return"`` a pair: this
            array, zeros where a task failed, and the status codes.
        """
        import numpy as np

        rows = block_rows(blocks)
        codes = codes_of(len(rows))
        found = np.zeros(len(rows), _SUMMARY)
        reduce = functools.partial(
            core.stats_reduce_many,
            self.runtime.connection,
            self.id,
            query,
            device.id,
            rows,
            _dtype_number(dtype),
            found,
        )
        run_many(reduce, codes, timeout_s, errors)
        return with_codes(found, codes, errors)

    def hill_shade(
        self,
        device: BlockDevice,
        source: Block,
        target: Block,
        *,
        shape: tuple[int, int],
        dtype: DTypeLike = "f4",
        out_dtype: DTypeLike = "u1",
        cell_size: float = 1.0,
        azimuth_deg: float = 315.0,
        altitude_deg: float = 45.0,
        z_factor: float = 1.0,
        query: PoolQuery = LOCAL,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        """Shade a tile of heights, block to block.

        Parameters
        ----------
        device : BlockDevice
        source : Block
            Row-major heights of `shape`, from its beginning.
        target : Block
            Another one, for the shade.
        shape : (int, int)
            Rows and columns, at most 2**20 columns.
        dtype : dtype_like
            Of the heights; as for `reduce`.
        out_dtype : dtype_like
            Of the shade: u1 (0 to 255, rounded half up) or f4 (0 to 1).
        cell_size : float
            Length of a cell's side, in the unit of the heights.
        azimuth_deg : float
            Where the light comes from, clockwise from north.
        altitude_deg : float
            Of the light above the horizon, 0 to 90.
        z_factor : float
            Heights are multiplied by it.
        query : PoolQuery
            Which container computes.
        timeout_s : float
            Seconds to wait at most.

        Raises
        ------
        BadRequestError
            A number makes no sense; the message names it.

        References
        ----------
        .. [1] B. K. P. Horn, "Hill shading and the reflectance map", Proceedings
           of the IEEE 69 (1981), 14-47.
        """
        self.hill_shade_async(
            device,
            source,
            target,
            shape=shape,
            dtype=dtype,
            out_dtype=out_dtype,
            cell_size=cell_size,
            azimuth_deg=azimuth_deg,
            altitude_deg=altitude_deg,
            z_factor=z_factor,
            query=query,
        ).result_or_cancel(timeout_s)

    def hill_shade_async(
        self,
        device: BlockDevice,
        source: Block,
        target: Block,
        *,
        shape: tuple[int, int],
        dtype: DTypeLike = "f4",
        out_dtype: DTypeLike = "u1",
        cell_size: float = 1.0,
        azimuth_deg: float = 315.0,
        altitude_deg: float = 45.0,
        z_factor: float = 1.0,
        query: PoolQuery = LOCAL,
        timeout_s: float | None = None,
    ) -> Future[None]:
        """Submit `hill_shade`."""
        rows, cols = shape
        if rows <= 0 or cols <= 0:
            raise BadRequestError(f"a tile of {rows} x {cols}")
        how = (
            rows,
            cols,
            float(cell_size),
            float(azimuth_deg),
            float(altitude_deg),
            float(z_factor),
            _dtype_number(dtype),
            _dtype_number(out_dtype),
        )
        call = core.stats_hill_shade(
            self.runtime.connection,
            self.id,
            query,
            device.id,
            source.row(),
            target.row(),
            how,
            deadline_ms(timeout_s),
        )
        return Future(call, f"{self} hill_shade")


def _summary(row: tuple[Any, ...]) -> Summary:
    import numpy as np

    count, nans, low, high, total, below, above, bins = row
    histogram = np.array(bins, np.int64)
    return Summary(count, nans, low, high, total, below, above, histogram)


def _dtype_number(dtype: DTypeLike) -> int:
    import numpy as np

    kind = np.dtype(dtype)
    name = f"{kind.kind}{kind.itemsize}"
    if name not in _DTYPES or not kind.isnative:
        raise BadRequestError(f"dtype {kind}: one of {', '.join(_DTYPES)} is possible")
    return _DTYPES[name]

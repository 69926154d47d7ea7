# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What the methods that end in `_many` have in common: one array of status codes.
"""Many tasks in one crossing to the C++ side."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal

from chimaera.errors import BadRequestError, NotRunError, from_code
from chimaera.task import check_timeout

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from chimaera.block import Block

    Codes = NDArray[np.uint32]

__all__ = [
    "Errors",
    "block_rows",
    "codes_of",
    "run_many",
    "with_codes",
]

Errors = Literal["raise", "return"]


def codes_of(count: int) -> Codes:
    """Make the array of status codes for so many tasks."""
    import numpy as np

    if count < 0:
        raise BadRequestError(f"{count} tasks")
    return np.full(count, NotRunError.status_code, np.uint32)


def run_many(
    run: Callable[[Codes, float], tuple[int, str] | None],
    codes: Codes,
    timeout_s: float,
    errors: Errors,
) -> None:
    """Run the tasks; raise the first error, unless errors are to be returned."""
    if errors not in {"raise", "return"}:
        raise BadRequestError(f"errors is {errors!r}: raise or return is possible")
    check_timeout(timeout_s)
    failed = run(codes, timeout_s) if codes.size else None
    if failed is not None and errors == "raise":
        index, message = failed
        text = f"task {index} of {codes.size}: {message}"
        raise from_code(int(codes[index]), text)


def block_rows(blocks: Iterable[Block]) -> NDArray[np.uint64]:
    """Return blocks as an array of shape (n, 4)."""
    import numpy as np

    rows = [block.row() for block in blocks]
    return np.array(rows, np.uint64).reshape(-1, 4)


def with_codes(result: Any, codes: Codes, errors: Errors) -> Any:
    """Return what the caller gets: the codes too, if errors are to be returned."""
    return result if errors == "raise" else (result, codes)

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The document is made by the runtime (src/cpp/runtime/metrics.cc); only what the
# devices say is asked for here, each of them as any client may.
"""What a runtime does, in figures."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from chimaera import _core as core
from chimaera.device_status import devices
from chimaera.task import Future, deadline_ms

if TYPE_CHECKING:
    from chimaera.runtime import Runtime

__all__ = ["metrics_of", "set_statistics"]


def metrics_of(runtime: Runtime, timeout_s: float) -> dict[str, Any]:
    """Ask for the document; see `Runtime.metrics`."""
    call = core.get_metrics(runtime.connection, deadline_ms(None))
    answer = Future(call, "runtime metrics", _document)
    document = answer.result_or_cancel(timeout_s)
    document["devices"] = [
        {"id": str(pool.id), "name": pool.name, **asdict(stats)}
        for pool, stats in devices(runtime, runtime.pools(timeout_s=timeout_s))
    ]
    return document


def set_statistics(
    runtime: Runtime, *, on: bool, one_in: int = 0, timeout_s: float = 30.0
) -> None:
    """Switch the histograms of a runtime on or off while it runs.

    Parameters
    ----------
    runtime : Runtime
    on : bool
        Whether runs that are timed fill histograms. Counters go on regardless.
    one_in : int
        One run in so many is timed, 1 to 4096; 0 leaves it as it is.
    timeout_s : float
        Seconds to wait at most.

    Raises
    ------
    BadRequestError
        `one_in` is too large.
    """
    call = core.set_sampling(runtime.connection, on, one_in, deadline_ms(None))
    Future(call, "statistics").result_or_cancel(timeout_s)


def _document(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    return document

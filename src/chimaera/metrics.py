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
from chimaera.bdev import BlockDevice
from chimaera.block import stats_of
from chimaera.device_status import ANSWER_TIMEOUT_S
from chimaera.errors import ChimaeraError
from chimaera.pool import PoolId, PoolQuery
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
        _device(runtime, pool)
        for pool in document["pools"]
        if pool["module"] == BlockDevice.module and pool["state"] == "live"
    ]
    document["devices"] = [device for device in document["devices"] if device]
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


def _device(runtime: Runtime, pool: dict[str, Any]) -> dict[str, Any]:
    """Ask a device; nothing if it is gone or silent."""
    major, _, minor = pool["id"].partition(".")
    call = core.bdev_stats(
        runtime.connection,
        PoolId(int(major), int(minor)),
        PoolQuery.broadcast(),
        deadline_ms(ANSWER_TIMEOUT_S),
    )
    answer: Future[tuple[Any, ...]] = Future(call, f"stats of {pool['name']}")
    try:
        row = answer.result_or_cancel(ANSWER_TIMEOUT_S)
    except ChimaeraError:
        return {}
    return {
        "id": pool["id"],
        "name": pool["name"],
        **asdict(stats_of(row)),
        "read_s": json.loads(row[-2]),
        "write_s": json.loads(row[-1]),
    }


def _document(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    return document

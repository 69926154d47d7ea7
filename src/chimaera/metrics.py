# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The document is made by the runtime (src/cpp/runtime/metrics.cc); only what the
# devices say is asked for here, of each of them as any client may.
"""What a runtime does, in figures."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from chimaera._extension import core
from chimaera.bdev import BlockDevice
from chimaera.block import stats_of
from chimaera.device_status import ANSWER_TIMEOUT_S, answers
from chimaera.pool import PoolId, PoolQuery
from chimaera.task import Future, deadline_ms

if TYPE_CHECKING:
    from chimaera.runtime import Runtime

__all__ = ["document_async", "metrics_of", "set_statistics"]


def metrics_of(runtime: Runtime, timeout_s: float) -> dict[str, Any]:
    """Ask for the document; see `Runtime.metrics`."""
    until = time.monotonic() + timeout_s
    document = document_async(runtime).result_or_cancel(timeout_s)
    asked = [
        (pool, _stats(runtime, pool))
        for pool in document["pools"]
        if pool["module"] == BlockDevice.module and pool["state"] == "live"
    ]
    left_s = min(ANSWER_TIMEOUT_S, max(0.0, until - time.monotonic()))
    document["devices"] = [
        {"id": pool["id"], "name": pool["name"], **stats}
        for pool, stats in answers(asked, left_s)
    ]
    return document


def document_async(
    runtime: Runtime, *, timeout_s: float | None = None
) -> Future[dict[str, Any]]:
    """Ask for the document without the devices, which may not answer just now."""
    call = core.get_metrics(runtime.connection, deadline_ms(timeout_s))
    return Future(call, "runtime metrics", json.loads)


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


def _stats(runtime: Runtime, pool: dict[str, Any]) -> Future[dict[str, Any]]:
    """Ask a device what it has counted."""
    major, _, minor = pool["id"].partition(".")
    call = core.bdev_stats(
        runtime.connection,
        PoolId(int(major), int(minor)),
        PoolQuery.broadcast(),
        deadline_ms(ANSWER_TIMEOUT_S),
    )
    return Future(call, f"stats of {pool['name']}", _stats_of)


def _stats_of(row: tuple[Any, ...]) -> dict[str, Any]:
    histograms = {"read_s": json.loads(row[-2]), "write_s": json.loads(row[-1])}
    return {**asdict(stats_of(row)), **histograms}

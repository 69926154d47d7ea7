# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Light: the child of `multiprocessing` imports it.
"""What Python offers for talking to another process."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["pipe", "queue"]

_SECONDS_MAX = 30.0


@contextlib.contextmanager
def pipe(cpu: int) -> Iterator[Callable[[], object]]:
    """Yield a round trip over a multiprocessing.Pipe to a process on `cpu`."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    peer = context.Process(target=_answer_pipe, args=(theirs, cpu), daemon=True)
    peer.start()
    theirs.close()

    def round_trip() -> object:
        ours.send(None)
        return ours.recv()

    try:
        yield round_trip
    finally:
        ours.close()
        peer.join(_SECONDS_MAX)
        peer.close()


@contextlib.contextmanager
def queue(cpu: int) -> Iterator[Callable[[], object]]:
    """Yield a round trip over two multiprocessing.Queue to a process on `cpu`."""
    context = multiprocessing.get_context("spawn")
    requests, replies = context.Queue(), context.Queue()
    peer = context.Process(
        target=_answer_queue, args=(requests, replies, cpu), daemon=True
    )
    peer.start()

    def round_trip() -> object:
        requests.put(0)
        return replies.get(timeout=_SECONDS_MAX)

    try:
        yield round_trip
    finally:
        requests.put(None)
        peer.join(_SECONDS_MAX)
        peer.close()
        for each in (requests, replies):
            each.close()
            each.join_thread()


def _answer_pipe(connection: Any, cpu: int) -> None:
    os.sched_setaffinity(0, {cpu})
    with contextlib.suppress(EOFError):
        while True:
            connection.send(connection.recv())


def _answer_queue(requests: Any, replies: Any, cpu: int) -> None:
    os.sched_setaffinity(0, {cpu})
    while (request := requests.get()) is not None:
        replies.put(request)

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Many browsers, one client: all calls into the runtime are made by one thread, since
# each thread of a client costs a ring, and an answer is good for all who ask soon.
"""What the live page asks the runtime."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import asdict
from typing import Any, Protocol

from chimaera.dump import Dump
from chimaera.errors import ChimaeraError, NoRuntimeError, RuntimeDiedError

__all__ = ["Answer", "Asked", "Source"]

ANSWER_TIMEOUT_S = 5.0
FRESH_S = 0.25
DUMPED_TASKS_MAX = 1000

ENDED = "the runtime has ended"


class Asked(Protocol):
    """What is asked of a `Runtime`."""

    def check(self) -> None:
        """Raise if the runtime or the connection is gone."""

    def metrics(self, *, timeout_s: float) -> dict[str, Any]:
        """Return the metrics document."""
        ...

    def dump(self, *, max_tasks: int, timeout_s: float) -> Dump:
        """Return what the live tasks wait for."""
        ...


class Answer:
    """One answer of the runtime, good or not.

    Attributes
    ----------
    document : dict
        Empty if there is none.
    error : str
        Why there is none.
    body : bytes
        The document as JSON.
    """

    def __init__(self, document: dict[str, Any], error: str = "") -> None:
        self.document = document
        self.error = error
        self.body = json.dumps(document, separators=(",", ":")).encode()
        self.made_s = time.monotonic()


class Source:
    """Asks a runtime, from one thread and not more often than is of use.

    Parameters
    ----------
    runtime : Runtime
        Stays the caller's.
    """

    def __init__(self, runtime: Asked) -> None:
        self._runtime = runtime
        self._thread = ThreadPoolExecutor(1, "chimaera-dashboard-source")
        self._lock = threading.Lock()
        self._answers: dict[str, Answer] = {}  # guarded by _lock

    def metrics(self) -> Answer:
        """Return the metrics document, at most `FRESH_S` old."""
        return self._ask(
            "metrics", lambda: self._runtime.metrics(timeout_s=ANSWER_TIMEOUT_S)
        )

    def dump(self) -> Answer:
        """Return what the live tasks wait for."""
        return self._ask("dump", self._dump)

    def ended(self) -> bool:
        """Whether the runtime is gone, or the connection to it; asks nobody."""
        try:
            self._runtime.check()
        except ChimaeraError:
            return True
        return False

    def close(self) -> None:
        """Wait for the call that is under way; `ANSWER_TIMEOUT_S` at most."""
        self._thread.shutdown(cancel_futures=True)

    def _dump(self) -> dict[str, Any]:
        dump = self._runtime.dump(
            max_tasks=DUMPED_TASKS_MAX, timeout_s=ANSWER_TIMEOUT_S
        )
        return asdict(dump)

    def _ask(self, what: str, call: Callable[[], dict[str, Any]]) -> Answer:
        # Whoever waits here gets the answer that the one before has got, a failure too.
        with self._lock:
            answer = self._answers.get(what)
            if answer is None or time.monotonic() - answer.made_s > FRESH_S:
                answer = self._answers[what] = self._answer(call)
            return answer

    def _answer(self, call: Callable[[], dict[str, Any]]) -> Answer:
        try:
            return Answer(self._thread.submit(call).result())
        except (RuntimeDiedError, NoRuntimeError):
            return Answer({}, ENDED)
        except ChimaeraError as error:
            return Answer({}, f"the runtime does not answer: {error}")
        except (RuntimeError, CancelledError):  # of the executor: closed
            return Answer({}, "the page is closed")

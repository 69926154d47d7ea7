# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# No thread of the C++ side ever takes the GIL, so somebody of Python's has to wait
# for the tasks that callbacks and event loops want to hear of: one thread for the
# process. It begins with the first such task, sleeps in the extension on all of them
# at once, and ends when there has been none for a while.
#
# It is a daemon, but never outlives the interpreter: at exit, after all ordinary
# threads have ended (they may wait for a callback), the connection is closed, which
# gives every task an outcome, the last callbacks run, and the thread is joined.
"""The thread that runs callbacks."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from chimaera import _core

__all__ = ["run_callback", "watch"]

# How long the thread stays without work, and sleeps at most, seconds.
_LINGER_S = 2.0
_LONGEST_SLEEP_S = 3600.0
# How long the end of the process waits for callbacks.
_EXIT_S = 10.0

_log = logging.getLogger("chimaera")

A = TypeVar("A")


def run_callback(function: Callable[[A], object], argument: A) -> None:
    """Call it; log what it raises."""
    try:
        function(argument)
    except BaseException:  # noqa: BLE001 - not even SystemExit ends the thread
        _log.exception("callback %r raised an exception", function)


class _Watcher:
    """The thread, while there is one, and what it waits for."""

    def __init__(self) -> None:
        from chimaera._extension import core

        self._close = core.close_current
        self._calls = core.CallSet()
        self._changed = threading.Condition()
        # Guarded by _changed.
        self._thread: threading.Thread | None = None
        self._ending = False

    def watch(
        self, call: _core.Call, token: tuple[Callable[[Any], object], Any]
    ) -> None:
        with self._changed:
            self._calls.add(call, token)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="chimaera-watcher", daemon=True
                )
                self._thread.start()
            self._changed.notify()
        self._calls.wake()

    def end(self) -> None:
        """Close the connection; let the thread run what that has ended, and join it."""
        self._close()
        with self._changed:
            self._ending = True
            thread = self._thread
            self._changed.notify()
        self._calls.wake()
        if thread is not None:
            thread.join(_EXIT_S)

    def _has_work(self) -> bool:
        return len(self._calls) > 0 or self._ending

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work, _LINGER_S)
                if len(self._calls) == 0:
                    self._thread = None
                    return
            done = self._calls.wait(_LONGEST_SLEEP_S, poll=False)
            for function, argument in done:
                run_callback(function, argument)
            # Not to be kept alive while this sleeps.
            del done


_making = threading.Lock()
_watcher: _Watcher | None = None


def watch(call: _core.Call, function: Callable[[A], object], argument: A) -> None:
    """Have ``function(argument)`` called in the thread when `call` is done."""
    global _watcher  # noqa: PLW0603 - there is one in a process
    with _making:
        if _watcher is None:
            _watcher = _Watcher()
            atexit.register(_watcher.end)
            os.register_at_fork(after_in_child=_forget)
    _watcher.watch(call, (function, argument))


def _forget() -> None:
    """In the child of a fork: thread, locks and callbacks are the parent's."""
    global _watcher, _making
    if _watcher is not None:
        atexit.unregister(_watcher.end)
    _watcher, _making = None, threading.Lock()

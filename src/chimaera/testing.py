# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Public: users' tests need a runtime as much as ours do. The fixtures of pytest are in
# pytest_plugin.py: nothing here needs pytest.
"""A runtime for the length of a test, and a look at what the test leaves behind."""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from chimaera.errors import BadRequestError, ChimaeraError
from chimaera.leaks import KINDS, Places, Snapshot, shared_memory, snapshot
from chimaera.opening import local
from chimaera.runtime import Runtime

__all__ = ["LeakError", "fake_module", "no_leaks", "runtime", "wait_until"]


class LeakError(AssertionError):
    """Something was left behind; the message names it."""


@contextlib.contextmanager
def runtime(config: Mapping[str, Any] | None = None) -> Iterator[Runtime]:
    """Run a small runtime of one worker inside this process.

    Parameters
    ----------
    config : mapping, optional
        Settings that differ, as in a configuration file.

    Yields
    ------
    Runtime
        Closed at the end.

    Examples
    --------
    >>> with chimaera.testing.runtime() as rt:
    ...     rt.echo().echo("hello")
    'hello'
    """
    settings: dict[str, Any] = {
        "runtime": {"num_threads": 1, "pin_workers": False},
        "memory": {"client_data_segment": "1MB", "runtime_data_segment": "1MB"},
    }
    for section, values in (config or {}).items():
        if isinstance(values, Mapping):
            settings[section] = {**settings.get(section, {}), **values}
        else:
            settings[section] = values
    with local(settings) as rt:
        yield rt
        # What a failed test still holds must not fail the next one too.
        rt.close(force=True)


@contextlib.contextmanager
def no_leaks(
    runtime: Runtime, *, allowed: Collection[str] = (), wait_s: float = 2.0
) -> Iterator[None]:
    """Look whether a block of code leaves something behind in a runtime.

    After an exception, or if the runtime was closed, it does not look: frames of
    failed tests keep what they had.

    Parameters
    ----------
    runtime : Runtime
    allowed : collection of str
        What may be left: ``"tasks"`` that are not done, ``"loans"`` of arrays,
        ``"views"`` of blocks, ``"blocks"`` that are not freed, ``"memory"`` of arrays
        of `Runtime.empty`, ``"clients"`` that are still attached, ``"pools"``.
    wait_s : float
        Seconds for what is on its way to its end.

    Raises
    ------
    LeakError
        Something was; the message says what and, where somebody has seen it, which
        line made it. Or the runtime does not say what it holds.

    Examples
    --------
    >>> with chimaera.testing.runtime() as rt:
    ...     device = rt.bdev(size_bytes=1 << 20)
    ...     with chimaera.testing.no_leaks(rt):
    ...         device.free(device.allocate(100))
    """
    unknown = set(allowed) - set(KINDS)
    if unknown:
        raise BadRequestError(
            f"{', '.join(sorted(unknown))}: {', '.join(KINDS)} can be allowed"
        )
    wanted = [kind for kind in KINDS if kind not in allowed]
    if not wanted:
        yield
        return
    before = _held(runtime)
    with Places() as places:
        yield
        if before is None:
            return
        found: list[str] = []

        def clean() -> bool:
            try:
                now = _held(runtime)
            except LeakError as error:
                found[:] = [str(error)]
                return False
            if now is None:
                return True
            leaks = now.leaks_since(before, wanted, places)
            found[:] = [leak.text for leak in leaks]
            if found:
                # Cycles of objects keep arrays until somebody collects them.
                gc.collect()
            return not found

        if not wait_until(clean, timeout_s=wait_s, pause_s=0.02):
            raise LeakError("left behind: " + "\n  ".join(found))


def _held(runtime: Runtime) -> Snapshot | None:
    try:
        return snapshot(runtime)
    except ChimaeraError as error:
        raise LeakError(
            f"unknown: the runtime does not say what it holds: {error}"
        ) from error


@contextlib.contextmanager
def no_shared_memory() -> Iterator[None]:
    """Look whether segments of a runtime stay in this process after its end.

    Raises
    ------
    LeakError
        Arrays still lie in them, mostly.
    """
    before = shared_memory()
    yield
    gc.collect()
    more = sorted(shared_memory() - before)
    if more:
        raise LeakError(f"left behind: shared memory {', '.join(more)}")


def fake_module(name: str, **functions: Callable[..., Any]) -> Any:
    """Make a module of functions, for tests that need no runtime.

    Arguments and results are checked as those of the real module are, of which only
    the client library is needed.

    Parameters
    ----------
    name : str
        ``"namespace.module"``.
    **functions
        Methods by their names in Python. Each gets the arguments by name, defaults
        included, and returns what the method does: nothing, the result, or a tuple
        or mapping of several. What it raises is the call's error.

    Returns
    -------
    object
        Stands for what `Runtime.module` returns, and for its pools. Methods without a
        function raise `UnimplementedError`; ``calls`` lists what was called, as pairs
        of name and arguments.

    Raises
    ------
    NotFoundError
        There is no such module.
    BadRequestError
        It describes nothing, or has no method of such a name.
    """
    from chimaera.typed.fake import fake_of

    return fake_of(name, functions)


def wait_until(
    condition: Callable[[], bool], *, timeout_s: float = 10.0, pause_s: float = 0.002
) -> bool:
    """Wait for a condition instead of for a time.

    Parameters
    ----------
    condition : callable
        Asked again and again.
    timeout_s : float
        Seconds to ask at most.
    pause_s : float
        Seconds between two looks.

    Returns
    -------
    bool
        Whether it became true.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause_s)
    return True

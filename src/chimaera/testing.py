# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Public: users' tests need a runtime as much as ours do.
"""A runtime for the length of a test."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chimaera.opening import local
from chimaera.runtime import Runtime

__all__ = ["fake_module", "runtime", "wait_until"]


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

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# A process has one connection at a time: that is how the C++ library is made, and
# it keeps "which runtime does this array belong to?" from ever being a question.
"""Running a runtime in this process, or attaching to one."""

from __future__ import annotations

import atexit
import functools
import json
import os
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chimaera import log_bridge
from chimaera._extension import core
from chimaera.errors import BadRequestError, NoRuntimeError
from chimaera.module_packages import on_repo_path
from chimaera.running import others_text
from chimaera.runtime import Runtime
from chimaera.task import check_timeout

__all__ = ["attached", "connect", "local", "runtime_of"]

Config = str | os.PathLike[str] | Mapping[str, Any]


def local(config: Config | None = None) -> Runtime:
    """Run a runtime inside this process, in a private directory.

    Parameters
    ----------
    config : path or mapping, optional
        YAML file, or its contents as a mapping, which goes before the variables
        of the environment. By default the file that ``CHI_SERVER_CONF`` names, if
        any.

    Returns
    -------
    Runtime
        To be closed, best by ``with``.

    Raises
    ------
    AlreadyExistsError
        This process has a connection already.
    BadRequestError
        The configuration has mistakes; the message names file, line and key.

    Examples
    --------
    >>> with chimaera.local({"runtime": {"num_threads": 2}}) as rt:
    ...     rt.num_workers
    2
    """
    text, origin = None, ""
    if isinstance(config, Mapping):
        text, origin = json.dumps(config), "config"
    elif config is not None:
        origin = os.fspath(config)
        text = Path(origin).read_text(encoding="utf-8")
    log_bridge.use()  # unless the configuration names a file
    with on_repo_path():
        connection = core.Connection.local(
            text, origin, isinstance(config, Mapping), log_bridge.level_wanted()
        )
    return _opened(connection)


def connect(
    name: str | None = None,
    *,
    runtime_dir: str | os.PathLike[str] | None = None,
    timeout_s: float = 10.0,
) -> Runtime:
    """Attach to a runtime that runs in another process of this user.

    Parameters
    ----------
    name : str, optional
        As given to `chimaera.start`; the unnamed one by default.
    runtime_dir : path, optional
        Its directory instead. By default ``$CHI_RUNTIME_DIR``, else
        ``$XDG_RUNTIME_DIR/chimaera``, else ``/tmp/chimaera-<uid>``.
    timeout_s : float
        Seconds to wait at most.

    Returns
    -------
    Runtime
        To be closed, best by ``with``. Closing it leaves the runtime running.

    Raises
    ------
    NoRuntimeError
        Nobody answers there; the message says how to start one, and which run.
    AlreadyExistsError
        This process has a connection already.
    VersionMismatchError
        The runtime is of another build.
    """
    try:
        connection = core.Connection.attach(
            "" if runtime_dir is None else os.fspath(runtime_dir),
            name or "",
            check_timeout(timeout_s),
        )
    except NoRuntimeError as error:
        raise NoRuntimeError(f"{error}{others_text()}") from None
    return _opened(connection)


def attached(runtime_dir: str | None = None) -> Runtime:
    """Return this process's connection; connects if it has none.

    Such a connection lasts as long as what uses it.
    """
    runtime = None if _current is None else _current()
    if runtime is None or runtime.closed or runtime.connection.forked:
        runtime = connect(runtime_dir=runtime_dir)
    return runtime


def runtime_of(runtime_dir: str, incarnation: str, what: str) -> Runtime:
    """Return this process's connection to the runtime that `what` is of.

    Connects if the process has none: then it lasts as long as what uses it.

    Raises
    ------
    BadRequestError
        The process is attached to another runtime, or that one was restarted.
    """
    runtime = attached(runtime_dir)
    if runtime.connection.incarnation != incarnation:
        raise BadRequestError(
            f"{what}: it is of the runtime that was in {runtime_dir}, and this process "
            f"uses another one, in {runtime.runtime_dir}"
        )
    return runtime


# That of this process, as long as somebody uses it.
_current: weakref.ref[Runtime] | None = None


def _opened(connection: core.Connection) -> Runtime:
    global _current  # noqa: PLW0603 - a process has one
    _register_exit()
    runtime = Runtime(connection)
    _current = weakref.ref(runtime)
    return runtime


@functools.cache
def _register_exit() -> None:
    """At exit the runtime's threads end while everything they use still exists."""
    atexit.register(log_bridge.flush)  # what was registered last goes first
    atexit.register(core.close_current)

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Files are read, and settings compared, by the runtime: it has the modules, and
# only they know that 1GB and 1024MB are the same.
"""Compose files and running runtimes: what differs, and making it so."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml

from chimaera._extension import core
from chimaera.errors import (
    AlreadyExistsError,
    BadRequestError,
    ChimaeraError,
    NotFoundError,
)
from chimaera.pool import PoolId, PoolInfo
from chimaera.runtime import Runtime
from chimaera.task import DEFAULT_TIMEOUT_S, Future, deadline_ms

__all__ = ["Step", "apply", "down", "export", "plan"]

ComposeFile = str | os.PathLike[str] | Mapping[str, Any]

_ADMIN_POOL = PoolId(1, 0)


@dataclass(frozen=True, slots=True)
class Step:
    """What a compose file and a runtime say of one pool.

    Attributes
    ----------
    action : str
        ``+``: to be made; ``=``: it runs so; ``!``: it runs differently, or its id is
        another pool's; ``-``: destroyed.
    pool_id : PoolId
    module, name : str
    differs : tuple of str
        In what, for ``!``.
    """

    action: Literal["+", "=", "!", "-"]
    pool_id: PoolId
    module: str
    name: str
    differs: tuple[str, ...] = ()

    def __str__(self) -> str:
        why = f": {'; '.join(self.differs)}" if self.differs else ""
        return f"{self.action} {self.pool_id!s:10} {self.module:18} {self.name}{why}"


class _Entry(NamedTuple):
    module: str
    name: str
    pool_id: PoolId
    num_containers: int
    query: str
    config: str
    settings: str


def plan(
    runtime: Runtime, file: ComposeFile, *, timeout_s: float = DEFAULT_TIMEOUT_S
) -> list[Step]:
    """Compare a compose file with what runs; change nothing.

    Parameters
    ----------
    runtime : Runtime
    file : path or mapping
        Its `compose` list counts; other sections are for the start of a runtime.
    timeout_s : float
        Seconds to wait for each answer.

    Returns
    -------
    list of Step
        One for each pool of the file, in its order.

    Raises
    ------
    BadRequestError
        The file has mistakes: a line for each, with file, line and key.
    """
    return _compare(runtime, _entries(runtime, file, timeout_s), timeout_s)


def apply(
    runtime: Runtime, file: ComposeFile, *, timeout_s: float = DEFAULT_TIMEOUT_S
) -> list[Step]:
    """Make the pools of a compose file that do not run yet, all or none.

    Applying a file a second time changes nothing.

    Parameters
    ----------
    runtime, file
        As for `plan`.
    timeout_s : float
        Seconds to wait for each pool.

    Returns
    -------
    list of Step
        The plan that was carried out.

    Raises
    ------
    BadRequestError
        As for `plan`.
    AlreadyExistsError
        A pool runs differently; see `plan`, and `down`.
    ChimaeraError
        A pool could not be made; those made before it were destroyed again.
    """
    entries = _entries(runtime, file, timeout_s)
    steps = _compare(runtime, entries, timeout_s)
    _check_none_differs(steps)
    made: list[_Entry] = []
    try:
        others = False
        for entry, step in zip(entries, steps, strict=True):
            if step.action == "+":
                if _create(runtime, entry, timeout_s):
                    made.append(entry)
                else:
                    others = True
        if others:  # somebody made a pool of this name meanwhile
            _check_none_differs(_compare(runtime, entries, timeout_s))
    except BaseException as error:
        left = _destroy_all(runtime, made, timeout_s)
        if isinstance(error, ChimaeraError):
            raise type(error)(f"{error}; {_undone(made, left)}") from error
        raise
    return steps


def export(runtime: Runtime, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> str:
    """Write the compose file of what runs, in the order it was made.

    Parameters
    ----------
    runtime : Runtime
    timeout_s : float
        Seconds to wait for each answer.

    Returns
    -------
    str
        YAML. A pool whose settings are not known, since a program made it with
        parameters that its module cannot write, has a comment that says so.
    """
    rows = []
    for pool in runtime.pools(timeout_s=timeout_s):
        if pool.id == _ADMIN_POOL or pool.state != "live":
            continue
        try:
            config, _, serial, containers = _describe(runtime, pool.id, timeout_s)
        except NotFoundError:
            continue  # just gone
        rows.append((serial, (pool.module, pool.name, pool.id, containers, config)))
    return core.write_compose([row for _, row in sorted(rows)])


def down(
    runtime: Runtime, file: ComposeFile, *, timeout_s: float = DEFAULT_TIMEOUT_S
) -> list[Step]:
    """Destroy the pools of a compose file that run, the last one first.

    Parameters
    ----------
    runtime, file, timeout_s
        As for `apply`.

    Returns
    -------
    list of Step
        One for each pool that was destroyed.

    Raises
    ------
    BadRequestError
        A name is that of another pool than the file's; nothing was destroyed.
    ChimaeraError
        A pool would not go; those before it are gone.
    """
    entries = _entries(runtime, file, timeout_s)
    pools = {pool.name: pool for pool in runtime.pools(timeout_s=timeout_s)}
    there = [entry for entry in entries if entry.name in pools]
    for entry in there:
        pool = pools[entry.name]
        if (pool.module, pool.id) != (entry.module, entry.pool_id):
            raise BadRequestError(
                f"pool {entry.name!r} is {pool.id} of {pool.module}, and the file's is "
                f"{entry.pool_id} of {entry.module}; nothing was destroyed"
            )
    steps = []
    for entry in reversed(there):
        _destroy(runtime, entry, timeout_s)
        steps.append(Step("-", entry.pool_id, entry.module, entry.name))
    return steps


# ---- reading ------------------------------------------------------------------


def _entries(runtime: Runtime, file: ComposeFile, timeout_s: float) -> list[_Entry]:
    if isinstance(file, Mapping):
        text, origin = json.dumps(file).encode(), "compose"
    else:
        origin = os.fspath(file)
        text = Path(file).read_bytes()
    call = core.check_compose(runtime.connection, text, origin, deadline_ms(timeout_s))
    answer: Future[tuple[str, list[str]]] = Future(call, f"checking {origin}")
    errors, settings = answer.result_or_cancel(timeout_s)
    if errors:
        raise BadRequestError(errors.rstrip())
    _, _, rows = core.read_config(text, origin, environment=False, arguments=[])
    if not rows and "compose" not in (yaml.safe_load(text) or {}):
        raise BadRequestError(f"{origin}:1: compose: is missing")
    return [
        _Entry(module, name, PoolId(*pool_id), number, query, config, meaning)
        for (module, name, pool_id, number, query, config), meaning in zip(
            rows, settings, strict=True
        )
    ]


def _describe(
    runtime: Runtime, pool_id: PoolId, timeout_s: float
) -> tuple[str, str, int, int]:
    call = core.describe_pool(runtime.connection, pool_id, deadline_ms(timeout_s))
    answer: Future[tuple[str, str, int, int]] = Future(call, f"pool {pool_id}")
    return answer.result_or_cancel(timeout_s)


def _compare(runtime: Runtime, entries: list[_Entry], timeout_s: float) -> list[Step]:
    pools = runtime.pools(timeout_s=timeout_s)
    names = {pool.name: pool for pool in pools}
    ids = {pool.id: pool for pool in pools}
    steps = []
    for entry in entries:
        pool = names.get(entry.name)
        holder = ids.get(entry.pool_id)
        differs: tuple[str, ...] = ()
        if pool is not None:
            differs = tuple(_differences(runtime, entry, pool, timeout_s))
        elif holder is not None:
            differs = (f"pool id {entry.pool_id} is that of {holder.name!r}",)
        action: Literal["+", "=", "!"] = "!" if differs else "+"
        if pool is not None and not differs:
            action = "="
        steps.append(Step(action, entry.pool_id, entry.module, entry.name, differs))
    return steps


def _differences(
    runtime: Runtime, entry: _Entry, pool: PoolInfo, timeout_s: float
) -> Iterator[str]:
    """Tell in words how a pool is not what the file says."""
    if pool.state != "live":
        yield f"it is {pool.state}"
        return
    if pool.module != entry.module:
        yield f"mod_name is {pool.module}, not {entry.module}"
        return
    if pool.id != entry.pool_id:
        yield f"pool_id is {pool.id}, not {entry.pool_id}"
    config, settings, _, containers = _describe(runtime, pool.id, timeout_s)
    if containers != entry.num_containers:
        yield f"num_containers is {containers}, not {entry.num_containers}"
    wanted = _settings(entry.settings)
    if not config:
        if wanted:
            yield "its settings are not known: a program made it"
        return
    runs = _settings(settings)
    for key in sorted(wanted.keys() | runs.keys()):
        if wanted.get(key) != runs.get(key):
            here = runs.get(key, "the default")
            yield f"{key} is {here}, not {wanted.get(key, 'the default')}"


def _settings(text: str) -> dict[str, Any]:
    # All scalars as their text: 1.10 is not 1.1.
    return yaml.load(text, yaml.BaseLoader) or {}  # noqa: S506 - makes texts only


# ---- changing -----------------------------------------------------------------


def _check_none_differs(steps: list[Step]) -> None:
    wrong = [str(step) for step in steps if step.action == "!"]
    if wrong:
        raise AlreadyExistsError(
            "what runs is not what the file says; `chimaera compose down` destroys "
            "pools. No pool was made:\n" + "\n".join(wrong)
        )


def _create(runtime: Runtime, entry: _Entry, timeout_s: float) -> bool:
    call = core.create_pool(
        runtime.connection,
        entry.module,
        entry.name,
        entry.pool_id,
        entry.num_containers,
        entry.config,
        deadline_ms(timeout_s),
        entry.query,
    )
    answer: Future[tuple[Any, bool]] = Future(call, f"creating pool {entry.name!r}")
    return answer.result_or_cancel(timeout_s)[1]


def _destroy(runtime: Runtime, entry: _Entry, timeout_s: float) -> None:
    call = core.destroy_pool(runtime.connection, entry.pool_id, deadline_ms(timeout_s))
    Future[Any](call, f"destroying pool {entry.name!r}").result_or_cancel(timeout_s)


def _destroy_all(runtime: Runtime, made: list[_Entry], timeout_s: float) -> list[str]:
    """Destroy in reverse; return what would not go and why."""
    left = []
    for entry in reversed(made):
        try:
            _destroy(runtime, entry, timeout_s)
        except ChimaeraError as error:
            left.append(f"{entry.name!r} ({error})")
    return left


def _undone(made: list[_Entry], left: list[str]) -> str:
    if left:
        return f"could not destroy again: {', '.join(left)}"
    names = ", ".join(repr(entry.name) for entry in made)
    return f"destroyed again: {names}" if made else "no pool was made"

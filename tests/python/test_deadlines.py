# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
"""Every public call has a bound that its caller chooses, and it is kept."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

import chimaera
from chimaera import BlockDevice, Echo, Future, Pool, Runtime, Stats
from chimaera.errors import BadRequestError, DeadlineExceededError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

HANG_S = 60.0


def public_calls() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield what a program calls on a runtime and on pools."""
    for kind in (Runtime, Pool, Echo, BlockDevice, Stats):
        for name, function in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_"):
                yield f"{kind.__name__}.{name}", function


@pytest.mark.parametrize(
    ("name", "function"),
    [
        pytest.param(name, function, id=name)
        for name, function in public_calls()
        if name.endswith("_async")
    ],
)
def test_what_submits_takes_a_deadline(name: str, function: Callable[..., Any]) -> None:
    assert "timeout_s" in inspect.signature(function).parameters, name


def test_what_waits_takes_a_bound() -> None:
    calls = dict(public_calls())
    waiting = [name for name in calls if f"{name}_async" in calls]
    assert len(waiting) > 20
    for name in waiting:
        assert "timeout_s" in inspect.signature(calls[name]).parameters, name


def test_admin_tasks_end_at_their_deadline() -> None:
    with chimaera.local() as rt:
        pool = rt.echo("sleepers")
        sleeper = pool.sleep_async(HANG_S, timeout_s=HANG_S)
        # Waits for what sleeps, and would do so for ten seconds and for five.
        with pytest.raises(DeadlineExceededError, match="deadline"):
            rt.flush_async(wait_s=HANG_S, timeout_s=0.05).result(HANG_S)
        with pytest.raises(DeadlineExceededError, match="deadline"):
            pool.destroy_async(timeout_s=0.05).result(HANG_S)
        # It takes no more tasks, but may be destroyed again.
        assert sleeper.cancel()
        rt.flush(wait_s=HANG_S, timeout_s=HANG_S)
        # On a slow machine the first attempt may have got through after all.
        with contextlib.suppress(NotFoundError):
            pool.destroy(timeout_s=HANG_S)
        assert [info.name for info in rt.pools()] == ["admin"]


def test_admin_tasks_that_are_quick_enough_give_their_results() -> None:
    with chimaera.local() as rt:
        made = rt.create_pool_async(
            "chimaera_echo", "e", pool_id=chimaera.PoolId(700), timeout_s=HANG_S
        ).result(HANG_S)
        futures: list[Future[Any]] = [
            rt.pools_async(timeout_s=HANG_S),
            rt.status_async(timeout_s=HANG_S),
            rt.dump_async(timeout_s=HANG_S),
            rt.flush_async(timeout_s=HANG_S),
            made.destroy_async(timeout_s=HANG_S),
        ]
        for future in futures:
            future.result(HANG_S)
        with pytest.raises(BadRequestError, match="needs some time"):
            rt.pools_async(timeout_s=0)


def test_a_module_is_unloaded_when_its_last_pool_is_gone() -> None:
    with chimaera.local() as rt:
        pool = rt.echo("one")
        with pytest.raises(BadRequestError, match="'one' of it is live"):
            rt.unload_module("chimaera_echo")
        pool.destroy()
        assert isinstance(rt.unload_module("chimaera_echo"), bool)
        with pytest.raises(NotFoundError, match="is not loaded"):
            rt.unload_module_async("chimaera_echo", timeout_s=HANG_S).result(HANG_S)
        rt.echo("two").null()
        with pytest.raises(BadRequestError, match="'admin'"):
            rt.unload_module("chimaera_admin")

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Module echo stands for any module.
"""Operations as calls, as futures and awaited."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

import chimaera
from chimaera import errors, testing


def test_a_call_returns_the_result(rt: chimaera.Runtime) -> None:
    assert rt.echo().echo("hello") == "hello"


@pytest.mark.parametrize("size", [0, 1, 39, 40, 41, 4096, 1 << 20])
def test_texts_of_every_size_come_back(rt: chimaera.Runtime, size: int) -> None:
    text = "äb" * (size // 3) + "c" * (size % 3)
    assert rt.echo().echo(text) == text


def test_a_future_has_the_result_many_times(rt: chimaera.Runtime) -> None:
    future = rt.echo().echo_async("x")
    assert future.result() == "x"
    assert future.result() == "x"
    assert future.done()
    assert future.exception() is None


def test_a_future_is_pending_until_it_is_done(rt: chimaera.Runtime) -> None:
    future = rt.echo().sleep_async(3600)
    assert "pending" in repr(future)
    future.cancel()
    done = rt.echo().sleep_async(0.01)
    assert testing.wait_until(done.done)
    assert "done" in repr(done)


def test_a_deadline_raises_and_the_call_goes_on(rt: chimaera.Runtime) -> None:
    future = rt.echo().sleep_async(3600)
    with pytest.raises(errors.DeadlineExceededError, match="echo sleep"):
        future.result(timeout_s=0.001)
    assert not future.done()
    assert future.cancel()


def test_a_waiting_call_is_cancelled(rt: chimaera.Runtime) -> None:
    future = rt.echo().sleep_async(3600)
    assert future.cancel()
    with pytest.raises(errors.CancelledError, match="cancelled by its client"):
        future.result()
    assert not future.cancel()


def test_a_call_without_room_for_its_task_is_refused() -> None:
    memory = {
        "main_segment": "1MB",
        "client_data_segment": "1MB",
        "max_client_bytes": "2MB",
    }
    with testing.runtime({"memory": memory}) as rt:
        echo = rt.echo()
        kept = [echo.null_async() for _ in range(1 << 16)]
        with pytest.raises(errors.NoMemoryError):
            echo.null()
        kept.clear()
        echo.null()


def test_a_call_that_is_done_stays_as_it_is(rt: chimaera.Runtime) -> None:
    future = rt.echo().echo_async("x")
    assert future.result() == "x"
    assert not future.cancel()
    assert future.result() == "x"


def test_cancelling_from_another_thread_wakes_who_waits(rt: chimaera.Runtime) -> None:
    future = rt.echo().sleep_async(3600)
    other = threading.Thread(target=future.cancel)
    other.start()
    assert isinstance(future.exception(), errors.CancelledError)
    other.join()


def test_asyncio_cancels_the_call_with_the_task(rt: chimaera.Runtime) -> None:
    future = rt.echo().sleep_async(3600)

    async def give_up() -> None:
        await asyncio.wait_for(future.result_async(), timeout=0.01)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(give_up())
    assert isinstance(future.exception(), errors.CancelledError)


@pytest.mark.parametrize("timeout_s", [-1.0, float("inf"), float("nan")])
def test_every_wait_has_a_bound(rt: chimaera.Runtime, timeout_s: float) -> None:
    with pytest.raises(errors.BadRequestError, match="timeout_s"):
        rt.echo().null(timeout_s=timeout_s)


def test_thousands_of_futures_at_once(rt: chimaera.Runtime) -> None:
    echo = rt.echo()
    futures = [echo.echo_async(str(i)) for i in range(3000)]
    assert [future.result() for future in futures] == [str(i) for i in range(3000)]


def test_an_error_is_raised_by_the_result(rt: chimaera.Runtime) -> None:
    future = rt.echo().call_async(999)
    error = future.exception()
    assert isinstance(error, errors.UnimplementedError)
    assert "failed" in repr(future)
    with pytest.raises(errors.UnimplementedError):
        future.result()


def test_futures_can_be_awaited_together(rt: chimaera.Runtime) -> None:
    async def ask() -> list[str]:
        echo = rt.echo()
        sleeping = echo.sleep_async(0.05)
        answers = await asyncio.gather(*(echo.echo_async(str(i)) for i in range(9)))
        await sleeping
        return answers

    assert asyncio.run(ask()) == [str(i) for i in range(9)]


def test_awaiting_keeps_the_loop_alive_and_has_a_deadline(rt: chimaera.Runtime) -> None:
    async def ask() -> None:
        waiting = asyncio.ensure_future(
            rt.echo().sleep_async(3600).result_async(timeout_s=3600)
        )
        for _ in range(100):
            await asyncio.wait({waiting}, timeout=0)
        assert not waiting.done()
        waiting.cancel()
        with pytest.raises(errors.DeadlineExceededError):
            await rt.echo().sleep_async(3600).result_async(timeout_s=0.05)

    asyncio.run(ask())


def test_an_awaited_error_is_raised(rt: chimaera.Runtime) -> None:
    async def ask() -> None:
        await rt.echo().call_async(999)

    with pytest.raises(errors.UnimplementedError):
        asyncio.run(ask())


def test_other_threads_run_while_one_waits(rt: chimaera.Runtime) -> None:
    future = rt.echo().sleep_async(3600)
    waiter = threading.Thread(target=future.exception, args=(3600,))
    waiter.start()
    for _ in range(1000):
        time.monotonic()
        assert not future.done()
    future.cancel()
    waiter.join()


def test_threads_share_one_connection(rt: chimaera.Runtime) -> None:
    echo = rt.echo()
    wrong: list[str] = []

    def work(number: int) -> None:
        texts = [f"{number}.{i}" for i in range(200)]
        wrong.extend(text for text in texts if echo.echo(text) != text)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_subtasks_run_in_the_runtime(rt: chimaera.Runtime) -> None:
    assert rt.echo().spawn(50) == 50


def test_pools_are_listed_found_and_destroyed(rt: chimaera.Runtime) -> None:
    echo = rt.echo("mine")
    assert rt.pool("mine").id == echo.id
    assert isinstance(rt.pool(echo.id), chimaera.Echo)
    assert [pool.name for pool in rt.pools()] == ["admin", "mine"]
    assert rt.echo("mine").id == echo.id
    # Inside this process nobody counts.
    assert rt.pools()[1].heap_bytes is None
    assert echo.destroy() is None
    assert [pool.name for pool in rt.pools()] == ["admin"]


def test_queries_find_their_container(rt: chimaera.Runtime) -> None:
    echo = rt.echo("wide", num_containers=3)
    query = chimaera.PoolQuery
    assert [echo.container(query=query.direct_id(i)) for i in range(3)] == [0, 1, 2]
    assert echo.container(query=query.direct_hash(7)) == 7 % 3
    assert echo.container(query=query.range(1, 1)) == 1
    assert echo.container(query=query.physical(0)) in range(3)


def test_the_status_counts_tasks(rt: chimaera.Runtime) -> None:
    before = rt.status().tasks
    for _ in range(10):
        rt.echo().null()
    assert rt.status().tasks >= before + 10
    rt.flush()
    assert "in this process" in repr(rt)

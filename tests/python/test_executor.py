# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Whether something runs in the runtime or in a thread is seen from the threads there
# are: more sleeps at once than threads can only be tasks.
"""Executor: alone, with asyncio and with joblib."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import threading
from collections.abc import Iterator

import joblib
import pytest

import chimaera
from chimaera import errors, testing


@pytest.fixture
def executor(rt: chimaera.Runtime) -> Iterator[chimaera.Executor]:
    with chimaera.Executor(rt, max_workers=2) as executor:
        yield executor


def threads() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("chimaera-executor")]


def sleeps(rt: chimaera.Runtime) -> int:
    """Count the tasks that sleep in the runtime."""
    return sum(task.method == "Sleep" for task in rt.dump().tasks)


def test_pool_methods_take_no_thread(executor: chimaera.Executor) -> None:
    echo = executor.runtime.echo()
    futures = [executor.submit(echo.sleep, 0.05) for _ in range(100)]
    futures.append(executor.submit(functools.partial(echo.sleep), 0.05))
    futures.append(executor.submit(echo.sleep_async, 0.05))
    assert threads() == []
    done, not_done = concurrent.futures.wait(futures, timeout=300)
    assert len(done) == 102
    assert not not_done
    assert {future.result() for future in done} == {None}
    assert threads() == []


def test_other_callables_run_in_threads(executor: chimaera.Executor) -> None:
    name = executor.submit(lambda: threading.current_thread().name).result()
    assert name.startswith("chimaera-executor")
    assert executor.submit(executor.runtime.echo().spawn, 3).result() == 3


def test_map_keeps_order(executor: chimaera.Executor) -> None:
    texts = [str(i) for i in range(500)]
    assert list(executor.map(executor.runtime.echo().echo, texts)) == texts
    assert list(executor.map(len, texts)) == list(map(len, texts))


def test_results_of_devices_are_those_of_the_call(executor: chimaera.Executor) -> None:
    device = executor.runtime.bdev(size_bytes=1 << 20)
    block = executor.submit(device.allocate, 8).result()
    assert executor.submit(device.write, block, b"executor").result() == 8
    assert executor.submit(device.read, block).result().tobytes() == b"executor"


def test_an_overridden_method_is_what_is_called(rt: chimaera.Runtime) -> None:
    class Louder(chimaera.Echo):
        def echo(self, text: str, **settings: object) -> str:  # type: ignore[override]
            return super().echo(text.upper(), **settings)  # type: ignore[arg-type]

    echo = rt.echo()
    with chimaera.Executor(rt) as executor:
        loud = Louder(rt, echo.id, echo.name)
        assert executor.submit(loud.echo, "x").result() == "X"


def test_errors_are_the_futures(executor: chimaera.Executor) -> None:
    echo = executor.runtime.echo()
    failed = executor.submit(echo.call, 999)
    assert isinstance(failed.exception(), errors.UnimplementedError)
    wrong = executor.submit(echo.sleep, "long")  # type: ignore[arg-type]
    assert isinstance(wrong.exception(), (TypeError, ValueError))
    assert isinstance(executor.submit(int, "x").exception(), ValueError)


def test_cancelling_ends_the_task(executor: chimaera.Executor) -> None:
    rt = executor.runtime
    future = executor.submit(rt.echo().sleep, 3600)
    assert future.cancel()
    assert future.cancelled()
    with pytest.raises(concurrent.futures.CancelledError):
        future.result()
    assert testing.wait_until(lambda: not sleeps(rt))


def test_a_timeout_is_the_deadline_of_the_task(executor: chimaera.Executor) -> None:
    future = executor.submit(executor.runtime.echo().sleep, 3600, timeout_s=0.02)
    assert isinstance(future.exception(30), errors.DeadlineExceededError)
    assert threads() == []


def test_shutdown_waits_or_cancels(rt: chimaera.Runtime) -> None:
    executor = chimaera.Executor(rt)
    short = executor.submit(rt.echo().sleep, 0.05)
    executor.shutdown()
    assert short.done()
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(rt.echo().null)

    executor = chimaera.Executor(rt)
    long = executor.submit(rt.echo().sleep, 3600)
    executor.shutdown(cancel_futures=True)
    assert long.cancelled()


def test_closing_the_runtime_ends_its_futures(rt: chimaera.Runtime) -> None:
    executor = chimaera.Executor(rt)
    future = executor.submit(rt.echo().sleep, 3600)
    rt.close()
    assert isinstance(future.exception(30), errors.CancelledError)
    refused = executor.submit(chimaera.Echo(rt, chimaera.PoolId(9), "gone").null)
    assert isinstance(refused.exception(), errors.NoRuntimeError)
    executor.shutdown()


# ---- asyncio ----


def test_asyncio_runs_in_it(executor: chimaera.Executor) -> None:
    echo = executor.runtime.echo()

    async def ask() -> list[object]:
        loop = asyncio.get_running_loop()
        return await asyncio.gather(
            *(loop.run_in_executor(executor, echo.echo, str(i)) for i in range(50)),
            loop.run_in_executor(executor, len, "four"),
        )

    assert asyncio.run(ask()) == [*map(str, range(50)), 4]


def test_cancelling_in_asyncio_cancels_the_task(executor: chimaera.Executor) -> None:
    rt = executor.runtime

    async def give_up() -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(0.02):
            await loop.run_in_executor(executor, rt.echo().sleep, 3600)

    with pytest.raises(TimeoutError):
        asyncio.run(give_up())
    assert testing.wait_until(lambda: not sleeps(rt))


# ---- joblib ----


@pytest.mark.parametrize("batch_size", ["auto", 3])
def test_joblib_runs_in_it(executor: chimaera.Executor, batch_size: int | str) -> None:
    echo = executor.runtime.echo()
    with joblib.parallel_config(executor.joblib_backend()):
        parallel = joblib.Parallel(batch_size=batch_size)
        answers = parallel(joblib.delayed(echo.echo)(str(i)) for i in range(50))
        assert threads() == []
        lengths = parallel(joblib.delayed(len)("x" * i) for i in range(50))
        mixed = parallel([joblib.delayed(len)("x"), joblib.delayed(echo.echo)("y")])
    assert answers == [str(i) for i in range(50)]
    assert lengths == list(range(50))
    assert mixed == [1, "y"]


def test_joblib_has_as_many_jobs_as_asked_for(executor: chimaera.Executor) -> None:
    echo = executor.runtime.echo()
    backend = executor.joblib_backend()
    assert backend.effective_n_jobs(-1) == 2
    assert backend.effective_n_jobs(-9) == 1
    with joblib.parallel_config(backend, n_jobs=64):
        joblib.Parallel()(joblib.delayed(echo.sleep)(0.01) for _ in range(640))
    assert threads() == []


def test_joblib_raises_and_cancels_the_rest(executor: chimaera.Executor) -> None:
    rt = executor.runtime
    echo = rt.echo()
    jobs = [joblib.delayed(echo.sleep)(3600), joblib.delayed(echo.call)(999)]
    with (
        joblib.parallel_config(executor.joblib_backend()),
        pytest.raises(errors.UnimplementedError),
    ):
        joblib.Parallel()(jobs)
    assert testing.wait_until(lambda: not sleeps(rt))


def test_joblib_generates_results(executor: chimaera.Executor) -> None:
    echo = executor.runtime.echo()
    with joblib.parallel_config(executor.joblib_backend()):
        parallel = joblib.Parallel(return_as="generator")
        found = parallel(joblib.delayed(echo.echo)(str(i)) for i in range(20))
        assert list(found) == [str(i) for i in range(20)]

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Order in time is made by tasks that nobody ends but the test: an hour's sleep, and
# cancel.
"""Several futures at once, and callbacks."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
from pathlib import Path
from typing import Any

import pytest

import chimaera
from chimaera import errors, testing
from python import programs

# More than the kernel waits on at once.
MANY = 300


def sleeps(rt: chimaera.Runtime) -> int:
    """Count the tasks that sleep in the runtime."""
    return sum(task.method == "Sleep" for task in rt.dump().tasks)


def test_as_completed_yields_in_order_of_completion(rt: chimaera.Runtime) -> None:
    slow, fast = rt.echo().sleep_async(3600), rt.echo().echo_async("fast")
    each = chimaera.as_completed([slow, fast])
    assert next(each) is fast
    slow.cancel()
    assert list(each) == [slow]


def test_as_completed_yields_each_future_once(rt: chimaera.Runtime) -> None:
    futures = [rt.echo().echo_async(str(i)) for i in range(MANY)]
    seen = list(chimaera.as_completed(futures + futures))
    assert len(seen) == MANY
    assert {future.result() for future in seen} == {str(i) for i in range(MANY)}


def test_as_completed_of_nothing_is_nothing() -> None:
    assert list(chimaera.as_completed([])) == []


def test_as_completed_raises_when_time_is_over(rt: chimaera.Runtime) -> None:
    future = rt.echo().sleep_async(3600)
    with pytest.raises(TimeoutError, match="1 of 1 futures"):
        list(chimaera.as_completed([future], timeout=0.01))
    assert not future.done()
    future.cancel()


def test_one_future_behind_many_pending_ones_is_seen(rt: chimaera.Runtime) -> None:
    futures = [rt.echo().sleep_async(3600) for _ in range(MANY)]
    done, not_done = chimaera.wait(
        [*futures, rt.echo().echo_async("last")], return_when="FIRST_COMPLETED"
    )
    assert [future.result() for future in done] == ["last"]
    assert not_done == set(futures)
    for future in futures:
        future.cancel()
    assert chimaera.wait(futures).not_done == set()


def test_wait_returns_when_told_to(rt: chimaera.Runtime) -> None:
    echo = rt.echo()
    pending = echo.sleep_async(3600)
    good, bad = echo.echo_async("x"), echo.call_async(999)
    first = chimaera.wait([pending, good], return_when="FIRST_COMPLETED")
    assert first == ({good}, {pending})
    failed = chimaera.wait([pending, good, bad], return_when="FIRST_EXCEPTION")
    assert bad in failed.done
    assert failed.not_done >= {pending}
    assert chimaera.wait([pending, good, bad], timeout=0.01).not_done == {pending}
    pending.cancel()
    assert chimaera.wait([pending, good, bad]).done == {pending, good, bad}


def test_wait_refuses_another_condition() -> None:
    with pytest.raises(errors.BadRequestError, match="return_when"):
        chimaera.wait([], return_when="SOON")  # type: ignore[arg-type]


def test_gather_returns_results_in_order(rt: chimaera.Runtime) -> None:
    futures = [rt.echo().echo_async(str(i)) for i in range(MANY)]
    assert chimaera.gather(*futures) == [str(i) for i in range(MANY)]


def test_gather_raises_the_first_error_or_returns_it(rt: chimaera.Runtime) -> None:
    echo = rt.echo()
    pending, bad = echo.sleep_async(3600), echo.call_async(999)
    with pytest.raises(errors.UnimplementedError):
        chimaera.gather(pending, bad)
    assert not pending.done()
    pending.cancel()
    kinds = [
        type(each) for each in chimaera.gather(pending, bad, return_exceptions=True)
    ]
    assert kinds == [errors.CancelledError, errors.UnimplementedError]


def test_closing_the_connection_ends_a_wait(rt: chimaera.Runtime) -> None:
    future = rt.echo().sleep_async(3600)
    closing = threading.Thread(target=rt.close)
    closing.start()
    assert chimaera.wait([future]).done == {future}
    assert future.cancelled()
    closing.join()


# ---- callbacks ----


def test_a_callback_runs_at_once_when_there_is_an_outcome(rt: chimaera.Runtime) -> None:
    future = rt.echo().echo_async("x")
    future.result()
    seen: list[Any] = []
    future.add_done_callback(lambda done: seen.append((done, threading.get_ident())))
    assert seen == [(future, threading.get_ident())]


def test_callbacks_run_once_in_order_in_another_thread(rt: chimaera.Runtime) -> None:
    future = rt.echo().sleep_async(3600)
    seen: list[tuple[int, int]] = []
    ended = threading.Event()
    for number in range(MANY):
        future.add_done_callback(
            lambda _, number=number: seen.append((number, threading.get_ident()))
        )
    future.add_done_callback(lambda _: ended.set())
    future.cancel()
    assert ended.wait(200)
    assert [number for number, _ in seen] == list(range(MANY))
    assert {thread for _, thread in seen} != {threading.get_ident()}
    assert len({thread for _, thread in seen}) == 1


@pytest.mark.parametrize("raised", [ValueError("on purpose"), SystemExit(3)])
def test_what_a_callback_raises_is_logged(
    rt: chimaera.Runtime, caplog: pytest.LogCaptureFixture, raised: BaseException
) -> None:
    def fail(_: object) -> None:
        raise raised

    future = rt.echo().sleep_async(3600)
    ended = threading.Event()
    future.add_done_callback(fail)
    future.add_done_callback(lambda _: ended.set())
    with caplog.at_level(logging.ERROR, "chimaera"):
        future.cancel()
        assert ended.wait(200)
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [
        raised
    ]


def test_a_callback_may_submit_and_add_callbacks(rt: chimaera.Runtime) -> None:
    echo, ended = rt.echo(), threading.Event()
    left = 100

    def again(_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            ended.set()
        else:
            echo.sleep_async(1e-5).add_done_callback(again)

    echo.null_async().add_done_callback(again)
    assert ended.wait(200)


def test_callbacks_from_many_threads_all_run(rt: chimaera.Runtime) -> None:
    echo, ended = rt.echo(), threading.Semaphore(0)

    def work() -> None:
        for _ in range(MANY):
            echo.null_async().add_done_callback(lambda _: ended.release())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for _ in range(4 * MANY):
        assert ended.acquire(timeout=300)


def test_callbacks_of_a_closed_connection_run(rt: chimaera.Runtime) -> None:
    future, ended = rt.echo().sleep_async(3600), threading.Event()
    future.add_done_callback(lambda _: ended.set())
    rt.close()
    assert ended.wait(200)
    assert future.cancelled()


def test_the_thread_ends_when_there_is_nothing_to_do(
    rt: chimaera.Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chimaera import watcher

    monkeypatch.setattr(watcher, "_LINGER_S", 0.01)
    for _ in range(3):
        future, ended = rt.echo().sleep_async(0.01), threading.Event()
        future.add_done_callback(lambda _, ended=ended: ended.set())
        assert ended.wait(200)
        assert testing.wait_until(
            lambda: "chimaera-watcher" not in [t.name for t in threading.enumerate()],
            timeout_s=30,
        )


# ---- asyncio ----


def test_thousands_are_awaited_together(rt: chimaera.Runtime) -> None:
    async def ask() -> int:
        echo = rt.echo()
        sleeps = [echo.sleep_async(0.01) for _ in range(1000)]
        await asyncio.gather(*sleeps)
        return sum(sleep.done() for sleep in sleeps)

    assert asyncio.run(ask()) == 1000


def test_a_future_is_awaited_by_two_loops_and_a_thread(rt: chimaera.Runtime) -> None:
    future = rt.echo().sleep_async(0.1)

    async def ask() -> None:
        await future

    with concurrent.futures.ThreadPoolExecutor(3) as threads:
        jobs = [threads.submit(asyncio.run, ask()) for _ in range(2)]
        jobs.append(threads.submit(future.result))
        for job in jobs:
            job.result(200)


def test_a_cancelled_group_cancels_its_tasks(rt: chimaera.Runtime) -> None:
    futures = [rt.echo().sleep_async(3600) for _ in range(10)]

    async def give_up() -> None:
        async with asyncio.timeout(0.05):
            await asyncio.gather(*futures)

    with pytest.raises(TimeoutError):
        asyncio.run(give_up())
    chimaera.wait(futures)
    assert all(future.cancelled() for future in futures)


# ---- deadlines ----


def test_a_waiting_call_that_is_late_is_cancelled(rt: chimaera.Runtime) -> None:
    waits = rt.echo().sleep
    with pytest.raises(errors.DeadlineExceededError, match="echo sleep"):
        waits(3600, timeout_s=0.01)
    assert testing.wait_until(lambda: not sleeps(rt))


def test_a_task_ends_at_its_own_deadline(rt: chimaera.Runtime) -> None:
    echo, device = rt.echo(), rt.bdev(size_bytes=1 << 20)
    short, long = echo.sleep_async(3600, timeout_s=0.02), echo.sleep_async(3600)
    assert testing.wait_until(lambda: sleeps(rt) == 1)
    assert isinstance(short.exception(), errors.DeadlineExceededError)
    assert not long.done()
    long.cancel()
    # A deadline that is far away changes nothing.
    block = device.allocate_async(8, timeout_s=3600).result()
    assert device.write_async(block, b"in time.", timeout_s=3600).result() == 8
    assert device.read_async(block, timeout_s=3600).result().tobytes() == b"in time."


def test_a_deadline_of_no_time_is_refused(rt: chimaera.Runtime) -> None:
    with pytest.raises(errors.BadRequestError, match="timeout_s"):
        rt.echo().null_async(timeout_s=0)


def test_tasks_without_anybody_waiting_have_a_deadline(rt: chimaera.Runtime) -> None:
    assert rt.task_timeout_s is None
    rt.task_timeout_s = 0.02
    assert rt.task_timeout_s == 0.02
    future = rt.echo().sleep_async(3600)
    assert chimaera.wait([future]).done
    assert isinstance(future.exception(), errors.DeadlineExceededError)
    rt.task_timeout_s = None
    assert rt.echo().echo("x") == "x"


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), 1e9])
def test_a_deadline_is_a_positive_time(rt: chimaera.Runtime, wrong: float) -> None:
    with pytest.raises(errors.BadRequestError, match="timeout_s"):
        rt.task_timeout_s = wrong


# ---- ends of processes ----

AT_EXIT = """
    import sys, threading
    import chimaera
    rt = chimaera.connect(runtime_dir=sys.argv[1]) if sys.argv[1] else chimaera.local()
    pending = rt.echo().sleep_async(3600)
    pending.add_done_callback(lambda future: print(repr(future.exception())))
    def wait_for_a_callback():
        told = threading.Event()
        rt.echo().sleep_async(0.2).add_done_callback(lambda _: told.set())
        assert told.wait(200)
        print("told")
    threading.Thread(target=wait_for_a_callback).start()
"""


@pytest.mark.parametrize("embedded", [False, True], ids=["client", "embedded"])
def test_pending_callbacks_run_at_exit(daemon: Path, *, embedded: bool) -> None:
    done = programs.python(AT_EXIT, "" if embedded else daemon)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    first, second = done.stdout.splitlines()
    assert first == "told"
    assert second.startswith("CancelledError")


def test_a_forked_child_has_callbacks_of_its_own(daemon: Path) -> None:
    done = programs.python(
        """
        import os, sys, threading
        import chimaera
        rt = chimaera.connect(runtime_dir=sys.argv[1])
        calls = []
        pending = rt.echo().sleep_async(3600)
        pending.add_done_callback(lambda _: calls.append(os.getpid()))
        pid = os.fork()
        if pid == 0:
            rt.close()
            with chimaera.connect(runtime_dir=sys.argv[1]) as own:
                told = threading.Event()
                own.echo().sleep_async(0.01).add_done_callback(lambda _: told.set())
                assert told.wait(200)
            assert not calls
            sys.exit(0)
        _, status = os.waitpid(pid, 0)
        assert status == 0, status
        told = threading.Event()
        pending.add_done_callback(lambda _: told.set())
        pending.cancel()
        assert told.wait(200)
        assert calls == [os.getpid()]
        """,
        daemon,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""

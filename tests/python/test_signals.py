# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Not how soon Ctrl-C comes, but that it comes long before the wait would end.
"""Ctrl-C while waiting."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest

import chimaera
from chimaera import errors, testing
from python import programs

WAITS = {
    "call": "echo.sleep_async(1000).result(timeout_s=1000)",
    "exception": "echo.sleep_async(1000).exception(timeout_s=1000)",
    "await": "asyncio.run(wait(echo))",
    "wait": "chimaera.wait([echo.sleep_async(1000)], timeout=1000)",
    "as_completed": "list(chimaera.as_completed([echo.sleep_async(1000)], 1000))",
    "gather": "chimaera.gather(echo.sleep_async(1000), timeout=1000)",
    "many futures": "chimaera.wait([echo.sleep_async(1000) for _ in range(300)], 1000)",
    "many tasks": "echo.null_many(1 << 26, timeout_s=1000)",
    "executor": "chimaera.Executor(rt).submit(echo.sleep, 1000).result()",
}


@pytest.mark.parametrize("kind", WAITS)
def test_ctrl_c_ends_a_wait(daemon: Path, kind: str) -> None:
    process = programs.python_process(
        f"""
        import asyncio, sys
        import numpy  # no interrupted import, please
        import chimaera

        async def wait(echo):
            await echo.sleep_async(1000).result_async(timeout_s=1000)

        with chimaera.connect(runtime_dir=sys.argv[1]) as rt:
            echo = rt.echo()
            try:
                print("waiting")
                {WAITS[kind]}
            except KeyboardInterrupt:
                print("interrupted", echo.echo("and usable"))
        """,
        daemon,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=programs.TIMEOUT_S)
    assert out == "interrupted and usable\n", err
    assert process.returncode == 0


def test_a_handler_that_returns_lets_the_wait_go_on(rt: chimaera.Runtime) -> None:
    seen: list[int] = []
    previous = signal.signal(signal.SIGUSR1, lambda number, _frame: seen.append(number))
    try:
        future = rt.echo().sleep_async(3600)
        main = threading.main_thread().ident
        assert main is not None

        def interrupt() -> None:
            signal.pthread_kill(main, signal.SIGUSR1)
            testing.wait_until(lambda: bool(seen))
            future.cancel()

        other = threading.Timer(0.05, interrupt)
        other.start()
        assert isinstance(future.exception(3600), errors.CancelledError)
        other.join()
    finally:
        signal.signal(signal.SIGUSR1, previous)
    assert seen == [signal.SIGUSR1]

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The other files test each of these once and closely; here they come in numbers,
# small ones in the usual run, those that are promised in `make stress`.
"""Exits, forks, interrupts and kills in numbers: nothing hangs, nothing is left."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import chimaera
from chimaera import testing
from python import programs

PARALLEL = 4

BUSY = """
    import os, signal, sys, threading
    import chimaera
    rt = chimaera.connect(runtime_dir=sys.argv[1])
    echo = rt.echo()
    arrays = [rt.zeros(1000) for _ in range(8)]
    pending = [echo.sleep_async(0.05) for _ in range(32)]

    def load():
        try:
            while True:
                echo.echo("load")
        except Exception:
            return  # the connection was closed, or this is the end

    for _ in range(2):
        threading.Thread(target=load, daemon=True).start()
    echo.null()
"""
Record = Callable[[str, object], None]

ENDS = {
    "normal": ("pass", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "exception": ("raise SystemError('on purpose')", 1),
    "SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    "os._exit": ("os._exit(4)", 4),
}


def counts(usual: int, promised: int) -> pytest.MarkDecorator:
    """Run a test ``usual`` times, and in ``make stress`` as often as promised."""
    return pytest.mark.parametrize(
        "count", [usual, pytest.param(promised, marks=pytest.mark.stress)]
    )


class Held:
    """What a daemon holds for its clients."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        with chimaera.connect(runtime_dir=directory) as rt:
            self.pid = rt.status().pid
            self.workers = len(rt.status().workers)
        self.before = self.settled()

    def count(self) -> int:
        """Return how many descriptors the daemon has."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def settled(self) -> int:
        """Return the least number of descriptors within a moment."""
        lowest = self.count()

        def lower() -> bool:
            nonlocal lowest
            lowest = min(lowest, self.count())
            return False

        testing.wait_until(lower, timeout_s=0.3)
        return lowest

    def check(self) -> None:
        """The daemon serves, and holds no more than it held."""
        with chimaera.connect(runtime_dir=self.directory) as rt:
            assert rt.echo().echo("unharmed") == "unharmed"
            workers = len(rt.status().workers)
        # Two are those of a stand-in for a worker that the machine kept waiting.
        bound = self.before + 2 * (workers - self.workers)
        assert testing.wait_until(lambda: self.count() <= bound), (
            f"{self.count()} descriptors, {self.before} before, {workers} workers"
        )


@pytest.fixture
def held(daemon: Path) -> Iterator[Held]:
    """Check at the end that nothing is left."""
    with chimaera.connect(runtime_dir=daemon) as rt:
        rt.echo().null()  # makes the pool
    held = Held(daemon)
    yield held
    held.check()


@counts(20, 500)
@pytest.mark.parametrize("end", ENDS)
def test_a_busy_process_ends(
    held: Held, end: str, count: int, record_property: Record
) -> None:
    code, expected = ENDS[end]
    tell = "import time; print(time.monotonic_ns(), flush=True)"
    script = BUSY + f"    {tell}\n    {code}\n"

    def once(_: int) -> float:
        done = programs.python(script, held.directory)
        ended = time.monotonic_ns()
        assert done.returncode == expected, done.stderr
        if end != "exception":
            assert done.stderr == ""
        return (ended - int(done.stdout)) / 1e6

    with ThreadPoolExecutor(PARALLEL) as pool:
        record_property("exit_max_ms", round(max(pool.map(once, range(count)))))


@counts(20, 1000)
def test_forks_under_load(held: Held, count: int) -> None:
    code = (
        BUSY
        + """
    from chimaera import errors
    for _ in range(int(sys.argv[2])):
        pid = os.fork()
        if pid == 0:
            try:
                echo.null()
            except errors.ForkedError:
                os._exit(0)
            os._exit(9)
        _, status = os.waitpid(pid, 0)
        assert status == 0, status
        assert echo.echo("parent") == "parent"
    assert all(task.exception() is None for task in pending)
    assert sum(array.sum() for array in arrays) == 0
    print("fine")
    """
    )
    done = programs.python(code, held.directory, str(count))
    assert done.stdout == "fine\n", done.stderr


JOB = """
import chimaera

def job(where):
    with chimaera.connect(runtime_dir=where) as rt:
        return rt.echo().echo("job")
"""


@counts(20, 200)
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_workers_under_load(
    held: Held, tmp_path: Path, method: str, count: int
) -> None:
    (tmp_path / "job.py").write_text(JOB)
    code = (
        "    import multiprocessing, sys\n"
        "    sys.path.insert(0, sys.argv[2])\n"
        "    import job\n"
        + BUSY
        + """
    context = multiprocessing.get_context(sys.argv[3])
    wanted = int(sys.argv[4])
    with context.Pool(2, maxtasksperchild=10) as pool:
        assert pool.map(job.job, [sys.argv[1]] * wanted, 1) == ["job"] * wanted
    assert echo.echo("parent") == "parent"
    print("fine")
    """
    )
    done = programs.python(code, held.directory, tmp_path, method, str(count))
    assert done.stdout == "fine\n", done.stderr


@counts(20, 200)
def test_interrupts_in_a_row(held: Held, count: int, record_property: Record) -> None:
    process = programs.python_process(
        BUSY
        + """
    import time
    for number in range(int(sys.argv[2])):
        try:
            print("waiting", number)
            echo.sleep_async(1000).result(timeout_s=1000)
        except KeyboardInterrupt:
            print(time.monotonic_ns())
            assert echo.echo("usable") == "usable"
    print("fine")
    os._exit(0)
    """,
        held.directory,
        str(count),
    )
    assert process.stdout is not None
    slowest_ns = 0
    for number in range(count):
        assert process.stdout.readline() == f"waiting {number}\n"
        sent_ns = time.monotonic_ns()
        process.send_signal(signal.SIGINT)
        slowest_ns = max(slowest_ns, int(process.stdout.readline()) - sent_ns)
    # Not by communicate(), which knows nothing of what was read ahead for a line.
    said = process.stdout.readline()
    _, err = process.communicate(timeout=programs.TIMEOUT_S)
    assert said == "fine\n", err
    assert process.returncode == 0
    record_property("interrupt_max_ms", round(slowest_ns / 1e6))


@counts(20, 50)
def test_kernels_that_are_killed(held: Held, count: int) -> None:
    for _ in range(count):
        process = programs.python_process(
            BUSY + '    print("ready", os.getpid())\n    signal.pause()\n',
            held.directory,
        )
        assert process.stdout is not None
        word, pid = process.stdout.readline().split()
        assert (word, int(pid)) == ("ready", process.pid)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=programs.TIMEOUT_S)
        assert process.returncode == -signal.SIGKILL


@counts(20, 200)
def test_arrays_outlive_daemons(tmp_path: Path, count: int) -> None:
    """What a client has mapped stays, whatever becomes of the runtime."""
    done = programs.python(
        """
    import os, signal, sys
    import numpy as np
    import chimaera
    kept = []
    for number in range(int(sys.argv[2])):
        where = f"{sys.argv[1]}/{number}"
        daemon = chimaera.start(runtime_dir=where)
        rt = chimaera.connect(runtime_dir=where)
        device = rt.bdev(size_bytes=1 << 20)
        block = device.allocate(1 << 16)
        device.write(block, rt.array(np.full(1 << 16, number % 251, "u1")))
        array = rt.array(np.arange(1000) + number)
        answer = device.read(block)
        if number % 2:
            rt.close()
        os.kill(daemon.pid, signal.SIGKILL)
        if number % 2 == 0:
            rt.close()
        kept.append((number, array, answer))
        del rt, device, array, answer
        for number, array, answer in kept:
            assert np.array_equal(array, np.arange(1000) + number)
            assert (answer == number % 251).all()
            array[:] = np.arange(1000) + number
        kept = kept[-8:]
    print("fine")
    """,
        tmp_path,
        str(count),
    )
    assert done.stdout == "fine\n", done.stderr

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# In processes of their own: pytest itself must not be forked.
"""Forking with an open connection."""

from __future__ import annotations

from pathlib import Path

import pytest

from python import programs

CHILD = """
    import os, sys
    import numpy as np
    import chimaera
    from chimaera import errors

    where = sys.argv[1]
    rt = chimaera.connect(runtime_dir=where) if where else chimaera.local()
    echo = rt.echo()
    array = rt.array(np.arange(100))
    pending = echo.sleep_async(0.2)
    pid = os.fork()
    if pid == 0:
        for call in (echo.null, pending.result, lambda: rt.empty(3), rt.pools):
            try:
                call()
            except errors.ForkedError:
                continue
            os._exit(10)
        if array.sum() != 4950 or "parent" not in repr(rt):
            os._exit(11)
        del array, pending
        rt.close()
        {anew}
        sys.exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, status
    assert echo.echo("parent") == "parent"
    pending.result()
    before = rt.buffer_bytes
    del array
    assert rt.buffer_bytes < before
    print("fine")
"""
ANEW = {
    "nothing": "pass",
    "local": "with chimaera.local() as own: assert own.echo().echo('x') == 'x'",
    "connect": (
        "with chimaera.connect(runtime_dir=where) as own: "
        "assert own.echo().echo('x') == 'x'; own.zeros(1000)"
    ),
}


@pytest.mark.parametrize("anew", ANEW)
def test_a_child_of_a_client_is_refused_and_may_begin_anew(
    daemon: Path, anew: str
) -> None:
    done = programs.python(CHILD.format(anew=ANEW[anew]), daemon)
    assert done.stdout == "fine\n", done.stderr


@pytest.mark.parametrize("anew", ["nothing", "local"])
def test_a_child_of_an_embedded_runtime_leaves_it_alone(anew: str) -> None:
    done = programs.python(CHILD.format(anew=ANEW[anew]), "")
    assert done.stdout == "fine\n", done.stderr


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(daemon: Path, tmp_path: Path, method: str) -> None:
    script = tmp_path / "job.py"
    script.write_text(
        "import chimaera\n"
        "def job(where):\n"
        "    with chimaera.connect(runtime_dir=where) as rt:\n"
        "        return rt.echo().echo('job')\n"
    )
    done = programs.python(
        """
        import multiprocessing, sys
        sys.path.insert(0, sys.argv[2])
        import chimaera, job
        with chimaera.connect(runtime_dir=sys.argv[1]) as rt:
            context = multiprocessing.get_context(sys.argv[3])
            with context.Pool(2) as pool:
                assert pool.map(job.job, [sys.argv[1]] * 4) == ["job"] * 4
            assert rt.echo().echo("x") == "x"
        """,
        daemon,
        tmp_path,
        method,
    )
    assert done.returncode == 0, done.stderr

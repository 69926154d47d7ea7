# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# With a live array, a pending call, a waiting daemon thread and an open connection.
"""Ways for a process to end."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

import chimaera
from python import programs

LIVE = """
    import os, signal, sys, threading
    import chimaera
    rt = chimaera.connect(runtime_dir=sys.argv[1]) if sys.argv[1] else chimaera.local()
    echo = rt.echo()
    array = rt.zeros(1000)
    pending = echo.sleep_async(1)
    thread = threading.Thread(
        target=lambda: pending.exception(timeout_s=100), daemon=True
    )
    thread.start()
    cycle = [array, pending]
    cycle.append(cycle)
    {end}
"""
ENDS = {
    "normal": ("pass", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "exception": ("raise SystemError('on purpose')", 1),
    "os._exit": ("os._exit(4)", 4),
    "SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    "closed": ("rt.close()", 0),
    "deleted": ("del rt, echo, cycle, array, pending", 0),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("embedded", [False, True], ids=["client", "embedded"])
def test_a_process_ends_as_it_wants(daemon: Path, end: str, *, embedded: bool) -> None:
    code, expected = ENDS[end]
    done = programs.python(LIVE.format(end=code), "" if embedded else daemon)
    assert done.returncode == expected, done.stderr
    if end != "exception":
        assert done.stderr == ""
    with chimaera.connect(runtime_dir=daemon) as rt:
        assert rt.echo().echo("unharmed") == "unharmed"


def test_an_embedded_runtime_leaves_no_directory() -> None:
    done = programs.python(
        "import chimaera; rt = chimaera.local(); print(rt.runtime_dir)"
    )
    assert done.returncode == 0, done.stderr
    assert not Path(done.stdout.strip()).exists()

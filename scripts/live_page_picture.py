#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The picture of the README: two minutes of a runtime that has something to do.
"""Take a picture of the live page: live_page_picture.py FILE."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import chimaera
from chimaera.dashboard import Dashboard

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from python.browser import browser

SECONDS = 125

# Clients: one submits empty tasks in waves, one works with a device, one computes.
WAVES = """
import chimaera, math, sys, time
rt = chimaera.connect(runtime_dir=sys.argv[1])
echo = rt.echo()
while True:
    count = int(30_000 + 25_000 * math.sin(time.time() / 9))
    echo.null_many(count)
    time.sleep(0.02)
"""
DEVICE = """
import chimaera, sys, time
rt = chimaera.connect(runtime_dir=sys.argv[1])
device = rt.bdev(size_bytes=512 << 20, name="ram://terrain")
data = rt.zeros((4 << 20,), "u1")
blocks = [device.allocate(data.nbytes) for _ in range(40)]
while True:
    for block in blocks:
        device.write(block, data)
        device.read(block, out=data)
        time.sleep(0.002)
"""
COMPUTE = """
import chimaera, sys, time
rt = chimaera.connect(runtime_dir=sys.argv[1])
stats, echo = rt.stats(), rt.echo()
basins, rivers = rt.echo("basins"), rt.echo("rivers")
device = rt.bdev(size_bytes=512 << 20, name="ram://terrain")
data = rt.zeros((2 << 20,), "f4")
block = device.allocate(data.nbytes)
device.write(block, data)
turn = 0
while True:
    turn += 1
    stats.reduce(device, block, dtype="f4")
    if turn % 150 == 0:
        basins.busy_async(1.7)
        rivers.busy_async(0.8)
    if turn % 900 == 0:
        try:
            echo.throw("no tile at row 17")
        except chimaera.errors.ChimaeraError:
            pass
    time.sleep(0.004)
"""


def main(file: Path) -> None:
    """Run the clients and take the picture."""
    with tempfile.TemporaryDirectory(prefix="chi-") as folder:
        runtime_dir = Path(folder) / "run"
        chimaera.start(
            "terrain",
            runtime_dir=runtime_dir,
            settings=["runtime.num_threads=4", "runtime.pin_workers=false"],
        )
        clients = [
            subprocess.Popen([sys.executable, "-c", code, str(runtime_dir)])
            for code in (WAVES, DEVICE, COMPUTE)
        ]
        try:
            with (
                chimaera.connect(runtime_dir=runtime_dir) as rt,
                Dashboard(rt) as page,
                browser() as web,
            ):
                web.appear(width=1280, height=860)
                web.open(page.url)
                for second in range(0, SECONDS, 25):
                    web.wait_for_updates(second)
                web.wait_for_updates(SECONDS)
                web.picture(file)
        finally:
            for client in clients:
                client.kill()
                client.wait()
            chimaera.stop(runtime_dir=runtime_dir)
    print(f"{file}: {file.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

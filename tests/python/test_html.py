# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Read as XML, which is stricter than what browsers want.
"""What notebooks show of the objects of the package."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import chimaera
from chimaera import testing

EVIL = "<script>alert('&\"')</script>"


def shown(thing: Any) -> ET.Element:
    text = thing._repr_html_()
    assert len(text) < 40_000
    for outside in ("http", "<style", "<link", "class="):
        assert outside not in text
    root: ET.Element = ET.fromstring(text)  # noqa: S314 - our own
    assert not list(root.iter("script"))
    return root


def words(root: ET.Element) -> str:
    return " ".join(text.strip() for text in root.itertext())


def filled(root: ET.Element) -> int:
    return len(list(root.iter("rect")))


def test_a_runtime_shows_its_pools(rt: chimaera.Runtime) -> None:
    rt.echo(EVIL)
    rt.echo(EVIL).null_many(100)
    with pytest.raises(chimaera.errors.ModuleExceptionError):
        rt.echo(EVIL).throw(EVIL)
    root = shown(rt)
    rows = [[words(cell) for cell in row] for row in root.iter("tr")]
    assert [row[1] for row in rows[-2:]] == [info.name for info in rt.pools()]
    (echo,) = (row for row in rows if row[1] == EVIL)
    assert echo[2:5] == ["chimaera_echo", "101", "1"]
    facts = {row[0]: row[1] for row in rows if len(row) == 2}
    assert facts["clients"] == f"1, of processes {rt.pid}"
    assert ", 1 failed" in facts["tasks"]
    assert EVIL in facts["last error"]


def test_many_pools_are_counted(rt: chimaera.Runtime) -> None:
    for number in range(60):
        rt.echo(f"echo-{number}")
    assert "and 11 more pools" in words(shown(rt))


def test_a_pool_shows_itself(rt: chimaera.Runtime) -> None:
    echo = rt.echo(EVIL)
    assert "chimaera_echo" in words(shown(echo))
    echo.destroy()
    assert "no such pool" in words(shown(echo))


def test_a_fake_pool_is_shown_without_a_runtime() -> None:
    fake = testing.fake_module("chimaera.echo")
    assert words(shown(fake)) == repr(fake).strip("<>")


def test_a_device_shows_how_full_it_is(rt: chimaera.Runtime) -> None:
    device = rt.bdev(size_bytes=1 << 20)
    device.allocate(256 << 10)
    root = shown(device)
    assert "256.0 KiB of 1.0 MiB, 25%" in words(root)
    assert any("width:25.0%" in each.get("style", "") for each in root.iter("div"))


def test_a_future_shows_its_outcome(rt: chimaera.Runtime) -> None:
    pending = rt.echo().sleep_async(60)
    assert "pending" in words(shown(pending))
    pending.cancel()
    assert pending.exception() is not None
    assert "CancelledError" in words(shown(pending))
    done = rt.echo().echo_async(EVIL)
    done.result()
    assert EVIL in words(shown(done)).replace("\\", "")
    long = rt.echo().echo_async("x" * 100_000)
    long.result()
    assert len(long._repr_html_()) < 2000


@pytest.mark.parametrize(
    ("shape", "chunks"),
    [
        ((), ()),
        ((0, 3), (1, 3)),
        ((100,), (7,)),
        ((1, 100_000), (1, 1000)),
        ((50, 20), (7, 6)),
        ((20, 30, 40), (3, 30, 7)),
        ((2, 3, 20, 30, 40), (1, 1, 20, 30, 40)),
    ],
)
def test_an_array_of_any_shape_is_drawn(
    rt: chimaera.Runtime, shape: tuple[int, ...], chunks: tuple[int, ...]
) -> None:
    device = rt.bdev(size_bytes=64 << 20)
    array = device.array(EVIL.replace("/", ""), shape, "f4", chunks=chunks)
    root = shown(array)
    text = words(root)
    for fact in (str(shape), str(chunks), "float32", device.name):
        assert fact in text
    for svg in root.iter("svg"):
        assert 10 < float(svg.get("width", 0)) < 250
        assert 10 < float(svg.get("height", 0)) < 250


def test_stored_chunks_are_filled(rt: chimaera.Runtime) -> None:
    array = rt.bdev(size_bytes=1 << 20).array("a", (50, 20), "f4", chunks=(7, 6))
    assert filled(shown(array)) == 0
    array[:7] = 1
    assert filled(shown(array)) == 4
    array[...] = 1
    root = shown(array)
    areas = [
        float(r.get("width", 0)) * float(r.get("height", 0)) for r in root.iter("rect")
    ]
    lines = [
        [float(line.get(k, 0)) for k in ("x2", "y2")] for line in root.iter("line")
    ]
    wide, high = np.max(lines, axis=0)
    assert np.isclose(sum(areas), wide * high, rtol=0.02)


def test_thousands_of_chunks_stay_a_small_drawing(rt: chimaera.Runtime) -> None:
    array = rt.bdev(size_bytes=16 << 20).array("a", (100, 100), "u1", chunks=(1, 2))
    array[:50] = 1
    root = shown(array)
    assert len(list(root.iter("line"))) < 60
    assert [float(r.get("fill-opacity", 0)) for r in root.iter("rect")] == [0.23]


def stopped(pid: int) -> bool:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return all("State:\tT" in (task / "status").read_text("utf-8") for task in tasks)


def test_a_runtime_that_does_not_answer_is_not_waited_for(daemon: Path) -> None:
    with chimaera.connect(runtime_dir=daemon) as rt:
        device, echo = rt.bdev(size_bytes=1 << 20), rt.echo()
        os.kill(rt.pid, signal.SIGSTOP)
        try:
            assert testing.wait_until(lambda: stopped(rt.pid))
            texts = [words(shown(each)) for each in (device, echo, rt)]
        finally:
            os.kill(rt.pid, signal.SIGCONT)
        assert ["no answer" in text for text in texts] == [True] * 3, texts


def test_after_the_end_something_is_shown(rt: chimaera.Runtime) -> None:
    device, echo = rt.bdev(size_bytes=1 << 20), rt.echo()
    array = device.array("a", 10, "f4")
    pending = echo.sleep_async(60)
    rt.close()
    for each in (rt, device, echo):
        assert "closed" in words(shown(each))
    assert "(10,)" in words(shown(array))
    assert "CancelledError" in words(shown(pending))

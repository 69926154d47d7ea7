# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What is drawn is compared with the numbers that it is drawn of, through the artists.
"""Figures show what their documents say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

import chimaera
from chimaera import plot
from chimaera.errors import BadRequestError, NotFoundError


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    plt.switch_backend("agg")
    yield
    plt.close("all")


def span(
    name: str, ts: float, dur: float, tid: int, cat: str = "run"
) -> dict[str, Any]:
    return {
        "name": name,
        "ph": "X",
        "ts": ts,
        "dur": dur,
        "pid": 7,
        "tid": tid,
        "cat": cat,
    }


EVENTS = [
    {"name": "thread_name", "ph": "M", "pid": 7, "tid": 2,
     "args": {"name": "worker 0"}},
    {"name": "thread_sort_index", "ph": "M", "pid": 7, "tid": 2,
     "args": {"sort_index": 1}},
    {"name": "queue", "ph": "b", "ts": 900.0, "pid": 7, "tid": 3, "id": 1},
    span("Read", 1000.0, 500.0, 2),
    span("wait", 1100.0, 200.0, 2, "wait"),
    span("Write", 2000.0, 250.0, 2),
    span("submit Read", 1000.0, 10.0, 3, "submit"),
]  # fmt: skip


def bars(axes: Axes) -> set[tuple[str, float, float, float]]:
    """Label, middle of the row, begin and length of all bars, milliseconds."""
    found = set()
    for collection in axes.collections:
        assert isinstance(collection, PolyCollection)
        for path in collection.get_paths():
            (x0, y0), (x1, y1) = path.get_extents().get_points()
            row = round((y0 + y1) / 2, 6)
            found.add(
                (str(collection.get_label()), row, round(x0, 6), round(x1 - x0, 6))
            )
    return found


def row_names(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def legend(axes: Axes) -> list[str]:
    found = axes.get_legend()
    assert found is not None
    return [text.get_text() for text in found.get_texts()]


def test_a_timeline_has_a_bar_for_each_span() -> None:
    axes = plot.timeline(EVENTS)
    # Rows as the trace sorts them: thread 3 has no index.
    assert row_names(axes) == ["process 7, thread 3", "worker 0"]
    assert bars(axes) == {
        ("submit Read", 0, 0.0, 0.01),
        ("Read", 1, 0.0, 0.5),
        ("wait", 1, 0.1, 0.2),
        ("Write", 1, 1.0, 0.25),
    }
    assert axes.get_xlabel() == "time (ms)"
    # Those that took the most time first.
    assert legend(axes) == ["Read", "Write", "wait", "submit Read"]


def test_spans_in_spans_are_lower() -> None:
    axes = plot.timeline(EVENTS)
    highs = {
        str(each.get_label()): each.get_paths()[0].get_extents().height
        for each in axes.collections
    }
    assert highs["wait"] < highs["Read"] == highs["Write"]


def test_rows_of_parked_runs_are_drawn_if_wanted() -> None:
    parked = [
        {
            "name": "thread_name",
            "ph": "M",
            "pid": 7,
            "tid": 9,
            "args": {"name": "worker 0, parked 1"},
        },
        span("Sleep", 1000.0, 900.0, 9),
    ]
    assert len(row_names(plot.timeline(EVENTS + parked))) == 2
    axes = plot.timeline(EVENTS + parked, parked=True)
    assert "worker 0, parked 1" in row_names(axes)
    assert ("Sleep", 2, 0.0, 0.9) in bars(axes) or ("Sleep", 1, 0.0, 0.9) in bars(axes)


def test_a_timeline_by_category() -> None:
    axes = plot.timeline(EVENTS, by="cat")
    assert {bar[0] for bar in bars(axes)} == {"run", "wait", "submit"}


def test_what_took_least_has_one_colour_together() -> None:
    events = [span(f"method {n}", 100.0 * n, 10.0 + n, 1) for n in range(20)]
    axes = plot.timeline(events, max_kinds=3)
    kinds = [bar[0] for bar in bars(axes)]
    assert sorted(set(kinds)) == ["method 17", "method 18", "method 19", "others"]
    assert kinds.count("others") == 17
    assert legend(axes) == ["method 19", "method 18", "method 17", "others"]


def test_a_timeline_of_a_document_a_file_and_a_trace(tmp_path: Path) -> None:
    class Trace:
        document = {"traceEvents": EVENTS}  # noqa: RUF012 - not changed

    path = tmp_path / "t.json"
    path.write_text(json.dumps(Trace.document))
    expected = bars(plot.timeline(EVENTS))
    for trace in (Trace.document, path, str(path), Trace()):
        assert bars(plot.timeline(trace)) == expected


def test_a_trace_of_nothing_says_so() -> None:
    with pytest.raises(BadRequestError, match="no spans"):
        plot.timeline(EVENTS[:3])
    with pytest.raises(BadRequestError, match="'cat'"):
        plot.timeline(EVENTS, by="colour")


def histogram(scale: float, count: int = 100) -> dict[str, Any]:
    return {
        "count": count,
        "sum_s": scale * count,
        "p50_s": scale,
        "p90_s": 2 * scale,
        "p99_s": 5 * scale,
        "p999_s": 9 * scale,
        "max_s": 9 * scale,
        "buckets": [[scale, 60], [2 * scale, 35], [9 * scale, 5]],
    }


NEVER = {"count": 0, "sum_s": 0.0, "p50_s": None, "p90_s": None, "p99_s": None,
         "p999_s": None, "max_s": None, "buckets": []}  # fmt: skip


def method(name: str, run_s: dict[str, Any]) -> dict[str, Any]:
    return {"id": 10, "name": name, "tasks": 6400, "failed": 0, "run_s": run_s}


METRICS = {
    "pools": [
        {
            "name": "a",
            "methods": [method("Fast", histogram(1e-6)), method("No", NEVER)],
        },
        {"name": "b", "methods": [method("Slow", histogram(1e-3))]},
    ]
}


class FakeRuntime:
    def metrics(self) -> dict[str, Any]:
        return METRICS


@pytest.mark.parametrize("source", [METRICS, FakeRuntime()])
def test_latencies_are_the_percentiles(source: Any) -> None:
    axes = plot.latency(source)
    assert row_names(axes) == ["b.Slow (6,400)", "a.Fast (6,400)"]
    drawn = {
        str(line.get_label()): np.asarray(line.get_xdata()).tolist()
        for line in axes.lines
    }
    assert drawn == {
        name: pytest.approx([1e3 * factor, factor])
        for name, factor in (("50 %", 1), ("90 %", 2), ("99 %", 5), ("99.9 %", 9))
    }
    assert axes.get_xlabel() == "time of a run (us)"
    assert axes.get_xscale() == "log"
    assert legend(axes) == ["50 %", "90 %", "99 %", "99.9 %"]


def test_the_methods_that_took_longest_are_drawn() -> None:
    axes = plot.latency(METRICS, max_methods=1)
    assert row_names(axes) == ["b.Slow (6,400)"]


def test_one_method_in_full() -> None:
    axes = plot.latency_of(METRICS, "a.Fast", "Slow")
    drawn = {str(line.get_label()): line.get_xydata().tolist() for line in axes.lines}
    assert drawn["a.Fast"] == [pytest.approx(p) for p in ([1, 60], [2, 95], [9, 100])]
    assert drawn["b.Slow"][0] == pytest.approx([1000, 60])
    assert axes.get_ylabel() == "runs over by then (%)"


def test_nothing_timed_says_so() -> None:
    nothing = {"pools": [{"name": "a", "methods": [method("No", NEVER)]}]}
    with pytest.raises(NotFoundError, match="has been timed"):
        plot.latency(nothing)
    with pytest.raises(NotFoundError, match="no timed run of No"):
        plot.latency_of(nothing, "No")


def test_a_device_map_shows_whose_each_part_is(rt: chimaera.Runtime) -> None:
    device = rt.bdev(size_bytes=1 << 20)  # 256 pages
    array = device.array("a", (16, 4096), "u1", chunks=(1, 4096))
    array[:] = 1
    device.allocate(4 * 4096)
    found = device.block_map(256)
    assert found.part_bytes == 4096
    assert (found.sealed.sum(), found.used.sum()) == (16 * 4096, 4 * 4096)
    axes = plot.device_map(device, columns=16)
    image = np.asarray(axes.images[0].get_array()).reshape(-1, 4)
    kinds = {"free": 0, "used": 0, "sealed": 0}
    for part, colour in enumerate(image):
        kind = (
            "sealed" if found.sealed[part] else "used" if found.used[part] else "free"
        )
        kinds[kind] += 1
        assert colour[3] == 1
        assert colour[:3] == pytest.approx(getattr(plot, f"_{kind.upper()}"))
    assert kinds == {"free": 236, "used": 4, "sealed": 16}
    assert legend(axes) == ["sealed, 6.2%", "used, 1.6%", "free, 92.2%"]
    assert axes.get_ylabel() == "place on the device (KiB)"
    assert axes.get_title() == device.name


def test_parts_are_mixed_and_the_last_row_ends(rt: chimaera.Runtime) -> None:
    device = rt.bdev(size_bytes=10 * 4096)
    device.allocate(4096)
    found = device.block_map(5)
    assert found.part_bytes == 8192
    axes = plot.device_map(found, columns=4)
    image = np.asarray(axes.images[0].get_array())
    assert image.shape == (2, 4, 4)
    half = (np.array(plot._USED) + plot._FREE) / 2
    assert image[0, 0, :3] == pytest.approx(half)
    assert image[1, :, 3].tolist() == [1, 0, 0, 0]
    assert axes.get_title() == ""


@pytest.mark.parametrize("parts", [0, 1 << 20])
def test_a_map_of_too_many_parts(rt: chimaera.Runtime, parts: int) -> None:
    with pytest.raises(BadRequestError, match=f"map of {parts} parts"):
        rt.bdev(size_bytes=1 << 20).block_map(parts)


def test_it_draws_into_given_axes() -> None:
    figure, (left, right) = plt.subplots(ncols=2)
    assert plot.timeline(EVENTS, ax=left) is left
    assert plot.latency(METRICS, ax=right) is right
    assert plt.get_fignums() == [figure.number]
    figure.canvas.draw()

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Each function draws one kind of document and leaves the rest to Matplotlib: what it
# returns may be titled, zoomed and saved as any Axes. Colours are the style's.
"""Figures of traces, latencies and devices; needs Matplotlib."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from chimaera.errors import BadRequestError, NotFoundError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from chimaera.block_map import BlockMap

__all__ = ["device_map", "latency", "latency_of", "timeline"]

# Percentiles that are drawn, and how: key, name, marker.
_PERCENTILES = (
    ("p50_s", "50 %", "o"),
    ("p90_s", "90 %", "|"),
    ("p99_s", "99 %", "|"),
    ("p999_s", "99.9 %", ">"),
)
_OTHERS = "others"
# In the names of rows of traces: see `Runtime.trace`.
_PARKED = ", parked "
# Of a device: what is free, used and sealed, as red, green and blue.
_FREE, _USED, _SEALED = (0.92, 0.92, 0.92), (0.90, 0.45, 0.10), (0.15, 0.40, 0.70)
# Spans in spans are drawn so much lower, as often as that.
_NESTED_PART, _NESTED_MAX = 0.62, 3


@runtime_checkable
class _HasMetrics(Protocol):
    def metrics(self) -> dict[str, Any]: ...


@runtime_checkable
class _HasMap(Protocol):
    def block_map(self, num_parts: int = ...) -> BlockMap: ...


@runtime_checkable
class _HasDocument(Protocol):
    @property
    def document(self) -> dict[str, Any]: ...


Document = Mapping[str, Any]
Events = Sequence[Mapping[str, Any]]


class _Span(NamedTuple):
    begin_ms: float
    length_ms: float
    kind: str
    depth: int


def timeline(
    trace: Events | Document | _HasDocument | str | os.PathLike[str],
    *,
    ax: Axes | None = None,
    by: str = "name",
    parked: bool = False,
    max_kinds: int = 9,
) -> Axes:
    """Draw what ran when, a row for each thread and worker.

    Parameters
    ----------
    trace : Trace, mapping, list or path
        What `Runtime.trace` gives, its document, the events of one, or the file.
    ax : Axes, optional
        Where to draw; a new figure by default.
    by : {"name", "cat"}
        What the colour tells: method and operation, or the category of a span.
    parked : bool
        Draw also the rows of runs while they were parked, which took no worker's time.
    max_kinds : int
        Those that took the most time get a colour each, the rest one together.

    Returns
    -------
    Axes
        A collection of bars for each row and kind, labelled by the kind. Spans within
        spans are lower.

    Raises
    ------
    BadRequestError
        There are no spans in it.
    """
    if by not in {"name", "cat"}:
        raise BadRequestError(f"by={by!r}: 'name' and 'cat' are possible")
    events = _events(trace)
    names = _row_names(events)
    rows = {
        row: spans
        for row, spans in _rows(events, by).items()
        if parked or _PARKED not in names.get(row, "")
    }
    if not rows:
        raise BadRequestError("the trace has no spans: nothing ran, or none was chosen")
    kinds = _largest(rows.values(), max_kinds)
    ax = ax or _new_axes(8, 1 + 0.35 * len(rows))
    for at, (row, spans) in enumerate(rows.items()):
        bars: defaultdict[tuple[str, int], list[tuple[float, float]]]
        bars = defaultdict(list)
        for span in spans:
            kind = span.kind if span.kind in kinds else _OTHERS
            bars[kind, span.depth].append((span.begin_ms, span.length_ms))
        for (kind, depth), pieces in sorted(bars.items(), key=lambda bar: bar[0][1]):
            high = 0.8 * _NESTED_PART ** min(depth, _NESTED_MAX)
            ax.broken_barh(
                pieces,
                (at - high / 2, high),
                # Where one ends and the next begins, however short they are.
                facecolor=(*kinds[kind][:3], 0.7),
                edgecolor=kinds[kind],
                linewidth=0.5,
                label=kind,
            )
        names.setdefault(row, f"process {row[0]}, thread {row[1]}")
    ax.set_yticks(range(len(rows)), [names[row] for row in rows])
    ax.set(xlabel="time (ms)", ylim=(len(rows) - 0.5, -0.5))
    ax.margins(x=0.01)
    _legend(ax, list(kinds))
    return ax


def latency(
    metrics: Document | _HasMetrics, *, ax: Axes | None = None, max_methods: int = 12
) -> Axes:
    """Draw how long methods run: percentiles of each, on one axis.

    Parameters
    ----------
    metrics : Runtime or mapping
        A runtime, or what its `metrics` gave.
    ax : Axes, optional
        Where to draw; a new figure by default.
    max_methods : int
        Draw those that took the most time in all.

    Returns
    -------
    Axes
        A line for each percentile, with a point for each method, in microseconds.

    Raises
    ------
    NotFoundError
        No run has been timed yet: of many runs some are.
    """
    found = [
        (f"{pool['name']}.{method['name']} ({method['tasks']:,})", method["run_s"])
        for pool in _document(metrics)["pools"]
        for method in pool["methods"]
        if method.get("run_s", {}).get("count")
    ]
    if not found:
        raise NotFoundError("no run of a method has been timed yet")
    found.sort(key=lambda row: -row[1]["sum_s"])
    found = found[:max_methods]
    ax = ax or _new_axes(7, 1.2 + 0.32 * len(found))
    places = range(len(found))
    ax.hlines(
        places,
        [1e6 * run["p50_s"] for _, run in found],
        [1e6 * run["p999_s"] for _, run in found],
        colors="0.6",
        linewidth=1,
        zorder=1,
    )
    for key, name, marker in _PERCENTILES:
        times = [1e6 * run[key] for _, run in found]
        ax.plot(times, places, marker, label=name)
    ax.set_yticks(places, [name for name, _ in found])
    ax.set(xlabel="time of a run (us)", xscale="log", ylim=(len(found) - 0.5, -0.5))
    ax.set_ylabel("method (tasks)")
    _legend(ax)
    return ax


def latency_of(
    metrics: Document | _HasMetrics,
    *methods: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw which part of a method's runs was over within which time.

    Parameters
    ----------
    metrics : Runtime or mapping
        As for `latency`.
    *methods : str
        ``"pool.Method"``, or only the method, of whichever pools have it.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        A line of steps for each method and pool, up to 100 %.

    Raises
    ------
    NotFoundError
        None of them has a run that was timed.
    """
    found = [
        (f"{pool['name']}.{method['name']}", method["run_s"])
        for pool in _document(metrics)["pools"]
        for method in pool["methods"]
        if method.get("run_s", {}).get("count")
        and {method["name"], f"{pool['name']}.{method['name']}"} & set(methods)
    ]
    if not found:
        raise NotFoundError(f"no timed run of {' or '.join(methods) or 'no method'}")
    ax = ax or _new_axes(6, 3.5)
    for name, run in found:
        within, total = 0, sum(count for _, count in run["buckets"])
        times, parts = [], []
        for bound_s, count in run["buckets"]:
            within += count
            times.append(1e6 * bound_s)
            parts.append(100 * within / total)
        ax.step(times, parts, where="post", marker=".", label=name)
    ax.set(xlabel="time of a run (us)", xscale="log", ylabel="runs over by then (%)")
    ax.set_ylim(0, 103)
    _legend(ax)
    return ax


def device_map(
    device: BlockMap | _HasMap, *, ax: Axes | None = None, columns: int = 64
) -> Axes:
    """Draw which parts of a device are free, used by clients, and sealed.

    Parameters
    ----------
    device : BlockDevice or BlockMap
        A device, which is asked in ``columns**2`` parts, or what its `block_map` gave.
    ax : Axes, optional
        Where to draw; a new figure by default.
    columns : int
        Parts side by side; the next ones lie below.

    Returns
    -------
    Axes
        An image, a pixel for each part. Its colour is that of what the part holds,
        mixed where it holds several.
    """
    import numpy as np
    from matplotlib.patches import Patch

    if columns < 1:
        raise BadRequestError(f"columns={columns}")
    found = device.block_map(columns**2) if isinstance(device, _HasMap) else device
    sizes = found.sizes
    used, sealed = found.used / sizes, found.sealed / sizes
    colours = (
        np.multiply.outer(1 - used - sealed, _FREE)
        + np.multiply.outer(used, _USED)
        + np.multiply.outer(sealed, _SEALED)
    )
    rows = max(1, -(-len(sizes) // columns))
    # What is beyond the end of the device is transparent.
    image = np.zeros((rows * columns, 4))
    image[: len(sizes), :3] = np.clip(colours, 0, 1)
    image[: len(sizes), 3] = 1
    unit, factor = _unit(found.total_bytes)
    across, down = found.part_bytes * columns / factor, rows * columns
    ax = ax or _new_axes(6, 5)
    ax.imshow(
        image.reshape(rows, columns, 4),
        extent=(0, across, down * found.part_bytes / factor, 0),
        aspect="auto",
        interpolation="nearest",
    )
    total = max(1, found.total_bytes)
    parts = (
        ("sealed", _SEALED, int(found.sealed.sum())),
        ("used", _USED, int(found.used.sum())),
        ("free", _FREE, total - int(found.sealed.sum() + found.used.sum())),
    )
    ax.legend(
        handles=[
            Patch(facecolor=colour, label=f"{name}, {count / total:.1%}")
            for name, colour, count in parts
        ],
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        fontsize="small",
    )
    ax.set_xlabel(f"place in the row ({unit})")
    ax.set_ylabel(f"place on the device ({unit})")
    if isinstance(device, _HasMap):
        ax.set_title(f"{getattr(device, 'name', '')}")
    return ax


def _unit(size_bytes: int) -> tuple[str, int]:
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size_bytes >= 2 * factor:
            return unit, factor
    return "bytes", 1


def _document(metrics: Document | _HasMetrics) -> Document:
    return metrics.metrics() if isinstance(metrics, _HasMetrics) else metrics


def _events(trace: Any) -> Events:
    if isinstance(trace, str | os.PathLike):
        trace = json.loads(Path(trace).read_text("utf-8"))
    elif isinstance(trace, _HasDocument):
        trace = trace.document
    events: Events = trace["traceEvents"] if isinstance(trace, Mapping) else trace
    return events


def _rows(events: Events, by: str) -> dict[tuple[int, int], list[_Span]]:
    """Sort the spans by process and thread, with how deep they lie in others."""
    spans = [event for event in events if event.get("ph") == "X"]
    if not spans:
        return {}
    first = min(event["ts"] for event in spans)
    rows: defaultdict[tuple[int, int], list[_Span]] = defaultdict(list)
    open_until: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
    # Of two that begin together the longer one is around the other.
    for event in sorted(spans, key=lambda each: (each["ts"], -each["dur"])):
        row = event["pid"], event["tid"]
        around = open_until[row]
        while around and around[-1] <= event["ts"]:
            around.pop()
        kind = str(event.get(by) or event["name"])
        begin_ms, length_ms = (event["ts"] - first) / 1e3, event["dur"] / 1e3
        rows[row].append(_Span(begin_ms, length_ms, kind, len(around)))
        around.append(event["ts"] + event["dur"])
    return dict(sorted(rows.items(), key=lambda row: _order(events)[row[0]]))


def _order(events: Events) -> dict[tuple[int, int], tuple[int, int, int]]:
    """Return keys to sort rows by: as the trace says, else by number."""
    asked = {
        (event["pid"], event["tid"]): event["args"]["sort_index"]
        for event in events
        if event.get("ph") == "M" and event["name"] == "thread_sort_index"
    }
    rows = {(event["pid"], event["tid"]) for event in events if event.get("ph") == "X"}
    return {row: (row[0], asked.get(row, 0), row[1]) for row in rows}


def _row_names(events: Events) -> dict[tuple[int, int], str]:
    return {
        (event["pid"], event["tid"]): str(event["args"]["name"])
        for event in events
        if event.get("ph") == "M" and event["name"] == "thread_name"
    }


def _largest(rows: Iterable[Iterable[_Span]], count: int) -> dict[str, Any]:
    """Return a colour for each of the kinds that took the most time."""
    from matplotlib import colormaps

    times: defaultdict[str, float] = defaultdict(float)
    for spans in rows:
        for span in spans:
            times[span.kind] += span.length_ms
    kinds = sorted(times, key=lambda kind: -times[kind])
    # All but its grey, which is that of the others.
    colours = [colormaps["tab10"](at) for at in range(10) if at != 7]
    chosen: dict[str, Any] = {
        kind: colours[at % len(colours)] for at, kind in enumerate(kinds[:count])
    }
    return {**chosen, _OTHERS: (0.6, 0.6, 0.6, 1.0)}


def _new_axes(width: float, height: float) -> Axes:
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise NotFoundError(
            "figures want Matplotlib: pip install 'chimaera[plot]'"
        ) from error
    _, axes = plt.subplots(figsize=(width, height), layout="constrained")
    return axes


def _legend(ax: Axes, order: Sequence[str] = ()) -> None:
    """One entry for each label, beside the axes; those in `order` in that order."""
    handles, labels = ax.get_legend_handles_labels()
    entries = dict(zip(labels, handles, strict=True))
    names = [name for name in order if name in entries] or list(entries)
    ax.legend(
        [entries[name] for name in names],
        names,
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        fontsize="small",
    )

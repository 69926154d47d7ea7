# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What notebooks show of the package's objects. Whatever happens they get some HTML, and
# soon: a runtime is asked for a moment only. Colours are those of the page.
"""HTML of runtimes, pools, devices, arrays and futures."""

from __future__ import annotations

import reprlib
import time
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, TypeVar

from chimaera.errors import ChimaeraError, DeadlineExceededError
from chimaera.figure_text import size_text
from chimaera.metrics import document_async

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from chimaera.array import DeviceArray
    from chimaera.bdev import BlockDevice
    from chimaera.pool import Pool
    from chimaera.runtime import Runtime
    from chimaera.task import Future

__all__ = ["of_array", "of_device", "of_future", "of_pool", "of_runtime"]

# A runtime that has not answered by then is busy, and the page says so.
ANSWER_S = 0.5
# More pools are counted, not listed.
_POOLS_MAX = 50
_LINE = "border:1px solid rgba(128,128,128,.35)"
_CELL = "padding:2px 8px;text-align:left;vertical-align:top"

# The drawing of an array, in pixels.
_LONGEST, _SHORTEST = 140.0, 14.0
_LINES_MAX = 24  # per axis; of more chunks only some edges are drawn
_CELLS_MAX = 600  # chunks that are filled one by one

T = TypeVar("T")


def of_runtime(runtime: Runtime) -> str:
    """Show a runtime: its workers, its counters and its pools."""
    title = repr(runtime)
    if runtime.closed or runtime.connection.forked:
        return _box(title)
    ask = _Asking()
    found = ask(lambda: document_async(runtime, timeout_s=ANSWER_S))
    return _box(title, ask.error if found is None else _metrics(found))


def _metrics(found: dict[str, Any]) -> str:
    """Show the document of `Runtime.metrics`, but for its devices."""
    asleep = sum(worker["asleep"] for worker in found["workers"])
    clients, pools = found["clients"], found["pools"]
    facts = {
        "process": f"{found['pid']}, up {_duration(found['uptime_s'])}",
        "health": found["health"],
        "memory": f"{size_text(found['resident_bytes'])} resident",
        "workers": f"{len(found['workers'])}, {asleep} asleep",
        "clients": f"{len(clients)}, of processes "
        + ", ".join(str(pid) for pid in sorted({each["pid"] for each in clients})[:10]),
        "tasks": ", ".join(
            f"{found[name]:,} {name}" for name in ("failed", "cancelled", "expired")
        ),
    }
    facts["tasks"] = f"{found['tasks']:,} begun, {facts['tasks']}"
    if found["errors"]:
        last = found["errors"][0]
        text = _shortened(last["message"], text=True)
        facts["last error"] = f"{last['pool']}.{last['method']}: {text}"
    listed = pools[:_POOLS_MAX]
    table = _table(
        ["pool", "name", "module", "tasks", "failed", "state"],
        (
            [
                pool["id"],
                pool["name"],
                pool["module"],
                f"{pool['tasks']:,}",
                f"{pool['failed']:,}",
                pool["state"]
                + (f", {pool['held_runs']} parked" if pool["held_runs"] else ""),
            ]
            for pool in listed
        ),
    )
    more = len(pools) - len(listed)
    return _rows(facts) + table + (f"and {more} more pools" if more else "")


def of_pool(pool: Pool) -> str:
    """Show a pool: what the runtime's list says of it."""
    runtime: Runtime | None = pool.runtime
    if runtime is None:  # of chimaera.testing.fake_module
        return _box(repr(pool))
    ask = _Asking()
    pools = ask(lambda: runtime.pools_async(timeout_s=ANSWER_S))
    if pools is None:
        return _box(repr(pool), ask.error)
    for info in pools:
        if info.id == pool.id:
            heap = (
                "not counted" if info.heap_bytes is None else size_text(info.heap_bytes)
            )
            facts = {
                "module": info.module,
                "state": info.state,
                "containers": info.num_containers,
                "parked": f"{info.held_runs} methods",
                "heap": heap,
            }
            return _box(repr(pool), _rows(facts))
    return _box(repr(pool), "The runtime has no such pool any more.")


def of_device(device: BlockDevice) -> str:
    """Show a block device: how full it is, and what was moved."""
    ask = _Asking()
    stats = ask(lambda: device.stats_async(timeout_s=ANSWER_S))
    if stats is None:
        return _box(repr(device), ask.error)
    used = stats.total_bytes - stats.remaining_bytes
    part = used / max(1, stats.total_bytes)
    facts = {
        "engine": stats.engine + (", direct" if stats.direct else ""),
        "used": f"{size_text(used)} of {size_text(stats.total_bytes)}, {part:.0%}",
        "free": f"{size_text(stats.remaining_bytes)}, "
        f"{stats.fragmentation:.0%} of it in pieces",
        "blocks": f"{stats.num_blocks:,}",
        "reads": f"{stats.num_reads:,}, {size_text(stats.bytes_read)}",
        "writes": f"{stats.num_writes:,}, {size_text(stats.bytes_written)}",
    }
    if stats.bad_pages:
        facts["bad pages"] = f"{stats.bad_pages:,}"
    return _box(repr(device), _bar(part), _rows(facts))


def of_future(future: Future[Any], what: str) -> str:
    """Show what a future is of, and its outcome if there is one. Never asks."""
    facts: dict[str, object] = {"of": what}
    if not future.done():
        facts["state"] = "pending"
    else:
        error = future.exception(0)
        if error is None:
            facts["state"] = "done"
            facts["result"] = _shortened(future.result(0))
        else:
            facts["state"] = "failed"
            facts[type(error).__name__] = _shortened(str(error), text=True)
    return _box("Future", _rows(facts))


def of_array(array: DeviceArray, stored: NDArray[np.bool_]) -> str:
    """Show an array, and which chunks this process knows to be stored. Never asks."""
    layout = array.layout
    facts = {
        "device": array.device.name,
        "shape": array.shape,
        "dtype": array.dtype,
        "chunks": f"{array.chunks}, {layout.num_chunks:,} of "
        f"{size_text(layout.chunk_bytes)}",
        "stored": f"{int(stored.sum()):,} of them, by the last look",
        "bytes": f"{size_text(array.nbytes)}",
    }
    drawing = _drawing(array.shape, array.chunks, stored.tolist())
    return _box(
        f"DeviceArray {array.name!r}",
        '<div style="display:flex;gap:16px;align-items:center;flex-wrap:wrap">'
        f"{_rows(facts)}{drawing}</div>",
    )


class _Asking:
    """Questions to a runtime that together take no more than `ANSWER_S`."""

    def __init__(self) -> None:
        self._until = time.monotonic() + ANSWER_S
        self.error = ""

    def __call__(self, submit: Callable[[], Future[T]]) -> T | None:
        try:
            left = max(0.0, self._until - time.monotonic())
            return submit().result_or_cancel(left)
        except DeadlineExceededError:
            self.error = f"<i>no answer within {ANSWER_S} s</i>"
        except ChimaeraError as error:
            self.error = f"<i>{escape(str(error))}</i>"
        return None


# ---- pieces of HTML; what comes from outside is escaped here, once ----


def _box(title: str, *parts: str) -> str:
    head = escape(title.strip("<>"))
    return (
        f'<div style="{_LINE};border-radius:4px;padding:6px 10px;display:inline-block">'
        f'<div style="font-weight:bold;padding:2px 8px">{head}</div>'
        f"{''.join(parts)}</div>"
    )


def _rows(facts: dict[str, Any]) -> str:
    return '<table style="color:inherit">{}</table>'.format(
        "".join(
            f'<tr><th style="{_CELL}">{escape(name)}</th>'
            f'<td style="{_CELL}">{escape(str(value))}</td></tr>'
            for name, value in facts.items()
        )
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f'<th style="{_CELL}">{escape(each)}</th>' for each in heads)
    body = "".join(
        "<tr>{}</tr>".format(
            "".join(f'<td style="{_CELL}">{escape(str(cell))}</td>' for cell in row)
        )
        for row in rows
    )
    return (
        f'<table style="color:inherit"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _bar(part: float) -> str:
    return (
        f'<div style="{_LINE};height:10px;margin:4px 8px">'
        f'<div style="width:{100 * part:.1f}%;height:100%;background:currentColor;'
        'opacity:.45"></div></div>'
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _shortened(value: object, *, text: bool = False) -> str:
    shortener = reprlib.Repr()
    shortener.maxother = shortener.maxstring = 200
    if not text:
        return shortener.repr(value)
    line = str(value)
    return line if len(line) <= shortener.maxstring else line[:200] + "..."


# ---- the drawing ----


def _drawing(
    shape: Sequence[int], chunks: Sequence[int], stored: Sequence[bool]
) -> str:
    """Draw the last three axes, chunk by chunk; stored ones of two axes are dark."""
    if 0 in shape:
        return ""
    axes = list(zip(shape, chunks, strict=True))[-3:]
    while len(axes) < 2:
        axes.insert(0, (1, 1))
    sides = _sides([size for size, _ in axes])
    steps = [
        _edges(size, chunk, side)
        for (size, chunk), side in zip(axes, sides, strict=True)
    ]
    depth = sides[0] * 0.35 if len(axes) == 3 else 0.0
    height, width = sides[-2], sides[-1]
    filled = "" if len(shape) > 2 else _cells(axes, sides, stored)
    lines = [
        *(_line(0, depth + y, width, depth + y) for y in steps[-2]),
        *(_line(x, depth, x, depth + height) for x in steps[-1]),
    ]
    if depth:
        lines += [
            *(_line(x, depth, x + depth, 0) for x in steps[-1]),
            *(_line(width, depth + y, width + depth, y) for y in steps[-2]),
            *(
                _line(shift, depth - shift, width + shift, depth - shift)
                + _line(
                    width + shift, depth - shift, width + shift, depth - shift + height
                )
                for shift in (depth * at / sides[0] for at in steps[0])
            ),
        ]
    box_width, box_height = width + depth + 4, height + depth + 4
    return (
        f'<svg width="{box_width:.0f}" height="{box_height:.0f}" '
        f'viewBox="-2 -2 {box_width:.1f} {box_height:.1f}" stroke="currentColor" '
        f'stroke-width="1" stroke-opacity=".6" role="img">'
        f"<title>{escape(str(tuple(shape)))}</title>{filled}{''.join(lines)}</svg>"
    )


def _sides(sizes: Sequence[int]) -> list[float]:
    """Return lengths that tell long from short, however far they are apart."""
    longest = max(sizes)
    return [max(_SHORTEST, _LONGEST * (size / longest) ** 0.6) for size in sizes]


def _edges(size: int, chunk: int, side: float) -> list[float]:
    count = -(-size // chunk)
    stride = -(-count // _LINES_MAX)
    edges = [side * at * chunk / size for at in range(0, count, stride)]
    return [*edges, side]


def _cells(
    axes: Sequence[tuple[int, int]], sides: Sequence[float], stored: Sequence[bool]
) -> str:
    """Fill the chunks that are stored; all of them alike if there are too many."""
    (rows, row_chunk), (columns, column_chunk) = axes
    across = -(-columns // column_chunk)
    if len(stored) > _CELLS_MAX:
        part = sum(stored) / len(stored)
        return _filled(0, 0, sides[1], sides[0], 0.45 * part)
    cells = []
    for number, is_stored in enumerate(stored):
        row, column = divmod(number, across)
        if is_stored:
            top, left = row * row_chunk, column * column_chunk
            high = min(row_chunk, rows - top) / rows * sides[0]
            wide = min(column_chunk, columns - left) / columns * sides[1]
            y, x = top / rows * sides[0], left / columns * sides[1]
            cells.append(_filled(x, y, wide, high, 0.45))
    return "".join(cells)


def _filled(x: float, y: float, wide: float, high: float, opacity: float) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" '
        f'fill="currentColor" fill-opacity="{opacity:.2f}" stroke="none"/>'
    )


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Read by Prometheus' own parser, and by a stricter look at what that lets pass.
"""The text that Prometheus scrapes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

import chimaera
from chimaera.prometheus import prometheus_text
from python import programs

_SAMPLE = re.compile(
    r"[a-zA-Z_:][a-zA-Z0-9_:]*"
    r'(\{([a-zA-Z_][a-zA-Z0-9_]*="(\\[\\"n]|[^"\\\n])*",?)+\})? '
    r"([-+]?[0-9][-+.e0-9]*|\+Inf)"
)


def _families(document: dict[str, Any]) -> dict[str, Any]:
    """Parse strictly; families by name."""
    text = prometheus_text(document)
    assert text.endswith("\n")
    seen: set[str] = set()
    current = ""
    for line in text.splitlines():
        if line.startswith("# HELP "):
            current = line.split(" ")[2]
            assert current not in seen, "the samples of a family stand together"
            seen.add(current)
        elif line.startswith("# TYPE "):
            assert line.split(" ")[2] == current
        else:
            assert _SAMPLE.fullmatch(line), line
            assert re.split(r"[{ ]", line)[0].startswith(current), line
    families = list(text_string_to_metric_families(text))
    for family in families:
        if family.type == "histogram":
            _check_histogram(family)
    return {family.name: family for family in families}


def _check_histogram(family: Any) -> None:
    """Buckets grow to infinity, which is the count."""
    rows: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = {}
    counts = {}
    for sample in family.samples:
        labels = dict(sample.labels)
        bound = labels.pop("le", None)
        key = tuple(sorted(labels.items()))
        if sample.name.endswith("_bucket"):
            rows.setdefault(key, []).append((float(bound), sample.value))
        elif sample.name.endswith("_count"):
            counts[key] = sample.value
    assert rows
    for key, buckets in rows.items():
        bounds = [bound for bound, _ in buckets]
        values = [value for _, value in buckets]
        assert bounds == sorted(bounds)
        assert bounds[-1] == float("inf")
        assert values == sorted(values)
        assert values[-1] == counts[key]


def _value(family: Any, **labels: str) -> float:
    """Return the one sample that has these labels."""
    (found,) = [
        sample.value
        for sample in family.samples
        if all(sample.labels.get(name) == text for name, text in labels.items())
    ]
    return float(found)


def test_text_says_what_the_document_says(rt: chimaera.Runtime) -> None:
    """Counters, gauges and histograms of a runtime at work."""
    echo = rt.echo("seen")
    device = rt.bdev(size_bytes=1 << 20)
    device.write(device.allocate(4096), bytes(4096))
    for _ in range(100):
        echo.null()
    document = rt.metrics()
    families = _families(document)
    tasks = families["chimaera_method_tasks"]
    assert tasks.type == "counter"
    assert _value(tasks, name="seen", method="Null") == 100
    assert _value(families["chimaera_device_writes"], device=str(device.id)) == 1
    assert _value(families["chimaera_healthy"]) == 1
    runs = families["chimaera_method_run_seconds"]
    (told,) = [
        method["run_s"]["count"]
        for pool in document["pools"]
        for method in pool["methods"]
        if pool["name"] == "seen" and method["name"] == "Null"
    ]
    counts = [
        sample.value
        for sample in runs.samples
        if sample.name.endswith("_count")
        and (sample.labels["name"], sample.labels["method"]) == ("seen", "Null")
    ]
    assert counts == [told]


def test_odd_names_are_escaped(rt: chimaera.Runtime) -> None:
    """Whatever a pool is called, the line stays one line."""
    name = 'a "b"\\c\nd'
    rt.echo(name).null()
    assert _value(_families(rt.metrics())["chimaera_method_tasks"], name=name) >= 1


def test_a_bucket_counts_where_all_of_it_fits() -> None:
    """A bucket of the document that lies across a bound counts above it."""
    histogram = {"count": 5, "sum_s": 1.0, "buckets": [[1.5e-6, 2], [7200.0, 3]]}
    document = {
        "uptime_s": 1.0,
        "workers": [{"index": 0, "kind": "both", "run_s": histogram}],
    }
    buckets = {
        sample.labels["le"]: sample.value
        for sample in _families(document)["chimaera_worker_run_seconds"].samples
        if sample.name.endswith("_bucket")
    }
    assert buckets["1e-06"] == 0
    assert buckets["2e-06"] == 2
    assert buckets["+Inf"] == 5


def test_command_prints_and_switches(daemon: Path) -> None:
    """The command tells people and programs, and switches histograms."""
    where = ("--runtime-dir", daemon)

    def sampling() -> dict[str, Any]:
        done = programs.chimaera("metrics", "--json", *where)
        told: dict[str, Any] = json.loads(done.stdout)["sampling"]
        return told

    assert "GetMetrics" in programs.chimaera("metrics", *where).stdout
    text = programs.chimaera("metrics", "--prometheus", *where).stdout
    assert list(text_string_to_metric_families(text))
    assert programs.chimaera("metrics", "--off", *where).returncode == 0
    assert sampling() == {"on": False, "one_in": 64}
    done = programs.chimaera("metrics", "--on", "--one-in", "8", *where)
    assert done.returncode == 0, done.stderr
    assert sampling() == {"on": True, "one_in": 8}

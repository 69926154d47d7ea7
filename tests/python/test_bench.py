# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What the report looks like and that nothing is missing from it. Whether a target
# is met is not asked: a test machine is busy.
"""The command `chimaera bench`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

from chimaera.bench import TOPICS, Figure
from chimaera.bench.figure import NotMeasuredError, compared
from chimaera.bench.instructions import count

KEYS = {
    "name",
    "value",
    "unit",
    "reference",
    "reference_value",
    "ratio",
    "target",
    "met",
}
NEEDS_VALGRIND = ("null_task_instructions", "typed_vs_handwritten")


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chimaera", "bench", "--quick", *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def names_of(topic: str) -> list[str]:
    return [name for names, _ in TOPICS[topic] for name in names]


@pytest.mark.parametrize("topic", TOPICS)
def test_json_holds_every_figure_of_a_topic_and_nothing_else(topic: str) -> None:
    done = bench(topic, "--json")

    report = json.loads(done.stdout)
    assert list(report) == ["figures"], done.stderr
    figures: list[dict[str, Any]] = report["figures"]
    assert sorted(f["name"] for f in figures) == sorted(names_of(topic))
    for figure in figures:
        assert set(figure) == KEYS
        if figure["name"] in NEEDS_VALGRIND and not shutil.which("valgrind"):
            assert figure["value"] is None
            continue
        assert isinstance(figure["value"], (int, float)), done.stderr
        assert (figure["reference"] is None) == (figure["ratio"] is None)
        assert isinstance(figure["met"], bool) == (figure["target"] is not None)
        if figure["ratio"] is not None:
            assert figure["reference_value"] > 0
            assert figure["ratio"] > 0
    assert done.returncode == int(any(f["value"] is None for f in figures))


def test_the_table_holds_a_line_per_figure() -> None:
    done = bench("idle")

    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["idle_cpu", "first_answer"]
    assert all("target <=" in line for line in lines)


def test_an_unknown_topic_is_a_wrong_command_line() -> None:
    done = bench("latencies")

    assert done.returncode == 2
    assert "latency" in done.stderr


def test_what_cannot_be_measured_says_so() -> None:
    figure = Figure("some", None, "", target=1.0)

    assert figure.met is None
    assert "not measured" in str(figure)


def test_a_ratio_is_compared_on_its_good_side() -> None:
    fast = compared("some", [2.0] * 3, "1/s", "r", [1.0] * 3, target=2, bound=">=")
    slow = compared("some", [2.0] * 3, "ns", "r", [1.0] * 3, target=1.9, bound="<=")

    assert fast.met
    assert slow.met is False
    assert "MISSED" in str(slow)


def test_counting_needs_valgrind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NotMeasuredError, match="valgrind"):
        count(tmp_path / "loop", tmp_path / "out")

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Method Annotate of testing.sample takes and gives all kinds of them.
"""Values without a fixed size: lists of texts, lists of lists, structs of such."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import chimaera
from chimaera import testing
from chimaera.errors import BadRequestError
from python import modules

NOTE: dict[str, Any] = {
    "text": "ü",
    "data": b"\0\xff",
    "mode": "exact",
    "at": (0.5, -1),
    "marks": [-1, 300],
    "modes": ["fast", 5],
    "flags": [True, False],
    "points": [(1, 2), {"x": 3, "y": 4}],
    "lines": [["a", "b"], [], [""]],
    "tags": [("key", 7)],
    "tag": {"key": "", "value": -(2**63)},
}


@pytest.fixture(scope="module", name="rt")
def _rt() -> Iterator[chimaera.Runtime]:
    yield from modules.connected()


@pytest.fixture(scope="module")
def sample(rt: chimaera.Runtime) -> Any:
    return rt.module("testing.sample").create("sample", num_containers=4)


def check(note: Any) -> None:
    assert (note.text, note.data, note.mode.name) == ("ü", b"\0\xff", "EXACT")
    assert (note.at.x, note.at.y) == (0.5, -1)
    assert note.marks.dtype == np.int16
    assert note.marks.tolist() == [-1, 300]
    assert [each.name for each in note.modes] == ["FAST", "EXACT"]
    assert note.flags.tolist() == [True, False]
    assert [each.x for each in note.points] == [1, 3]
    assert note.lines == [["a", "b"], [], [""]]
    assert [(each.key, each.value) for each in note.tags] == [("key", 7)]
    assert note.tag.value == -(2**63)


def test_they_go_there_and_back(sample: Any) -> None:
    found = sample.annotate(NOTE, names=["x", "", "yy"], grid=[[1.5], [], (2, 3)])
    check(found.first)
    check(found.notes[0])
    assert found.names == ["x", "", "yy"]
    assert [each.tolist() for each in found.grid] == [[1.5], [], [2, 3]]
    found.grid[0][0] = 7  # it is the caller's own
    again = sample.annotate(found.first, notes=found.notes, names=tuple("ab"))
    check(again.notes[1])
    assert again.names == ["a", "b"]


def test_what_nobody_has_set_is_empty(sample: Any) -> None:
    found = sample.annotate(NOTE)
    assert found.names == found.grid == []
    unset = found.unset
    assert (unset.text, unset.data, unset.mode.name) == ("", b"", "FAST")
    assert unset.marks.size == 0
    assert unset.lines == unset.points == []
    assert unset.tag.value == 0


@pytest.mark.parametrize("given", [[True, False], np.array([False, True, True])])
def test_a_list_of_bools_is_an_array_of_bools(sample: Any, given: Any) -> None:
    found = sample.annotate(NOTE, flags=given).flags
    assert found.dtype == np.bool_
    assert found.tolist() == list(given)


def test_answers_of_several_containers_become_one(sample: Any) -> None:
    found = sample.annotate(NOTE, query=chimaera.PoolQuery.broadcast())
    assert sorted(found.ids) == ["0", "1", "2", "3"]


def test_a_list_of_them_is_a_column(sample: Any) -> None:
    notes = [{**NOTE, "text": text} for text in "abc"]
    found = sample.annotate_many(notes, names=[["x"], [], ["y", "z"]])
    assert [each.text for each in found["first"]] == ["a", "b", "c"]
    assert found["names"].tolist() == [["x"], [], ["y", "z"]]
    same = sample.annotate_many(NOTE, names=("x", "y"), num_tasks=2)
    assert same["names"].tolist() == [["x", "y"]] * 2


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"names": "abc"}, TypeError, "names is 'abc' (str): a sequence of string"),
        ({"names": ["a", 1]}, TypeError, "names[1] is 1 (int): a string is wanted"),
        ({"grid": [[1], ["x"]]}, TypeError, "grid[1] is ['x'] (list): numbers of"),
        ({"flags": [True, 1]}, TypeError, "flags[1] is 1 (int): a bool is wanted"),
        ({"note": {**NOTE, "mode": "fsat"}}, BadRequestError, "note.mode is 'fsat'"),
        ({"note": {**NOTE, "marks": [2**15]}}, BadRequestError, "note.marks has 32768"),
        ({"note": {**NOTE, "tags": [("k",)]}}, BadRequestError, "note.tags[0] has 1"),
        ({"notes": [{"text": ""}]}, BadRequestError, "notes[0]: 'data' is missing"),
        (
            {"note": {**NOTE, "lines": [["a"], [b"b"]]}},
            TypeError,
            "note.lines[1][0] is b'b' (bytes): a string is wanted",
        ),
    ],
)
def test_a_wrong_value_deep_inside_is_named(
    sample: Any, given: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as raised:
        sample.annotate(**{"note": NOTE, **given})
    assert str(raised.value).startswith("testing.sample.annotate: ")
    assert words in str(raised.value)


@pytest.mark.usefixtures("rt")
def test_more_bytes_than_are_possible_are_named(sample: Any) -> None:
    words = r"names.* has 67108865 packed bytes; at most 67108864 are possible"
    with pytest.raises(BadRequestError, match=words):
        sample.annotate(NOTE, names=["x" * (2**26 - 15)])


def test_a_fake_has_them_too() -> None:
    def annotate(**given: Any) -> tuple[Any, ...]:
        note, names = given["note"], given["names"]
        return (names, given["flags"], [[1.0]], [note], note, note, ["id"])

    fake = testing.fake_module("testing.sample", annotate=annotate)
    found = fake.annotate(NOTE, names=["a"])
    check(found.first)
    assert (found.names, found.ids) == (["a"], ["id"])

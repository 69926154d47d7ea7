# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Rows in, rows out; and fakes, which take the same way without a runtime.
"""Many calls of typed methods at once, and fakes of modules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import chimaera
from chimaera import testing
from chimaera.errors import (
    BadRequestError,
    DeadlineExceededError,
    ModuleError,
    NotFoundError,
    UnimplementedError,
)
from python import modules
from python.modules import SUMMARY

FIRST = chimaera.PoolQuery.direct_id(0)
BLOCKS = ((1, 2), [])


@pytest.fixture(scope="module", name="rt")
def _rt() -> Iterator[chimaera.Runtime]:
    yield from modules.connected()


@pytest.fixture(scope="module")
def sample(rt: chimaera.Runtime) -> Any:
    return rt.module("testing.sample").create("sample", num_containers=4)


@pytest.mark.parametrize("numbers", [range(1000), np.arange(1000, dtype=np.uint8) * 0])
def test_each_row_has_its_result(sample: Any, numbers: Any) -> None:
    found = sample.combine_many(numbers, query=FIRST)
    assert found.dtype.names == ("sum", "low", "high", "all", "text", "first")
    assert found["low"].tolist() == list(numbers)
    assert found["sum"].dtype == np.int64
    assert found["text"].tolist() == ["0"] * 1000
    assert found["all"][999].tolist() == [0]


def test_the_only_result_is_an_array(rt: chimaera.Runtime, sample: Any) -> None:
    values = rt.array(np.ones((5, 2, 3)))
    before = rt.bytes_staged
    totals = sample.scale_many(values, rt.zeros(0, "f4"), factor=[1, 2, 3, 4, 5])
    assert totals.tolist() == [6, 12, 18, 24, 30]
    assert values[4].tolist() == [[5] * 3] * 2
    assert rt.bytes_staged == before
    apart = [np.ones((1, 1)), np.ones((2, 2))]
    assert sample.scale_many(apart, np.zeros(0, "f4")).tolist() == [2, 8]
    assert (apart[1] == 2).all()


def test_results_that_do_not_exist_are_codes(sample: Any) -> None:
    assert sample.fail_many([0] * 300).tolist() == [0] * 300
    assert sample.null_many(num_tasks=7).tolist() == [0] * 7
    assert sample.fail_many([]).size == 0
    codes = sample.fail_many(np.arange(5), text=list("abcde"), errors="return")
    assert codes.tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(ModuleError, match="task 1 of 5: b"):
        sample.fail_many(np.arange(5), text=list("abcde"))


def test_every_type_may_be_a_column_or_one_for_all(sample: Any) -> None:
    found = sample.echo_many(
        [SUMMARY, {**SUMMARY, "count": 2}],
        [[SUMMARY], []],
        (BLOCKS[0], [[], []]),
        flag=[True, False],
        mode=["fast", 5],
        text=["a", "b"],
        data=b"same",
        numbers=np.arange(4).reshape(2, 2),
        real=np.array([0.5, 1]),
    )
    assert found["summary"]["count"].tolist() == [1, 2]
    assert found["summary"]["at"]["y"].tolist() == [-1, -1]
    assert [len(each) for each in found["summaries"]] == [1, 0]
    assert found["flag"].tolist() == [True, False]
    assert [each.name for each in found["mode"]] == ["FAST", "EXACT"]
    assert [each.name for each in found["summary"]["mode"]] == ["EXACT", "EXACT"]
    assert found["summary"]["at"]["x"].tolist() == [0.5, 0.5]
    assert found["text"].tolist() == ["a", "b"]
    assert found["data"].tolist() == [b"same"] * 2
    assert [each.tolist() for each in found["numbers"]] == [[0, 1], [2, 3]]
    again = sample.echo_many(found["summary"], (), ((1, 2), [[], []]), text=["c", "d"])
    assert (again["summary"] == found["summary"]).all()


def test_what_fails_has_zeros_and_none(sample: Any) -> None:
    nowhere = chimaera.PoolQuery.direct_id(99)
    rows, codes = sample.combine_many([1, 2], query=nowhere, errors="return")
    assert codes.tolist() == [NotFoundError.status_code] * 2
    assert rows["sum"].tolist() == [0, 0]
    assert rows["all"].tolist() == [None, None]


def test_each_task_has_the_methods_deadline(sample: Any) -> None:
    codes = sample.wait_many([10**6] * 3, timeout_s=60, errors="return")
    assert set(codes.tolist()) == {DeadlineExceededError.status_code}


def test_rows_that_do_not_fit_are_refused(sample: Any) -> None:
    with pytest.raises(BadRequestError, match="different numbers: 2, 3"):
        sample.fail_many([1, 2], text=["a", "b", "c"])
    with pytest.raises(BadRequestError, match="how many"):
        sample.fail_many(1)
    with pytest.raises(BadRequestError, match="code has -1: uint32 is"):
        sample.fail_many([-1])
    with pytest.raises(TypeError, match=r"text\[1\] is 2 \(int\)"):
        sample.fail_many([1, 2], text=["a", 2])


# ---- fakes


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHI_REPO_PATH", modules.library_dir())


@pytest.mark.usefixtures("path")
def test_a_fake_checks_as_the_module_does() -> None:
    fake = testing.fake_module(
        "testing.sample",
        scale=lambda values, weights, factor: values.sum() * factor + weights.sum(),
        combine=lambda number: (number, 0, 0, [1], "x", 2),
        fail=lambda **_: None,
        echo=lambda **given: given,
    )
    pool = fake.create("any")
    assert pool.scale(np.ones((2, 2)), np.ones(1, "f4"), factor=3) == 13
    assert pool.combine(5).all.tolist() == [1]
    assert pool.combine_async(6).result().sum == 6
    assert pool.combine_many([7, 8])["sum"].tolist() == [7, 8]
    assert pool.echo(SUMMARY, [SUMMARY], BLOCKS).summaries[0].mean == 2.5
    assert fake.calls[0][1]["factor"] == 3
    with pytest.raises(BadRequestError, match="number is 2147483648: int32"):
        pool.combine(2**31)
    with pytest.raises(TypeError, match="values"):
        pool.scale([1.0], [])
    with pytest.raises(UnimplementedError, match="vote"):
        pool.vote()


@pytest.mark.usefixtures("path")
def test_a_fake_that_the_module_could_not_be_is_refused() -> None:
    with pytest.raises(BadRequestError, match="no method 'scael'"):
        testing.fake_module("testing.sample", scael=lambda: None)
    fake = testing.fake_module("testing.sample", vote=lambda: -1, null=lambda: 3)
    with pytest.raises(BadRequestError, match=r"result yes_votes of the fake .* is -1"):
        fake.vote()
    with pytest.raises(BadRequestError, match="returns nothing"):
        fake.null()
    with pytest.raises(BadRequestError, match="describes no methods"):
        testing.fake_module("chimaera.bdev")


@pytest.mark.usefixtures("path")
async def test_a_fake_is_awaited() -> None:
    fake = testing.fake_module("testing.sample", vote=lambda: 3)
    assert await fake.vote_async() == 3

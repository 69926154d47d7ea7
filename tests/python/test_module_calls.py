# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Calls of typed methods one by one; test_module_many.py has those of many.
"""Modules describe themselves, and Python calls them."""

from __future__ import annotations

import inspect
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import chimaera
from chimaera import compose
from chimaera.codegen.cli import main as refresh_repo
from chimaera.errors import (
    BadRequestError,
    CancelledError,
    DeadlineExceededError,
    ModuleError,
    ModuleExceptionError,
    NotFoundError,
    VersionMismatchError,
)
from chimaera.typed.description import Field, Method, ModuleDescription, Type
from chimaera.typed.source import client_source
from python import modules, programs
from python.modules import SUMMARY

LONG_S = 60.0


@pytest.fixture(scope="module", name="rt")
def _rt() -> Iterator[chimaera.Runtime]:
    yield from modules.connected()


@pytest.fixture(scope="module")
def sample(rt: chimaera.Runtime) -> Any:
    return rt.module("testing.sample").create("sample", num_containers=4)


def echo(sample: Any, **given: Any) -> Any:
    values = {"summary": SUMMARY, "summaries": [], "blocks": ((1, 2), []), **given}
    return sample.echo(**values)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("flag", True),
        ("flag", np.True_),
        ("small", -128),
        ("small", np.int8(127)),
        ("large", 2**64 - 1),
        ("large", 0),
        ("signed_large", -(2**63)),
        ("signed_large", 2**63 - 1),
        ("real", 0.25),
        ("real", 3),
        ("real", math.inf),
        ("limit", -1e300),
        ("limit", np.float32(0.5)),
        ("text", ""),
        ("text", "ü" * 1000),
        ("data", b""),
        ("data", b"\0\xff" * 500),
    ],
)
def test_a_value_goes_there_and_back(sample: Any, name: str, value: Any) -> None:
    found = getattr(echo(sample, **{name: value}), name)
    assert found == value
    assert type(found) in {bool, int, float, str, bytes}


def test_what_is_left_out_has_its_default(sample: Any) -> None:
    found = echo(sample)
    assert (found.small, found.large, found.real) == (-128, 2**64 - 1, 0.5)
    assert found.limit == math.inf
    assert found.text == 'a "quoted" ü\n?'
    assert found.mode.name == "EXACT"
    assert found.numbers.size == 0


def test_buffers_are_bytes(sample: Any) -> None:
    assert echo(sample, data=bytearray(b"ab")).data == b"ab"
    assert echo(sample, data=memoryview(b"abc")[1:]).data == b"bc"


def test_an_enum_is_given_by_name_number_or_member(sample: Any) -> None:
    member = echo(sample, mode="fast").mode
    assert repr(member) == "<Mode.FAST: 0>"
    for given in (0, member, "FAST"):
        assert echo(sample, mode=given).mode is member


@pytest.mark.parametrize(
    "given", [(), [1, -2], range(3), np.arange(5), np.arange(9, dtype=np.uint8)[::3]]
)
def test_a_list_is_any_sequence_of_numbers(sample: Any, given: Any) -> None:
    found = echo(sample, numbers=given).numbers
    assert found.dtype == np.int32
    assert found.tolist() == list(given)
    found[...] = 7  # it is the caller's own


def test_a_struct_is_a_mapping_a_tuple_or_its_class(sample: Any) -> None:
    found = echo(sample).summary
    assert (found.count, found.mean, found.at.x, found.at.y) == (1, 2.5, 0.5, -1)
    assert found.mode.name == "EXACT"
    again = echo(sample, summary=found, summaries=[found, (2, 0.0, 0, found.at)])
    assert again.summary == found
    assert [each.count for each in again.summaries] == [1, 2]


def test_blocks_are_a_device_and_its_blocks(rt: chimaera.Runtime, sample: Any) -> None:
    device = rt.bdev(size_bytes=1 << 20)
    one, two = device.allocate(4096), device.allocate(4096)
    found = echo(sample, blocks=(device, [one, two])).blocks
    assert found.pool == device.id
    assert found.blocks == [one, two]
    assert echo(sample, blocks=(tuple(device.id), one)).blocks.blocks == [one]
    assert echo(sample, blocks=found).blocks == found


def test_an_array_in_shared_memory_is_worked_on_in_place(
    rt: chimaera.Runtime, sample: Any
) -> None:
    values = rt.array(np.arange(6.0).reshape(3, 2))
    weights = rt.array(np.array([1, 10], np.float32))
    before = rt.bytes_staged
    assert sample.scale(values, weights, factor=3) == 3 * (0 + 2 + 4 + 10 + 30 + 50)
    assert values.tolist() == [[0, 3], [6, 9], [12, 15]]
    assert rt.bytes_staged == before
    assert sample.scale(values[1:2], weights[:0]) == 2 * (6 + 9)
    assert values.tolist() == [[0, 3], [12, 18], [12, 15]]


def test_any_other_array_is_copied_and_counted(
    rt: chimaera.Runtime, sample: Any
) -> None:
    values = np.ones((4, 2))
    before = rt.bytes_staged
    assert sample.scale(values, np.zeros(0, np.float32)) == 16
    assert (values == 2).all()
    assert rt.bytes_staged == before + values.nbytes
    assert sample.scale(values[:0], []) == 0


def test_views_of_any_strides_are_copied_once(
    rt: chimaera.Runtime, sample: Any
) -> None:
    whole = np.arange(24.0).reshape(4, 6)
    for base in (whole.copy(), rt.array(whole)):
        for view in (base.T, base[::2, 1::3], base[::-1], np.asfortranarray(base)):
            expected, before = view * 3, rt.bytes_staged
            weights = np.arange(2 * view.shape[1], dtype=np.float32)[::2]
            total = sample.scale(view, weights, factor=3)
            assert total == (expected * weights).sum()
            assert (view == expected).all()
            assert rt.bytes_staged == before + view.nbytes + weights.nbytes
    cube = np.ones((2, 3, 4)).transpose(2, 0, 1)
    totals = sample.scale_many(cube, np.zeros(0, np.float32))
    assert totals.tolist() == [12.0] * 4
    assert (cube == 2).all()


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"small": 128}, BadRequestError, "small is 128: int8 is -128 to 127"),
        ({"small": "1"}, TypeError, "small is '1' (str): int8 is wanted"),
        ({"small": 1.0}, TypeError, "small is 1.0 (float): int8"),
        ({"small": True}, TypeError, "small is True (bool): int8"),
        ({"large": -1}, BadRequestError, "large is -1: uint64 is 0 to 1844"),
        ({"large": 2**64}, BadRequestError, "large is 18446744073709551616"),
        ({"real": 1e39}, BadRequestError, "real is 1e+39 (float): too large for"),
        ({"limit": 10**400}, BadRequestError, "too large for float64"),
        ({"limit": "x"}, TypeError, "limit is 'x' (str): float64 is wanted"),
        ({"flag": 1}, TypeError, "flag is 1 (int): a bool is wanted"),
        ({"text": b"x"}, TypeError, "text is b'x' (bytes): a string is wanted"),
        ({"text": "\ud800"}, BadRequestError, "text is not to be encoded"),
        ({"data": "x"}, TypeError, "data is 'x' (str): bytes"),
        ({"mode": "fsat"}, BadRequestError, "fast (0), exact (5); did you mean"),
        ({"mode": 1}, BadRequestError, "mode is 1, which Mode has not"),
        ({"mode": 0.0}, TypeError, "mode is 0.0 (float): a Mode"),
        ({"numbers": [2**31]}, BadRequestError, "numbers has 2147483648: int32 is"),
        ({"numbers": [2**70]}, BadRequestError, "numbers has 1180591620717411303424"),
        ({"numbers": [1.5]}, TypeError, "numbers is [1.5] (list): numbers of int32"),
        ({"numbers": [[1]]}, BadRequestError, "numbers has 2 axes: 1 of int32"),
        ({"numbers": 1}, BadRequestError, "numbers has 0 axes"),
        ({"summary": 5}, TypeError, "summary is 5 (int): a Summary, a mapping or"),
        ({"summary": (1, 2)}, BadRequestError, "summary has 2 values: Summary has 4"),
        (
            {"summary": {"conut": 1}},
            BadRequestError,
            "no 'conut'; did you mean 'count'",
        ),
        ({"summary": {"count": 1}}, BadRequestError, "summary: 'mean' is missing"),
        ({"summary": (1, 2, 0, (3, "y"))}, TypeError, "summary.at.y is 'y' (str)"),
        ({"summaries": [SUMMARY, 3]}, TypeError, "summaries[1] is 3 (int)"),
        ({"summaries": SUMMARY}, TypeError, "a sequence of Summary is wanted"),
        ({"blocks": []}, TypeError, "blocks is [] (list): a pair of a device"),
        ({"blocks": (3, [])}, TypeError, "blocks[0] is 3 (int): a device"),
        ({"blocks": ((1, 2), [3])}, TypeError, "blocks[1] is 3 (int): a Block"),
    ],
)
def test_a_wrong_argument_is_named(
    sample: Any, given: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as raised:
        echo(sample, **given)
    assert str(raised.value).startswith("testing.sample.echo: ")
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ([[1.0]], TypeError, "an array of float64 with 2 axes is wanted"),
        (np.ones((2, 2), np.float32), TypeError, "values has dtype float32: an"),
        (np.ones(2), BadRequestError, "values has 1 axes, shape (2,)"),
        (np.broadcast_to(1.0, (2, 2)), BadRequestError, "values is read-only"),
    ],
)
def test_a_wrong_array_is_named(
    sample: Any, values: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as raised:
        sample.scale(values, [])
    assert words in str(raised.value)


def test_errors_of_a_method_are_exceptions(sample: Any) -> None:
    sample.fail(0)
    with pytest.raises(ModuleError, match="mine") as raised:
        sample.fail(77, text="mine")
    assert raised.value.code == 77
    with pytest.raises(ModuleExceptionError, match="thrown"):
        sample.fail(1, text="thrown", throws=True)


def test_a_query_says_which_container(sample: Any) -> None:
    assert sample.combine(1, query=chimaera.PoolQuery.direct_id(3)).first == 103
    everywhere = sample.combine(1, query=chimaera.PoolQuery.broadcast())
    assert (everywhere.sum, everywhere.low, everywhere.high) == (10, 1, 4)
    assert sorted(everywhere.all.tolist()) == [0, 1, 2, 3]
    with pytest.raises(NotFoundError, match="container 9 of 4"):
        sample.vote(query=chimaera.PoolQuery.direct_id(9))


def test_futures_are_waited_for_or_awaited(sample: Any) -> None:
    first = chimaera.PoolQuery.direct_id(0)
    futures = [sample.combine_async(i, query=first) for i in range(20)]
    assert [each.low for each in chimaera.gather(*futures)] == list(range(20))


async def test_a_typed_call_is_awaited(sample: Any) -> None:
    first = chimaera.PoolQuery.direct_id(0)
    assert (await sample.combine_async(5, query=first)).low == 5


def test_a_call_is_cancelled(sample: Any) -> None:
    future = sample.wait_async(10**6, timeout_s=1000)
    assert future.cancel()
    with pytest.raises(CancelledError):
        future.result(LONG_S)


def test_the_deadline_is_the_methods_own(sample: Any) -> None:
    with pytest.raises(DeadlineExceededError):
        sample.wait_async(10**6).result(LONG_S)
    with pytest.raises(DeadlineExceededError):
        sample.wait(10**6)


def test_who_waits_longer_gives_the_method_more_time(sample: Any) -> None:
    sample.wait(100, timeout_s=LONG_S)
    sample.wait_async(100, timeout_s=LONG_S).result(LONG_S)


def test_what_a_method_says_is_seen(rt: chimaera.Runtime, sample: Any) -> None:
    wait = sample.methods["wait"]
    assert wait.idempotent
    assert wait.deadline_s == 0.05
    assert not sample.methods["scale"].idempotent
    signature = inspect.signature(sample.scale)
    assert list(signature.parameters) == [
        *("values", "weights", "factor", "query", "timeout_s"),
    ]
    assert signature.parameters["factor"].default == 2
    text = inspect.getdoc(sample.scale) or ""
    assert text.startswith("Multiplies numbers in place, and adds them up.")
    assert "values : (n0, n1) ndarray of float64, m\n    Changed." in text
    assert "Its deadline is 20 s." in text
    assert "Idempotent" in (inspect.getdoc(sample.wait) or "")
    assert "scale" in dir(rt.module("testing.sample"))


def test_an_old_name_still_works(sample: Any) -> None:
    assert sample.multiply(np.ones((1, 1)), []) == 2


def test_a_module_is_called_without_a_pool(rt: chimaera.Runtime) -> None:
    module = rt.module("testing.sample")
    assert module.combine(7).low == 7
    assert rt.pool("testing.sample").id == module.pool("testing.sample").id
    echo = rt.module("chimaera.echo")
    assert echo.echo("hello") == "hello"  # of the class written by hand
    echo.typed_null()


def test_an_unknown_name_tells_the_nearest(rt: chimaera.Runtime, sample: Any) -> None:
    with pytest.raises(AttributeError, match="'scael'; did you mean 'scale'"):
        sample.scael  # noqa: B018
    with pytest.raises(AttributeError, match="did you mean 'combine'"):
        rt.module("testing.sample").comibne(1)
    with pytest.raises(NotFoundError) as raised:
        rt.module("testing.sampel")
    assert modules.library_dir() in str(raised.value)
    assert "did you mean 'testing.sample'" in str(raised.value)
    with pytest.raises(BadRequestError, match=r"write 'namespace\.module'"):
        rt.module("sample")


def test_a_pool_of_another_module_is_refused(rt: chimaera.Runtime) -> None:
    rt.echo("mine")
    with pytest.raises(BadRequestError, match="'mine' is of chimaera_echo"):
        rt.module("testing.sample").pool("mine")


def test_a_client_of_another_description_is_refused(
    rt: chimaera.Runtime, sample: Any
) -> None:
    class Other(type(sample)):  # type: ignore[misc]
        schema_hash = 1

    with pytest.raises(VersionMismatchError, match="from another chimaera_mod"):
        Other(rt, sample.id, sample.name)


def test_the_build_writes_the_same_client_to_a_file(
    rt: chimaera.Runtime, sample: Any, tmp_path: Path
) -> None:
    repository = Path(__file__).parents[1] / "chimods"
    assert refresh_repo([str(repository), "--build-dir", str(tmp_path)]) == 0
    written = tmp_path / "python" / "testing_sample.py"
    assert written.read_text("utf-8") == client_source(sample.description)
    names: dict[str, Any] = {"__name__": sample.types[0].__module__}
    exec(compile(written.read_text("utf-8"), str(written), "exec"), names)  # noqa: S102
    pool = names["SamplePool"].create(rt, "sample")
    assert pool.id == sample.id
    assert pool.echo(SUMMARY, [], ((1, 2), [])).summary.count == 1


def test_the_written_client_passes_mypy(tmp_path: Path, sample: Any) -> None:
    written = tmp_path / "testing_sample.py"
    written.write_text(client_source(sample.description), "utf-8")
    user = tmp_path / "user.py"
    user.write_text(
        "from testing_sample import Mode, SamplePool\n\n\n"
        "def total(pool: SamplePool) -> int:\n"
        "    found = pool.combine(3)\n"
        "    mode: Mode = pool.echo((1, 2.0, 0, (3, 4)), [], ((1, 2), [])).mode\n"
        "    pool.create(pool.runtime, label='x', mode='fast')\n"
        "    return found.sum + mode + pool.combine_async(1).result().low\n"
    )
    source = Path(__file__).parents[2] / "src"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path, user],
        env={**os.environ, "MYPYPATH": f"{source}:{tmp_path}"},
        capture_output=True,
        text=True,
        timeout=programs.TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_a_module_with_a_monitor_is_asked(sample: Any) -> None:
    sample.null()
    assert 10 in sample.tell_monitored()


def settings_of(pool: Any) -> dict[str, Any]:
    told = pool.tell_settings()
    return {name: getattr(told, name) for name in told.__slots__}


def test_a_pool_is_made_with_settings(rt: chimaera.Runtime) -> None:
    module = rt.module("testing.sample")
    plain = settings_of(module.create("with defaults"))
    assert plain["label"] == "plain"
    given = {"label": "a: 'b'", "limit": 7, "offset": -9, "ratio": math.inf}
    given |= {"strict": True, "mode": "fast"}
    pool = module.create("with settings", **given)
    found = settings_of(pool)
    assert found.pop("mode").name == "FAST"
    assert found == {name: given[name] for name in found}
    kind = module.pool_class
    assert settings_of(kind.create(rt, "of a size", limit="2KB"))["limit"] == 2048
    assert settings_of(kind.create(rt, "of a member", mode=0))["mode"].name == "FAST"
    signature = inspect.signature(kind.create)
    assert signature.parameters["ratio"].default == 0.25
    # What compose files are made of.
    exported = yaml.safe_load(compose.export(rt))["compose"]
    [entry] = [each for each in exported if each["pool_name"] == "with settings"]
    assert {name: entry[name] for name in given} == {**given, "ratio": "inf"}


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"lable": "x"}, BadRequestError, "no setting 'lable'; did you mean 'label'"),
        ({"label": 1}, TypeError, "setting label is 1 (int): a string is wanted"),
        ({"limit": -1}, BadRequestError, "setting limit is -1: uint64 is 0 to"),
        ({"limit": "much"}, BadRequestError, "limit"),
        ({"offset": 2**31}, BadRequestError, "setting offset is 2147483648"),
        ({"mode": "fsat"}, BadRequestError, "exact (5); did you mean 'fast'"),
        ({"label": "bad"}, BadRequestError, "a bad label"),
    ],
)
def test_a_wrong_setting_is_named(
    rt: chimaera.Runtime, given: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as raised:
        rt.module("testing.sample").create("never", **given)
    assert words in str(raised.value)
    assert all(info.name != "never" for info in rt.pools())


def test_names_that_python_has_are_changed() -> None:
    methods = tuple(Method(10 + i, name) for i, name in enumerate(["Float", "Call"]))
    limit = Field("limit", Type("float", "float64"), default="inf")
    methods += (Method(20, "GetHTTPCode", parameters=(limit,)),)
    about = ModuleDescription("a_b", "odd_one", "1", 'Says "no"', 0, methods)
    names: dict[str, Any] = {"__name__": sys.modules[__name__].__name__}
    exec(compile(client_source(about), "odd", "exec"), names)  # noqa: S102
    pool = names["OddOnePool"]
    assert pool.full_name == "a_b.odd_one"
    assert {"float_", "call_", "get_http_code", "get_http_code_many"} <= set(dir(pool))
    limits = inspect.signature(pool.get_http_code).parameters
    assert limits["limit"].default == math.inf

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Each bad input is an error at once that names the thing and the number: never a
# hang, never a silent local run.
"""Errors as users meet them."""

from __future__ import annotations

import os
import pickle
import signal
from pathlib import Path

import pytest

import chimaera
from chimaera import _core, errors, testing
from chimaera.pool import Pool

QUERY = chimaera.PoolQuery


# ---- the table ---------------------------------------------------------------


def test_the_table_is_that_of_the_core() -> None:
    for code in [*range(10000, 10022), 10099]:
        error = errors.from_code(code, "what")
        assert type(error).__name__ == f"{_core.status_code_name(code)}Error"
        assert (error.code, error.message, str(error)) == (code, "what", "what")
    assert _core.status_code_name(10022) == "Unknown"


def test_module_codes_and_unknown_ones_keep_their_number() -> None:
    error = errors.from_code(42, "")
    assert isinstance(error, errors.ModuleError)
    assert error.code == 42
    assert type(errors.from_code(12345, "new")) is errors.ChimaeraError


def test_built_in_exceptions_catch_ours() -> None:
    for ours, theirs in (
        (errors.DeadlineExceededError, TimeoutError),
        (errors.NotFoundError, LookupError),
        (errors.BadRequestError, ValueError),
        (errors.NoRuntimeError, ConnectionError),
        (errors.NoMemoryError, MemoryError),
    ):
        assert issubclass(ours, theirs)


def test_errors_can_be_pickled() -> None:
    for error in (errors.from_code(42, "m"), errors.from_code(10007, "disk")):
        back = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
        assert (type(back), back.code, str(back)) == (
            type(error),
            error.code,
            str(error),
        )


# ---- tasks -------------------------------------------------------------------


def test_a_pool_that_does_not_exist(rt: chimaera.Runtime) -> None:
    with pytest.raises(errors.NotFoundError, match=r"4711\.8"):
        Pool(rt, chimaera.PoolId(4711, 8), "none").call(10)
    with pytest.raises(errors.NotFoundError, match="nothing"):
        rt.pool("nothing")


def test_a_pool_that_was_destroyed(rt: chimaera.Runtime) -> None:
    echo = rt.echo()
    echo.destroy()
    with pytest.raises(errors.NotFoundError, match=str(echo.id)):
        echo.null()
    with pytest.raises(errors.NotFoundError, match=str(echo.id)):
        echo.destroy()


def test_an_unknown_method(rt: chimaera.Runtime) -> None:
    with pytest.raises(errors.UnimplementedError, match="999"):
        rt.echo().call(999)


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        (QUERY.direct_id(2), errors.NotFoundError),
        (QUERY.direct_id(2**32 - 1), errors.NotFoundError),
        (QUERY.physical(1), errors.NotFoundError),
        (QUERY.range(1, 2), errors.NotFoundError),
        (QUERY.range(0, 0), errors.BadRequestError),
        (QUERY.range(0, 3), errors.NotFoundError),
        (QUERY(0), errors.BadRequestError),
        (QUERY(99), errors.BadRequestError),
    ],
)
def test_queries_outside_the_pool(
    rt: chimaera.Runtime, query: chimaera.PoolQuery, kind: type[Exception]
) -> None:
    with pytest.raises(kind, match=r"\w"):
        rt.echo(num_containers=2).null(query=query)


def test_numbers_that_do_not_fit_are_refused_at_once() -> None:
    with pytest.raises(errors.BadRequestError, match="container_id"):
        QUERY.direct_id(-1)
    with pytest.raises(errors.BadRequestError, match="node_id"):
        QUERY.physical(2**32)
    for text in ("", "1.2.3", "x", "-1", "1." + "9" * 20):
        with pytest.raises(errors.BadRequestError, match="pool id"):
            chimaera.PoolId.parse(text)
    assert chimaera.PoolId.parse("512") == (512, 0)


def test_what_a_module_throws_is_raised_here(rt: chimaera.Runtime) -> None:
    with pytest.raises(errors.ModuleExceptionError, match="went wrong"):
        rt.echo().throw("it went wrong")


# ---- pools -------------------------------------------------------------------


def test_a_module_that_does_not_exist(rt: chimaera.Runtime) -> None:
    with pytest.raises(errors.NotFoundError, match="chimaera_nonsense"):
        rt.create_pool("chimaera_nonsense", "x")


def test_names_and_ids_belong_to_one_pool(rt: chimaera.Runtime) -> None:
    echo = rt.echo("one")
    with pytest.raises(errors.AlreadyExistsError, match="one"):
        rt.create_pool("chimaera_bdev", "one", capacity=4096)
    with pytest.raises(errors.AlreadyExistsError, match=str(echo.id)):
        rt.create_pool("chimaera_echo", "two", pool_id=echo.id)
    with pytest.raises(errors.BadRequestError):
        rt.create_pool("chimaera_echo", "three", pool_id=chimaera.PoolId(0, 0))
    with pytest.raises(errors.BadRequestError):
        rt.create_pool("chimaera_echo", "three", num_containers=0)


def test_a_setting_that_a_module_does_not_know(rt: chimaera.Runtime) -> None:
    with pytest.raises(errors.BadRequestError, match="capasity"):
        rt.create_pool("chimaera_bdev", "x", bdev_type="ram", capasity=4096)


def test_a_device_larger_than_the_machine(rt: chimaera.Runtime) -> None:
    with pytest.raises(errors.ChimaeraError, match=r"\d"):
        rt.bdev(size_bytes=1 << 46)
    with pytest.raises(errors.BadRequestError):
        rt.bdev(size_bytes=0)


# ---- runtimes ----------------------------------------------------------------


def test_no_runtime_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(errors.NoRuntimeError, match="chimaera start"):
        chimaera.connect(runtime_dir=tmp_path / "none")


def test_one_connection_per_process(rt: chimaera.Runtime, tmp_path: Path) -> None:
    with pytest.raises(errors.AlreadyExistsError):
        chimaera.local()
    with pytest.raises(errors.AlreadyExistsError):
        chimaera.connect(runtime_dir=tmp_path)
    assert rt.echo().echo("unharmed") == "unharmed"


def test_a_closed_connection_says_so(rt: chimaera.Runtime) -> None:
    echo = rt.echo()
    done = echo.echo_async("kept")
    assert testing.wait_until(done.done)
    pending = echo.sleep_async(1000)
    rt.close()
    rt.close()
    assert rt.closed
    assert done.result() == "kept"
    with pytest.raises(errors.CancelledError):
        pending.result()
    for call in (echo.null, rt.pools, lambda: rt.empty(3), lambda: rt.buffer_bytes):
        with pytest.raises(errors.NoRuntimeError, match="closed"):
            call()
    assert "closed" in repr(rt)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("runtime: {num_treads: 2}", "num_threads"),
        ("runtime: {num_threads: many}", "num_threads"),
        ("memory: {main_segment: 4 furlongs}", "main_segment"),
        ("runtime: [1, 2", "config.yaml:1"),
        ("nonsense: 1", "nonsense"),
    ],
)
def test_mistakes_in_yaml_name_file_and_key(
    tmp_path: Path, text: str, expected: str
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(errors.BadRequestError, match=r"config\.yaml") as caught:
        chimaera.local(path)
    assert expected in str(caught.value)


def test_a_runtime_that_dies_is_an_error_and_no_hang(daemon: Path) -> None:
    with chimaera.connect(runtime_dir=daemon) as rt:
        array = rt.array([1, 2, 3])
        echo = rt.echo()
        future = echo.sleep_async(1000)
        os.kill(rt.pid, signal.SIGKILL)
        with pytest.raises(errors.RuntimeDiedError):
            future.result()
        with pytest.raises(errors.RuntimeDiedError):
            echo.null()
        assert "unusable" in repr(rt)
    assert array.sum() == 6


def test_a_module_that_crashes_takes_the_runtime_along(daemon: Path) -> None:
    with chimaera.connect(runtime_dir=daemon) as rt:
        with pytest.raises(errors.PermissionDeniedError):
            rt.echo("safe").crash_async().result()
        crash = rt.echo("unsafe", allow_crash=True).crash_async()
        with pytest.raises(errors.RuntimeDiedError):
            crash.result()

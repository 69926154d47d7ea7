# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Users' tests are run by real pytests, in processes of their own.
"""The fixtures of chimaera.pytest_plugin find what tests leave behind."""

from __future__ import annotations

from typing import Any, cast

import pytest

import chimaera
from chimaera import errors, testing
from chimaera.errors import BadRequestError
from python import programs

pytest_plugins = ["pytester"]

OPTIONS = ["-p", "no:cacheprovider", "--strict-markers"]


def run(
    pytester: pytest.Pytester, text: str, leak_wait_s: float = 20
) -> pytest.RunResult:
    """Run tests; those that leave something wait so long for it."""
    pytester.makepyfile(test_users=text)
    wait = ("-o", f"chimaera_leak_wait_s={leak_wait_s}")
    return pytester.runpytest_subprocess(*OPTIONS, *wait, timeout=programs.TIMEOUT_S)


def test_clean_tests_pass(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
        import pytest

        def test_everything_given_back(chimaera_runtime):
            device = chimaera_runtime.bdev(size_bytes=1 << 20)
            array = device.array("kept", 10)
            array[:] = 1
            with array.loan() as loan:
                loan.data[:] = 2
            view = array.read(copy=False)
            assert view.sum() == 20
            device.free(device.allocate(100))
            chimaera_runtime.echo().echo_async("x").result()

        @pytest.fixture
        def view(chimaera_runtime):
            device = chimaera_runtime.bdev(size_bytes=1 << 20)
            array = device.array("kept", 10)
            array[:] = 1
            return array.read(copy=False)

        def test_a_fixture_may_hold_a_view(view):
            assert view.sum() == 10

        def test_it_may_be_closed_early(chimaera_runtime):
            chimaera_runtime.close()

        @pytest.mark.chimaera_config({"runtime": {"num_threads": 2}})
        def test_marker_configures(chimaera_runtime):
            assert chimaera_runtime.num_workers == 2

        class TestConfigured:
            @pytest.fixture
            def chimaera_config(self):
                return {"runtime": {"num_threads": 3}}

            def test_fixture_configures(self, chimaera_runtime):
                assert chimaera_runtime.num_workers == 3

        def test_without_any_runtime():
            pass
        """,
    )
    done.assert_outcomes(passed=6)


# Body of a test, and what must be said of it.
LEAKS = {
    "dropped_task": ("rt.echo().sleep_async(60)", "*Sleep of *made at test_users.py*"),
    "kept_task": ("KEPT.append(rt.echo().sleep_async(60))", "*Future of echo sleep*"),
    "block": ("device.allocate(10)", "*1 block of device 'ram://default' not freed*"),
    "blocks": ("device.allocate_many(10, 3)", "*3 blocks of device 'ram://default'*"),
    "view": ("KEPT.append(array.read(copy=False))", "*1 view of device *made at test*"),
    "loan": ("array.loan().__enter__()", "*'array/numbers' on loan from device *"),
    "client": ("attach(rt)", "*process * is still attached (client *)"),
    "memory": ("KEPT.append(rt.empty(100))", "*bytes of arrays in shared memory*"),
}


def test_leaks_are_named(pytester: pytest.Pytester) -> None:
    head = """
import subprocess
import sys

KEPT = []

def attach(rt):
    code = (
        "import sys, chimaera\\n"
        "with chimaera.connect(runtime_dir=sys.argv[1]):\\n"
        "    print('attached', flush=True)\\n"
        "    sys.stdin.read()\\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(rt.runtime_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"attached\\n"
    KEPT.append(process)

def setup(rt):
    device = rt.bdev(size_bytes=1 << 20)
    array = device.array("numbers", 10)
    array[:] = 1
    return device, array

"""
    tests = "".join(
        f"def test_{name}(chimaera_runtime):\n"
        "    rt = chimaera_runtime\n"
        "    device, array = setup(rt)\n"
        f"    {body}\n\n"
        for name, (body, _) in LEAKS.items()
    )
    done = run(pytester, head + tests, leak_wait_s=0.2)
    done.assert_outcomes(passed=len(LEAKS), errors=len(LEAKS))
    for name, (_, said) in LEAKS.items():
        done.stdout.fnmatch_lines([f"*ERROR at teardown of test_{name} *", said])


def test_a_shared_runtime_must_stay_as_it_was(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
        import pytest

        pytestmark = pytest.mark.chimaera_config({"runtime": {"num_threads": 2}})

        @pytest.fixture(scope="module")
        def device(chimaera_module_runtime):
            device = chimaera_module_runtime.bdev(size_bytes=1 << 20)
            yield device

        def test_leaves_nothing(chimaera_shared_runtime, device):
            assert chimaera_shared_runtime.num_workers == 2
            device.free(device.allocate(10))

        def test_leaves_a_pool(chimaera_shared_runtime):
            chimaera_shared_runtime.echo("mine")

        @pytest.mark.chimaera_leaks_allowed("pools")
        def test_may_leave_a_pool(chimaera_shared_runtime):
            names = [pool.name for pool in chimaera_shared_runtime.pools()]
            assert "mine" in names
            chimaera_shared_runtime.echo("another")

        @pytest.mark.chimaera_leaks_allowed
        def test_may_leave_everything(chimaera_shared_runtime, device):
            device.allocate(10)

        def test_fails_itself(chimaera_shared_runtime, device):
            device.allocate(10)
            raise ValueError("of the test")
        """,
        leak_wait_s=5,
    )
    done.assert_outcomes(passed=4, failed=1, errors=1)
    done.stdout.fnmatch_lines(
        ["*test_leaves_a_pool*", "left behind: pool * (mine), made at test_users.py:*"]
    )


def test_wrong_markers_say_what_is_right(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
        import pytest

        @pytest.mark.chimaera_leaks_allowed("bloks")
        def test_kind(chimaera_runtime):
            pass

        @pytest.mark.chimaera_config(num_threads=2)
        def test_config(chimaera_runtime):
            pass
        """,
    )
    done.assert_outcomes(errors=2)
    done.stdout.fnmatch_lines(
        ["*chimaera_leaks_allowed(bloks): tasks, *", "*wants one mapping of settings"]
    )


def test_loading_it_is_light() -> None:
    code = (
        "import sys, pytest\n"
        "before = set(sys.modules)\n"
        "import chimaera.pytest_plugin\n"
        "more = {m for m in set(sys.modules) - before if m != '__future__'}\n"
        "assert more <= {'chimaera', 'chimaera.pytest_plugin'}, more\n"
    )
    done = programs.python(code)
    assert done.returncode == 0, done.stderr


def test_no_leaks_without_pytest() -> None:
    with testing.runtime() as rt:
        device = rt.bdev(size_bytes=1 << 20)
        block = device.allocate(10)
        with testing.no_leaks(rt):
            device.free(device.allocate(10))
        with (
            pytest.raises(testing.LeakError, match=r"1 block .*test_pytest_plugin\.py"),
            testing.no_leaks(rt, wait_s=0),
        ):
            device.allocate(10)
        with testing.no_leaks(rt, allowed=["blocks"]):
            device.allocate(10)
        with (
            pytest.raises(BadRequestError, match="tasks"),
            testing.no_leaks(rt, allowed=["tusks"]),
        ):
            pass
        device.free(block)


def test_the_wrappers_are_gone_afterwards() -> None:
    before = dict(vars(chimaera.BlockDevice)), dict(vars(chimaera.Future))
    with testing.runtime() as rt, testing.no_leaks(rt):
        assert vars(chimaera.Future)["__init__"] is not before[1]["__init__"]
    assert (dict(vars(chimaera.BlockDevice)), dict(vars(chimaera.Future))) == before


class Mute:
    """Stands for a runtime that stops to answer once it was asked."""

    def __init__(self, real: chimaera.Runtime, error: errors.ChimaeraError) -> None:
        self._real = real
        self._error = error
        self.silent = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def pools(self, **options: Any) -> Any:
        if self.silent:
            raise self._error
        return self._real.pools(**options)


def mute(rt: chimaera.Runtime, error: errors.ChimaeraError) -> Any:
    return cast("Any", Mute(rt, error))


def test_a_runtime_that_does_not_say_is_not_clean(rt: chimaera.Runtime) -> None:
    runtime = mute(rt, errors.DeadlineExceededError("not done after 10 s"))
    unknown = "the runtime does not say what it holds: not done after 10 s"
    with (
        pytest.raises(testing.LeakError, match=unknown),
        testing.no_leaks(runtime, wait_s=0),
    ):
        runtime.silent = True
    with (
        pytest.raises(testing.LeakError, match=unknown),
        testing.no_leaks(runtime),
    ):
        pytest.fail("it does not know what was there before")
    with testing.no_leaks(runtime, allowed=testing.KINDS):
        pass


@pytest.mark.parametrize(
    "error", [errors.NoRuntimeError("closed"), errors.RuntimeDiedError("of pid 1")]
)
def test_a_runtime_that_is_gone_holds_nothing(
    rt: chimaera.Runtime, error: errors.ChimaeraError
) -> None:
    runtime = mute(rt, error)
    with testing.no_leaks(runtime, wait_s=0):
        runtime.silent = True

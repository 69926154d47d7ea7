# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# pytest loads this wherever Chimaera is installed (entry point pytest11), also for
# tests that have nothing to do with it: so it imports nothing until a fixture is used.
"""Fixtures of pytest: a runtime for a test, which must leave nothing behind."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from chimaera.runtime import Runtime

__all__ = [
    "chimaera_config",
    "chimaera_module_runtime",
    "chimaera_runtime",
    "chimaera_shared_runtime",
]

_MARKERS = (
    "chimaera_config(settings): configuration of the runtime that the fixtures "
    "chimaera_runtime and, on a module, chimaera_shared_runtime start",
    "chimaera_leaks_allowed(*kinds): what a test with one of these fixtures may leave "
    "behind: tasks, loans, views, blocks, memory, clients, pools, files; everything if "
    "none is named",
)
_WAIT = "chimaera_leak_wait_s"
_PASSED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Make the setting known."""
    parser.addini(
        _WAIT, "seconds for what a test leaves running to end by itself", default="2"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether the test has passed: of others nobody asks for leaks."""
    report = yield
    if call.when == "call":
        item.stash[_PASSED] = report.passed
    return report


@pytest.fixture(scope="session")
def chimaera_config() -> Mapping[str, Any]:
    """Give the settings of the runtimes of tests; made to be overridden."""
    return {}


@pytest.fixture
def chimaera_runtime(
    request: pytest.FixtureRequest, chimaera_config: Mapping[str, Any]
) -> Iterator[Runtime]:
    """Run a runtime of the test's own inside this process."""
    from chimaera import testing

    allowed = _allowed(request)
    files: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if not {"files", "memory", "views"} & allowed:
        files = testing.no_shared_memory()
    with (
        _reported(request, files),
        testing.runtime(_settings(request, chimaera_config)) as runtime,
        # Pools end with their runtime, which is this test's alone.
        _checked(request, runtime, {*allowed, "pools"}),
    ):
        yield runtime


@pytest.fixture(scope="module")
def chimaera_module_runtime(
    request: pytest.FixtureRequest, chimaera_config: Mapping[str, Any]
) -> Iterator[Runtime]:
    """Run a runtime for all tests of a module; for its fixtures, nobody looks."""
    from chimaera import testing

    with testing.runtime(_settings(request, chimaera_config)) as runtime:
        yield runtime


@pytest.fixture
def chimaera_shared_runtime(
    request: pytest.FixtureRequest, chimaera_module_runtime: Runtime
) -> Iterator[Runtime]:
    """Give the module's runtime to a test, which must leave it as it was."""
    with _checked(request, chimaera_module_runtime, _allowed(request)):
        yield chimaera_module_runtime


class _NotPassedError(Exception):
    """Leaves a look for leaks that is not wanted."""


def _settings(
    request: pytest.FixtureRequest, config: Mapping[str, Any]
) -> Mapping[str, Any]:
    marker = request.node.get_closest_marker("chimaera_config")
    if marker is None:
        return config
    if len(marker.args) != 1 or marker.kwargs:
        raise pytest.UsageError("chimaera_config wants one mapping of settings")
    merged = dict(config)
    for section, values in marker.args[0].items():
        old = merged.get(section)
        if isinstance(old, Mapping) and isinstance(values, Mapping):
            merged[section] = {**old, **values}
        else:
            merged[section] = values
    return merged


def _allowed(request: pytest.FixtureRequest) -> set[str]:
    from chimaera.leaks import KINDS

    allowed: set[str] = set()
    for marker in request.node.iter_markers("chimaera_leaks_allowed"):
        unknown = [str(kind) for kind in marker.args if kind not in KINDS]
        if unknown:
            raise pytest.UsageError(
                f"chimaera_leaks_allowed({', '.join(unknown)}): "
                f"{', '.join(KINDS)} can be named"
            )
        allowed.update(marker.args or KINDS)
    return allowed


@contextlib.contextmanager
def _checked(
    request: pytest.FixtureRequest, runtime: Runtime, allowed: set[str]
) -> Iterator[None]:
    from chimaera import testing

    wait_s = float(request.config.getini(_WAIT))
    check = testing.no_leaks(runtime, allowed=allowed, wait_s=wait_s)
    with _reported(request, check):
        yield


@contextlib.contextmanager
def _reported(
    request: pytest.FixtureRequest, check: contextlib.AbstractContextManager[None]
) -> Iterator[None]:
    """Enter a check of chimaera.testing; let pytest tell what it finds."""
    from chimaera.testing import LeakError

    found = ""
    try:
        with check:
            yield
            _check_passed(request.node)
            _let_go(request.node)
    except _NotPassedError:
        pass
    except LeakError as error:
        found = str(error)
    if found:
        how = "@pytest.mark.chimaera_leaks_allowed(kind, ...) allows it"
        pytest.fail(f"{found}\n{how}", pytrace=False)


def _check_passed(node: Any) -> None:
    if not node.stash.get(_PASSED, False):
        raise _NotPassedError


def _let_go(node: Any) -> None:
    """Drop values of fixtures that are over; pytest keeps them for a while."""
    values = getattr(node, "funcargs", None) or {}
    for name, value in list(values.items()):
        module = type(value).__module__
        if module.startswith(("chimaera.", "numpy")):
            del values[name]

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# tests/chimods has one module before and after changes; each version's client is
# used on a pool of the other. The rules stand in docs/design/modules.md.
"""Clients of one version of a module in a pool of another one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import chimaera
from chimaera.errors import BadRequestError, UnimplementedError, VersionMismatchError
from python import modules


@pytest.fixture(scope="module", name="rt")
def _rt() -> Iterator[chimaera.Runtime]:
    yield from modules.connected()


@pytest.fixture(scope="module")
def crossed(rt: chimaera.Runtime) -> tuple[Any, Any]:
    """Return the older client in a newer pool, and the newer one in an older."""
    before, after = rt.module("testing.before"), rt.module("testing.after")
    old, new = before.create("before"), after.create("after")
    older = before.pool_class(rt, new.id, new.name)
    newer = after.pool_class(rt, old.id, old.name)
    return older, newer


def test_what_did_not_change_is_called_from_both(crossed: tuple[Any, Any]) -> None:
    older, newer = crossed
    assert [client.same(1) for client in crossed] == [2, 2]
    assert (older.told(), newer.told()) == (1, 2)  # the default is the caller's
    assert (older.old_name(1), newer.new_name(1), newer.old_name(1)) == (3, 3, 3)


def test_other_parameters_are_refused_naming_both(crossed: tuple[Any, Any]) -> None:
    older, newer = crossed
    expected = r"testing_after 2\.0\.0: Retyped .* this client is of testing_before 1"
    with pytest.raises(VersionMismatchError, match=expected):
        older.retyped(1)
    expected = r"testing_before 1\.0\.0: Grown .* this client is of testing_after 2"
    with pytest.raises(VersionMismatchError, match=expected):
        newer.grown_async(1).result()
    codes = older.retyped_many([1, 2], errors="return")
    codes = codes[1] if isinstance(codes, tuple) else codes
    assert set(codes.tolist()) == {VersionMismatchError.status_code}


def test_an_old_module_refuses_a_new_enumerator(crossed: tuple[Any, Any]) -> None:
    older, newer = crossed
    assert older.choose("exact").name == "EXACT"
    with pytest.raises(BadRequestError, match="'mode'"):
        newer.choose("cautious")


def test_a_method_that_is_not_there_is_named(crossed: tuple[Any, Any]) -> None:
    older, newer = crossed
    with pytest.raises(UnimplementedError, match="method 1"):
        older.gone()
    with pytest.raises(UnimplementedError, match="method 1"):
        newer.added()

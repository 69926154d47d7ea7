# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# tests/chimods has one module before and after changes; each version's client is
# used on a pool of the other. The rules stand in docs/design/modules.md.
"""Clients of one version of a module in a pool of another one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import chimaera
from chimaera.errors import BadRequestError, UnimplementedError, VersionMismatchError
from python import modules, programs


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


def library_in(folder: Path, kind: str, module: str = "before") -> Path:
    """Put a library of a module into a folder, as a linker does: a new file."""
    target = folder / f"libtesting_before_{kind}.so"
    target.unlink(missing_ok=True)
    shutil.copy(Path(modules.library_dir(), f"libtesting_{module}_{kind}.so"), target)
    return target


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with module before, where modules are looked for first."""
    made = tmp_path / "lib"
    made.mkdir()
    for kind in ("client", "runtime"):
        library_in(made, kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHI_REPO_PATH", f"{made}:{modules.library_dir()}")
        yield made


def patched(library: Path, old: bytes, new: bytes) -> None:
    """Change bytes of a library, of which there are so many at one place."""
    data = library.read_bytes()
    assert data.count(old) == 1
    assert len(new) == len(old)
    library.unlink()
    library.write_bytes(data.replace(old, new))


def test_a_client_library_of_another_abi_is_refused(
    rt: chimaera.Runtime, folder: Path
) -> None:
    library = folder / "libtesting_before_client.so"
    found = library.read_bytes().index(b"CHIMCI\0\0")
    stamp = library.read_bytes()[found : found + 16]
    patched(library, stamp, stamp[:8] + b"\1\0\0\0\0\0\0\0")
    expected = (
        "was built for client ABI 1, this chimaera has .*; build the module again"
    )
    with pytest.raises(VersionMismatchError, match=expected) as raised:
        rt.module("testing.before")
    assert str(library) in str(raised.value)
    # Built again it is another file, and this process may use it.
    library_in(folder, "client")
    assert "same" in rt.module("testing.before").methods


def rebuild(folder: Path, kind: str) -> None:
    """Build module before again; its version is 1.0.1 then."""
    patched(library_in(folder, kind), b"\x001.0.0\0", b"\x001.0.1\0")


def test_a_client_that_was_built_again_is_read_again(
    rt: chimaera.Runtime, folder: Path
) -> None:
    assert rt.module("testing.before").description.version == "1.0.0"
    rebuild(folder, "client")
    again = rt.module("testing.before")
    assert again.description.version == "1.0.1"
    assert again.create("read again").same(1) == 2


def test_a_module_that_was_built_again_is_loaded_again(folder: Path) -> None:
    script = """
import os
import sys
import warnings
import chimaera
from chimaera.errors import VersionMismatchError
from chimaera.module import OldBuildWarning

def version(pool):
    try:
        newer.pool_class(rt, pool.id, pool.name).retyped(1)
    except VersionMismatchError as error:
        return str(error).split(":")[0].split()[-1]

with chimaera.local() as rt:
    newer, module = rt.module("testing.after"), rt.module("testing.before")
    pool = module.create("mine")
    assert version(pool) == "1.0.0"
    print(flush=True)
    assert sys.stdin.readline()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert version(module.create("mine")) == "1.0.0"
    [warning] = caught
    assert warning.category is OldBuildWarning
    assert "it has pools: 'mine'" in str(warning.message), warning.message
    assert warning.filename == "<string>", warning.filename
    pool.destroy()
    warnings.simplefilter("error")
    assert version(module.create("mine")) == "1.0.1"
    assert version(module.create("another")) == "1.0.1"
"""
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as user:
        assert user.stdout is not None
        user.stdout.readline()
        for kind in ("client", "runtime"):
            rebuild(folder, kind)
        user.communicate("built\n", timeout=programs.TIMEOUT_S)
    assert user.returncode == 0


def test_a_method_that_is_not_there_is_named(crossed: tuple[Any, Any]) -> None:
    older, newer = crossed
    with pytest.raises(UnimplementedError, match="method 1"):
        older.gone()
    with pytest.raises(UnimplementedError, match="method 1"):
        newer.added()

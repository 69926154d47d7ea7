# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Bad YAML gives exit code 1, every message at once, and no file.
"""Messages for bad YAML, word for word."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

from chimaera.codegen.cli import main
from chimaera.codegen.schema import load_repo

GOOD_REPO = "namespace: chimaera\n"
GOOD_MODULE = "name: store\nkCreate: 0\n"


def load(name: str) -> ModuleType:
    """Load a table by path: pytest's importlib mode has no package for it."""
    spec = importlib.util.spec_from_file_location(
        name, Path(__file__).with_name(f"{name}.py")
    )
    assert spec is not None
    assert spec.loader is not None
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    return table


_cases = load("bad_cases")
_MODULE_CASES = _cases.MODULE_CASES + load("bad_typed_cases").TYPED_CASES


def make_repo(root: Path, repo: str = GOOD_REPO, module: str = GOOD_MODULE) -> None:
    """Make a repository with module `store` and a directory without one."""
    (root / "store").mkdir(parents=True)
    (root / "docs").mkdir()
    (root / "chimaera_repo.yaml").write_text(repo)
    (root / "store" / "chimaera_mod.yaml").write_text(module)


def messages(root: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Run the generator, which must fail and write nothing; return its lines."""
    assert main([str(root), "--build-dir", str(root / "gen")]) == 1
    assert not (root / "gen").exists()
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    _MODULE_CASES,
    ids=[case[0] for case in _MODULE_CASES],
)
def test_bad_module(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    text: str,
    expected: list[str],
) -> None:
    make_repo(tmp_path, module=text)
    path = tmp_path / "store" / "chimaera_mod.yaml"
    assert messages(tmp_path, capsys) == [f"{path}:{line}" for line in expected], name


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    _cases.REPO_CASES,
    ids=[case[0] for case in _cases.REPO_CASES],
)
def test_bad_repo(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    text: str,
    expected: list[str],
) -> None:
    make_repo(tmp_path, repo=text)
    path = tmp_path / "chimaera_repo.yaml"
    assert messages(tmp_path, capsys) == [f"{path}:{line}" for line in expected], name


def test_problems_of_all_files_come_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_repo(tmp_path, repo="namespace: chimaera\nversion: x\n", module="name: a b\n")
    assert messages(tmp_path, capsys) == [
        f"{tmp_path}/chimaera_repo.yaml:2: version: 'x' is not a version such as 1.0.0",
        f"{tmp_path}/store/chimaera_mod.yaml:1: kCreate: "
        "missing; every module has 'kCreate: 0'",
        f"{tmp_path}/store/chimaera_mod.yaml:1: name: 'a b' "
        "is not a C++ identifier: a letter, then letters, digits and '_'",
    ]


def test_two_modules_of_one_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_repo(tmp_path)
    (tmp_path / "zebra").mkdir()
    (tmp_path / "zebra" / "chimaera_mod.yaml").write_text(GOOD_MODULE)
    assert messages(tmp_path, capsys) == [
        f"{tmp_path}/zebra/chimaera_mod.yaml:1: module_name: "
        f"'store' is already the module of {tmp_path}/store/chimaera_mod.yaml"
    ]


def test_no_repository_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert messages(tmp_path, capsys) == [
        f"{tmp_path}/chimaera_repo.yaml:1: no such file"
    ]


def test_no_module_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "chimaera_repo.yaml").write_text(GOOD_REPO)
    assert messages(tmp_path, capsys) == [
        f"{tmp_path}/chimaera_repo.yaml:1: modules: "
        "no subdirectory holds a chimaera_mod.yaml"
    ]


def test_modules_lie_in_a_folder_of_their_own_too(tmp_path: Path) -> None:
    make_repo(tmp_path)
    (tmp_path / "modules").mkdir()
    (tmp_path / "store").rename(tmp_path / "modules" / "store")
    make_repo(tmp_path / "another")
    found = load_repo(tmp_path).modules
    assert [module.directory for module in found] == [tmp_path / "modules" / "store"]


def test_a_pipe_is_refused_instead_of_awaited(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "chimaera_repo.yaml")
    assert messages(tmp_path, capsys) == [
        f"{tmp_path}/chimaera_repo.yaml:1: not a file"
    ]


def test_bytes_that_are_not_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_repo(tmp_path)
    path = tmp_path / "store" / "chimaera_mod.yaml"
    path.write_bytes(b"name: store\nkCreate: 0\nauthor: J\xfcrgen\n")
    assert messages(tmp_path, capsys) == [f"{path}:3: byte 0xfc is not UTF-8"]


def test_a_file_full_of_problems_lists_the_first_fifty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_repo(tmp_path, module="".join(f"x{line}: 1\n" for line in range(1, 1001)))
    lines = messages(tmp_path, capsys)
    assert len(lines) == 51
    assert lines[-1].endswith(" more problems from here on")

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What chi_refresh_repo writes, when it writes, and how it exits.
"""Generated files of good repositories."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chimaera import codegen
from chimaera.codegen.cli import main

GOLDEN = Path(__file__).parent / "golden"
TEMPLATES = Path(__file__).parents[2] / "templates" / "chimod"
SOURCE = "src/chimaera/store_lib_exec.cc"
HEADER = "include/chimaera/store/autogen/store_methods.h"

REPO = """\
namespace: chimaera
version: 1.2.0
description: "one module"
modules:
  - store
"""

STORE = """\
module_name: store
namespace: chimaera
version: 1.10
dependencies: [admin]
kCreate: 0
kDestroy: 1
kNodeFailure: -1  # disabled: a constant, but no row
kUpgrade: 5
kIo: 30  # rows are in the order of ids, not of lines
kGetStats: 10
kAllocateManyBlocks: 11
kAllocateBlocksForManyWriters: 12
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository with the one module `store`."""
    directory = tmp_path / "repo"
    (directory / "store").mkdir(parents=True)
    (directory / "chimaera_repo.yaml").write_text(REPO)
    (directory / "store" / "chimaera_mod.yaml").write_text(STORE)
    return directory


def files(root: Path) -> dict[str, bytes]:
    """Return every file below `root` with its bytes."""
    found = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def add_module(repo: Path, directory: str, text: str) -> None:
    """Add a module directory; the repository then scans for modules."""
    (repo / directory).mkdir()
    (repo / directory / "chimaera_mod.yaml").write_text(text)
    (repo / "chimaera_repo.yaml").write_text("namespace: chimaera\n")


def test_build_tree_matches_the_golden_files(repo: Path, tmp_path: Path) -> None:
    out = tmp_path / "gen"
    assert main([str(repo), "--build-dir", str(out)]) == 0
    assert files(out) == {
        HEADER: (GOLDEN / "store_methods.h.golden").read_bytes(),
        SOURCE: (GOLDEN / "store_lib_exec.cc.golden").read_bytes(),
    }


def test_in_place_writes_the_same_into_autogen(repo: Path, tmp_path: Path) -> None:
    main([str(repo), "--build-dir", str(tmp_path / "gen")])
    assert main([str(repo), "--in-place"]) == 0
    built, placed = files(tmp_path / "gen"), files(repo / "store")
    assert placed[HEADER] == built[HEADER]
    assert placed["src/autogen/store_lib_exec.cc"] == built[SOURCE]


def test_generating_elsewhere_gives_the_same_bytes(repo: Path, tmp_path: Path) -> None:
    main([str(repo), "--build-dir", str(tmp_path / "a")])
    moved = tmp_path / "somewhere" / "else"
    shutil.copytree(repo, moved)
    main([str(moved), "--build-dir", str(tmp_path / "b")])
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_unchanged_files_are_not_touched(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(repo), "--build-dir", str(tmp_path / "gen")]
    main(command)
    header, source = tmp_path / "gen" / HEADER, tmp_path / "gen" / SOURCE
    for path in (header, source):
        os.utime(path, ns=(1, 1))
    capsys.readouterr()
    # A version appears in the table only: the header must stay as it is.
    yaml = repo / "store" / "chimaera_mod.yaml"
    yaml.write_text(STORE.replace("1.10", "1.11"))
    assert main(command) == 0
    assert header.stat().st_mtime_ns == 1
    assert source.stat().st_mtime_ns != 1
    assert capsys.readouterr().out == f"wrote {source}\n"


def test_check_names_stale_files_and_writes_nothing(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "gen"
    check = [str(repo), "--build-dir", str(out), "--check"]
    assert main(check) == 1
    assert not out.exists()
    main([str(repo), "--build-dir", str(out)])
    assert main(check) == 0
    (out / HEADER).write_text("edited by hand")
    capsys.readouterr()
    assert main(check) == 1
    assert capsys.readouterr().err == f"{out / HEADER}: stale\n"
    assert (out / HEADER).read_text() == "edited by hand"


def test_list_outputs_prints_paths_and_writes_nothing(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "gen"
    assert main([str(repo), "--build-dir", str(out), "--list-outputs"]) == 0
    expected = f"{out / HEADER}\n{out / SOURCE}\n"
    assert capsys.readouterr().out == expected
    assert not out.exists()


def test_without_a_list_all_module_directories_are_found(
    repo: Path, tmp_path: Path
) -> None:
    add_module(repo, "a-directory", "name: other\nkCreate: 0\n")
    (repo / "docs").mkdir()
    assert main([str(repo), "--build-dir", str(tmp_path / "gen")]) == 0
    sources = {path.name for path in (tmp_path / "gen" / "src" / "chimaera").iterdir()}
    assert sources == {"store_lib_exec.cc", "other_lib_exec.cc"}


def test_module_limits_what_is_written(repo: Path, tmp_path: Path) -> None:
    add_module(repo, "other", "module_name: other\nkCreate: 0\n")
    command = [str(repo), "--build-dir", str(tmp_path / "gen"), "--module", "other"]
    assert main(command) == 0
    assert {name for name in files(tmp_path / "gen") if name.startswith("src")} == {
        "src/chimaera/other_lib_exec.cc"
    }


def test_a_module_without_version_has_that_of_its_repository(
    repo: Path, tmp_path: Path
) -> None:
    (repo / "store" / "chimaera_mod.yaml").write_text("name: store\nkCreate: 0\n")
    main([str(repo), "--build-dir", str(tmp_path)])
    source = (tmp_path / "src" / "chimaera" / "store_lib_exec.cc").read_text()
    assert source.endswith('CHI_MODULE_METHODS(chimaera::store::kRows, "1.2.0")\n')


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--in-place", "--module", "stoer"], "did you mean 'store'?"),
        ([], "one of the arguments --build-dir --in-place is required"),
        (["--in-place", "--build-dir", "x"], "not allowed with argument"),
        (["--in-place", "--check", "--list-outputs"], "not allowed with argument"),
    ],
)
def test_a_wrong_command_line_exits_with_2(
    repo: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main([str(repo), *arguments])
    assert exit_info.value.code == 2
    assert message in capsys.readouterr().err


def test_a_directory_that_does_not_exist_exits_with_2(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main([str(tmp_path / "nowhere"), "--in-place"])
    assert exit_info.value.code == 2


def test_a_place_that_cannot_be_written_exits_with_1(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    assert main([str(repo), "--build-dir", str(blocked)]) == 1
    assert "chi_refresh_repo: " in capsys.readouterr().err


def test_runs_as_a_module_without_numpy_or_the_extension(repo: Path) -> None:
    script = (
        "import sys; from chimaera.codegen.cli import main;"
        f"main([{str(repo)!r}, '--in-place']);"
        "heavy = {'numpy', 'chimaera._core'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    again = [
        sys.executable,
        "-m",
        "chimaera.codegen",
        str(repo),
        "--in-place",
        "--check",
    ]
    subprocess.run(again, check=True)


def test_an_installed_package_finds_its_own_templates(
    repo: Path, tmp_path: Path
) -> None:
    installed = tmp_path / "site-packages" / "chimaera"
    for part in ("codegen", "typed"):
        source = Path(codegen.__path__[0]).parent / part
        shutil.copytree(source, installed / part)
    shutil.copytree(TEMPLATES, installed / "templates" / "chimod")
    script = (
        "import sys, types; package = types.ModuleType('chimaera');"
        f"package.__path__ = [{str(installed)!r}]; sys.modules['chimaera'] = package;"
        "from chimaera.codegen.cli import main;"
        f"sys.exit(main([{str(repo)!r}, '--in-place']))"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    shutil.rmtree(installed / "templates")
    broken = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert broken.returncode == 1
    assert f"{installed}/templates/chimod: no code templates there" in broken.stderr


@pytest.mark.skipif(not shutil.which("clang-format-14"), reason="clang-format 14 only")
def test_clang_format_changes_nothing_for_any_name_length(
    repo: Path, tmp_path: Path
) -> None:
    lines = [f"k{'A' * length}: {length + 9}" for length in range(1, 40)]
    text = "\n".join(["name: store", "kCreate: 0", "kDestroy: 1", *lines, ""])
    (repo / "store" / "chimaera_mod.yaml").write_text(text)
    main([str(repo), "--build-dir", str(tmp_path / "gen")])
    generated = [path for path in (tmp_path / "gen").rglob("*") if path.is_file()]
    command = ["clang-format-14", "--style=Google", "--dry-run", "--Werror"]
    subprocess.run([*command, *generated], check=True)
